"""From observations to what a reader sees: places, lines of code, chains of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import libcst as cst

from difflint.facts.events import Backward, IntCast, Judged, Loss, Observations, Rescaled, Sink, Trained
from difflint.facts.interval import Interval
from difflint.facts.project import Module, Project
from difflint.facts.shown import Shown
from difflint.facts.steps import Link, Site, through
from difflint.facts.targets import target
from difflint.facts.values import Kind, Network, Origin, Tensor
from difflint.findings import FileError, Fix, Place, TraceStep
from difflint.syntax.nodes import Span
from difflint.syntax.outline import ClassDefinition, Definition
from difflint.syntax.positions import cut, place_of

CODE_WIDTH = 72
SHOWN_CALLS = 3
DEFINITIONS = (cst.FunctionDef, cst.ClassDef, Definition, ClassDefinition)  # what nobody calls is run from there
Event = TypeVar("Event", Sink, IntCast, Rescaled, Loss, Backward, Judged)


@dataclass(frozen=True)
class Problem:
    """What a check has found: where, words for the message, the chain, the repair, facts for the experiment, and the
    repair as edits where it is certain or likely."""

    place: Place
    values: Mapping[str, str]
    trace: tuple[TraceStep, ...]
    repair: str
    experiment: Mapping[str, object] = field(default_factory=dict)
    fix: Fix | None = None


@dataclass(eq=False)
class Facts:
    """Everything the analysis observed, with the means to show it."""

    seen: Observations
    project: Project
    errors: tuple[FileError, ...]
    unknown_calls: tuple[tuple[str, Site], ...] = ()
    text: Callable[[str], str] = str  # of a file

    def groups(self, events: Iterable[Event]) -> Iterator[tuple[Event, ...]]:
        """Events that are the choices of one value: same place, reached by the same calls, of the same picture."""
        found: dict[tuple[Site, tuple[Site, ...], int], list[Event]] = {}
        for event in events:
            found.setdefault((event.site, event.calls, event.part), []).append(event)
        return (tuple(group) for group in found.values())

    def diffusion(self, networks: frozenset[Network]) -> dict[str, Any]:
        """What is known of the diffusion around a finding: the project's one schedule, what its network predicts."""
        known: dict[str, Any] = {}
        only = next(iter(self.seen.schedules), None)
        if only is not None and len(self.seen.schedules) == 1 and only.runnable:
            known["schedule"] = only.to_json()
        targets = {target(loss.target) for loss in self.seen.losses if loss.prediction.origin.networks & networks}
        if len(targets) == 1 and None not in targets:
            known["prediction"] = targets.pop()
        return known

    def place(self, site: Site) -> Place:
        return Place(site.path, *place_of(site.node)[:4])

    def holds(self, site: Site) -> bool:
        """Whether the place is in a file of the project, and not in a stub."""
        return any(m.path == site.path for m in self.project.modules.values())

    def _module(self, site: Site) -> Module:
        return next(m for m in self.project.modules.values() if m.path == site.path)

    def code(self, site: Site) -> str:
        """The code at a place, on one line and not too long."""
        text = " ".join(cut(self.text(site.path), place_of(_tree(site.node))).split())
        return text if len(text) <= CODE_WIDTH else text[: CODE_WIDTH - 1] + "…"

    def step(self, site: Site, what: str) -> TraceStep:
        return TraceStep(site.path, self.place(site).line, what)

    def chain(self, links: Sequence[Link], base: Interval | None) -> Iterator[TraceStep]:
        """One trace step for each visible link, with the range after it."""
        for end, site in self._visible(links):
            now = through(links[:end], base)
            yield self.step(site, f"{self.code(site)}{f': {now}' if now is not None else ''}")

    def written(self, links: Sequence[Link]) -> str:
        """The code of some links, in order, or ``nothing``."""
        texts = dict.fromkeys(self.code(site) for _, site in self._visible(links))
        return ", then ".join(texts) if texts else "nothing"

    def _visible(self, links: Sequence[Link]) -> Iterator[tuple[int, Site]]:
        """The links to show, with how many they complete: of ``x / 2 + 1`` the whole speaks for its parts."""
        for end, link in enumerate(links, 1):
            after = links[end].site if end < len(links) else None
            if link.site is not None and (after in (None, link.site) or not self.within(link.site, after)):
                yield end, link.site

    def within(self, inner: Site, outer: Site) -> bool:
        """Whether one piece of code is a part of the other, or the same."""
        if inner.path != outer.path:
            return False
        a, b = self.place(inner), self.place(outer)
        starts_later = (b.line, b.column) <= (a.line, a.column)
        return starts_later and (a.end_line, a.end_column) <= (b.end_line, b.end_column)

    def way(self, way: Shown) -> tuple[TraceStep, ...]:
        """The whole way of a picture: its data, the training on them, the sampler, the display."""
        steps: list[TraceStep] = []
        if way.trained is not None:
            steps += self.origin(way.trained.data.origin)
            steps += self.chain(way.data, way.base)
            steps.append(self.training(way.trained, way.domain))
            start = "starts from noise and is changed by" if way.tensor.kind is Kind.SAMPLE else "is the output of"
            steps += self._at(way.tensor.origin.site, f"{start} {way.trained.network.name}: ends in {way.domain}")
            steps += self.chain(way.display, way.domain)
        else:
            steps += self.origin(way.tensor.origin)
            steps += self.chain(way.tensor.links, way.tensor.base)
        return tuple(dict.fromkeys(steps))

    def training(self, trained: Trained, domain: Interval | None) -> TraceStep:
        given = "is given these data with noise" if trained.role == "input" else "is trained to give these data"
        return self.step(trained.site, f"{trained.network.name} {given}: it learns {domain or 'their range'}")

    def origin(self, origin: Origin) -> Iterator[TraceStep]:
        yield from self._at(origin.site, f"{origin.what}{f': {origin.nominal}' if origin.nominal else ''}")

    def _at(self, site: Site | None, what: str) -> Iterator[TraceStep]:
        if site is not None:
            yield self.step(site, what)

    def calls(self, event: Event) -> tuple[TraceStep, ...]:
        """The last calls on the way into functions of the project, outermost first."""
        sites = [s for s in dict.fromkeys(event.calls) if s != event.site and not _is_definition(s.node)]
        return tuple(self.step(site, f"called here: {self.code(site)}") for site in sites[-SHOWN_CALLS:])


def _tree(node: Any) -> Any:
    return getattr(node, "tree", node)


def _is_definition(node: Any) -> bool:
    return node.definition if isinstance(node, Span) else isinstance(node, DEFINITIONS)


def clamp_call(values: Iterable[Tensor], bounds: Interval) -> str | None:
    """``.clamp(0, 1)``; ``.clip``, which arrays have and tensors too, unless all are tensors; None for a PIL image."""
    containers = {value.container for value in values}
    name = "clamp" if containers == {"tensor"} else "clip"
    return None if "pil" in containers else f".{name}({bounds.low:g}, {bounds.high:g})"


def steps_json(links: Iterable[Link]) -> list[dict[str, Any]]:
    """The links as the runtime's experiments read them."""
    return [link.step.to_json() for link in links]


def interval_json(interval: Interval | None) -> list[float | None] | None:
    """``[low, high]`` with null for no bound."""
    return None if interval is None else [bound_json(x) for x in interval.ends]


def bound_json(x: float) -> float | None:
    """A bound, null for none."""
    return x if abs(x) != float("inf") else None
