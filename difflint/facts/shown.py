"""What a sink shows: for each thing a value may be, the picture's way from its file to the sink."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from difflint.facts.conversions import meant_base
from difflint.facts.events import Observations, Sink, Trained
from difflint.facts.interval import BYTE, SIGNED, UNBOUNDED, UNIT, Interval
from difflint.facts.steps import Affine, Bounded, Cast, Clamp, Link, Round, Stretch, through
from difflint.facts.values import Kind, Tensor, Value, choices

TOLD = ("save_image", "make_grid")
NORMALIZERS = ("Normalize", "normalize")


@dataclass(frozen=True)
class Shown:
    """One picture at a sink. ``base`` is the range where the chain starts; ``data`` leads to what the network was
    trained on (empty when no network lies between) and ``display`` from there to the sink."""

    tensor: Tensor
    base: Interval
    data: tuple[Link, ...]
    display: tuple[Link, ...]
    trained: Trained | None = None

    @property
    def sampled(self) -> bool:
        return self.trained is not None

    @property
    def domain(self) -> Interval | None:
        """The range of what the network was trained on, or of the value where it begins."""
        return through(self.data, self.base)

    @property
    def reaches(self) -> Interval | None:
        """The range the writer's own scaling gives: clamps cut it, they do not move it, so they are left out."""
        return through(_scaling((*self.data, *self.display)), self.base)

    @property
    def stretched(self) -> bool:
        return any(isinstance(link.step, Stretch) for link in self.display)

    @property
    def told(self) -> bool:
        """Whether the sink was told a range itself (``value_range=``)."""
        return any(isinstance(link.step, Affine) and link.what in TOLD for link in self.display)

    @property
    def inverted(self) -> bool:
        """Whether the value was normalised and then scaled once more."""
        links = _scaling((*self.data, *self.display))
        for end in range(1, len(links)):
            now = through(links[:end], self.base)
            normalised = links[end - 1].what in NORMALIZERS or (now is not None and now.near(SIGNED))
            if normalised and now is not None and now.low < 0:
                return True
        return False


def _scaling(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple(link for link in links if not isinstance(link.step, Clamp | Cast | Round))


def shown(seen: Observations, sink: Sink) -> tuple[Shown, ...] | None:
    """Every picture the value at a sink may be; None if any of them is not known."""
    if not isinstance(sink.value, Tensor):
        return None
    return ways(seen, sink.value) or _fitting(sink, sink.value)


def _fitting(sink: Sink, tensor: Tensor) -> tuple[Shown, ...] | None:
    """A value of unknown origin that was bounded on its way and so arrives in just what the sink takes. Arriving in
    anything else proves nothing: nobody knows what it was meant to be."""
    takes = sink.takes_of(tensor)
    for start, links in _bounds(tensor):
        arrives = through(links, start)
        if takes is not None and arrives is not None and arrives.near(takes):
            return (Shown(tensor, start, (), links),)
    return None


def _bounds(tensor: Tensor) -> Iterator[tuple[Interval, tuple[Link, ...]]]:
    """Each range that a clamp or an activation gives it, the last first, and the steps from there on."""
    for end in range(len(tensor.links), 0, -1):
        step = tensor.links[end - 1].step
        bounds = step.apply(UNBOUNDED) if isinstance(step, Clamp | Bounded | Stretch) else UNBOUNDED
        if bounds.bounded:
            yield bounds, tensor.links[end:]
    if tensor.kind is Kind.SAMPLE and tensor.origin.clip is not None:
        yield tensor.origin.clip, tensor.links


def at_sink(seen: Observations, sink: Sink) -> tuple[Interval, ...] | None:
    """The ranges in which a sink is given its picture, as the writer means them; None if any of them is unknown.

    More is known here than the checks build on: where a value comes from is not needed to see that ``(x + 1) / 2``
    brings it from [-1, 1] to [0, 1]."""
    found = [interval for value in choices(sink.value) for interval in _ranges(seen, value)]
    known = [interval for interval in found if interval is not None and interval.bounded]
    return tuple(dict.fromkeys(known)) if known and len(known) == len(found) else None


def _ranges(seen: Observations, value: Value) -> Sequence[Interval | None]:
    if not isinstance(value, Tensor):
        return (None,)
    found = ways(seen, value)
    if found:
        return [through((*way.data, *way.display), way.base) for way in found]
    return (_pictured(value) or _meant(value) or (BYTE if value.dtype == "uint8" else None),)


def _pictured(tensor: Tensor) -> Interval | None:
    """The range of something unknown after it was bounded as pictures are; a wider clamp tells nothing of them."""
    found = [(start, links) for start, links in _bounds(tensor) if start in (UNIT, SIGNED) or tensor.base is not None]
    return through(found[-1][1], found[-1][0]) if found else None


def _meant(tensor: Tensor) -> Interval | None:
    """Where a conversion has brought something unknown; what noise was added to is in no range."""
    kinds = {part.kind for part in tensor.origin.parts}
    if tensor.kind is Kind.NOISE or (Kind.NOISE in kinds and Kind.MODEL not in kinds):
        return None
    base = meant_base(tensor.links)
    return None if base is None else through(tensor.links, base)


def ways(seen: Observations, tensor: Tensor) -> tuple[Shown, ...] | None:
    """The ways a tensor may have come, each with a known range at its start; None if that is not known."""
    if tensor.kind is Kind.MODEL and tensor.origin.nominal is not None and not _encodes_signed(seen, tensor):
        return None
    if tensor.origin.nominal is not None:
        return (Shown(tensor, tensor.origin.nominal, (), tensor.links),)
    if tensor.kind in (Kind.SAMPLE, Kind.MODEL) and not _bounded(tensor.links):
        role = "input" if tensor.kind is Kind.SAMPLE else "target"
        found = [_from_training(tensor, t) for t in seen.domains(tensor.origin.networks, role)]
        if found and None not in found:
            return tuple(f for f in found if f is not None)
        fixed = _from_clamp(tensor) or _from_stretch(tensor)
        return (fixed,) if fixed is not None else None
    if tensor.kind is Kind.MODEL:
        shown_as = _from_activation(tensor)
        return (shown_as,) if shown_as.base.bounded else None
    base = tensor.base
    fixed = _from_stretch(tensor) if base is None else Shown(tensor, base, (), tensor.links)
    return None if fixed is None else (fixed,)


def _encodes_signed(seen: Observations, decoded: Tensor) -> bool:
    """Whether a pretrained autoencoder gives back [-1, 1], which it learned; one that is shown pictures in another
    range gives that range back."""
    return all(given.near(SIGNED) for network, given in seen.encoded if network in decoded.origin.networks)


def _from_training(tensor: Tensor, trained: Trained) -> Shown | None:
    base = trained.data.base
    if base is None or trained.data.kind not in (Kind.DATA, Kind.OTHER):
        return None
    return Shown(tensor, base, trained.data.links, tensor.links, trained)


def _bounded(links: Sequence[Link]) -> bool:
    return any(isinstance(link.step, Bounded) for link in links)


def _from_activation(tensor: Tensor) -> Shown:
    last = max(i for i, link in enumerate(tensor.links) if isinstance(link.step, Bounded))
    step = tensor.links[last].step
    assert isinstance(step, Bounded)
    return Shown(tensor, Interval(step.low, step.high), (), tensor.links[last + 1 :])


def _from_clamp(tensor: Tensor) -> Shown | None:
    """An output of unknown meaning that was clamped: from there on its range is what the writer wanted."""
    for end, link in enumerate(tensor.links, 1):
        clamps = isinstance(link.step, Clamp) and not link.step.checked
        bounds = Interval(*link.step.apply(UNBOUNDED).ends) if clamps else UNBOUNDED
        if bounds in (UNIT, SIGNED):
            return Shown(tensor, bounds, (), tensor.links[end:])
    return None


def _from_stretch(tensor: Tensor) -> Shown | None:
    """Whatever it was, a min-max stretch has fixed its range."""
    ends = [end for end, link in enumerate(tensor.links) if isinstance(link.step, Stretch)]
    if not ends:
        return None
    step = tensor.links[ends[-1]].step
    assert isinstance(step, Stretch)
    return Shown(tensor, Interval(step.low, step.high), (), tensor.links[ends[-1] :])
