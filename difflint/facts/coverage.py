"""Measures an analysis: which calls it knew nothing of, and of which sinks it knows the range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from difflint.coverage import Cause, Coverage, SinkPlace, UnknownCall
from difflint.facts.events import Sink
from difflint.facts.report import Facts
from difflint.facts.shown import at_sink
from difflint.facts.steps import Site
from difflint.facts.values import Elements, Kind, Network, Tensor, Unknown, Value
from difflint.files import shown_path

VAGUE = ("arithmetic", "joined", "shifted", "partly written", "comparison", "an unknown value")
UNNAMED = "several values that have nothing in common"
KINDS = {
    Kind.NOISE: "noise",
    Kind.UNIFORM: "uniform noise",
    Kind.LATENT: "a latent",
    Kind.FEATURE: "a value inside a network",
    Kind.MIX: "a mixture of several tensors",
    Kind.LOSS: "a loss",
}


def measure(facts: Facts, paths: Iterable[str]) -> Coverage:
    """The coverage of these files; everything that was analysed besides them is left out."""
    wanted = {m.path: shown_path(m.root) for m in facts.project.modules.values() if m.path in set(paths)}
    unknown = [(name, site) for name, site in facts.unknown_calls if site.path in wanted]
    sinks: dict[tuple[str, Site], list[Sink]] = {}
    for sink in facts.seen.sinks:
        if sink.site.path in wanted:
            sinks.setdefault((sink.name, sink.site), []).append(sink)
    calls = (UnknownCall(name, facts.place(site), wanted[site.path]) for name, site in unknown)
    places = (_sink(facts, name, events, wanted[site.path]) for (name, site), events in sinks.items())
    return Coverage(
        tuple(sorted(set(calls), key=lambda call: (call.place, call.name))),
        tuple(sorted(set(places), key=lambda sink: (sink.place, sink.sink))),
    )


def _sink(facts: Facts, name: str, events: list[Sink], project: str) -> SinkPlace:
    """Whether the range is known of a picture that comes here, and why it is not of the others."""
    unknown = [event for event in events if at_sink(facts.seen, event) is None]
    causes = dict.fromkeys(cause for event in unknown for cause in _causes(facts, event.value))
    return SinkPlace(name, facts.place(events[0].site), project, len(unknown) < len(events), tuple(causes))


def _causes(facts: Facts, value: Value) -> Iterator[Cause]:
    """What an unknown value comes from: for a sample the training, for anything else its own beginning."""
    if isinstance(value, Elements):
        yield from _causes(facts, value.item)
    elif isinstance(value, Unknown):
        yield _cause(facts, _named(facts, value.what, value.site), value.site)
    elif not isinstance(value, Tensor):
        yield Cause(f"a {type(value).__name__.lower()}, not a picture")
    elif value.kind in (Kind.SAMPLE, Kind.MODEL) and value.origin.networks:
        for network in sorted(value.origin.networks, key=lambda network: (network.name, network.label)):
            yield from _training(facts, value, network)
    else:
        what = KINDS.get(value.kind) or _named(facts, value.origin.what, value.origin.site)
        yield _cause(facts, what, value.origin.site)


def _named(facts: Facts, what: str, site: Site | None) -> str:
    """What a value is called; one that is only called an item or a result of arithmetic is named by its code."""
    vague = not what or what.startswith("item") or what in VAGUE
    return facts.code(site) if vague and site is not None and facts.holds(site) else what or UNNAMED


def _training(facts: Facts, value: Tensor, network: Network) -> Iterator[Cause]:
    """The data that a network was trained on, or that it was never seen in training."""
    role = "input" if value.kind is Kind.SAMPLE else "target"
    trained = facts.seen.domains(frozenset({network}), role)
    for one in trained:
        what = _named(facts, one.data.origin.what, one.data.origin.site)
        yield _cause(facts, f"{network.name or 'a network'}, trained on {what}", one.site)
    if not trained:
        yield _cause(facts, f"{network.name or 'a network'}, whose training was not seen", value.origin.site)


def _cause(facts: Facts, what: str, site: Site | None) -> Cause:
    return Cause(what, facts.place(site) if site is not None and facts.holds(site) else None)
