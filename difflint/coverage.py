"""How much of the code was understood: the calls that nothing models, and the sinks whose range is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from difflint.findings import Place


@dataclass(frozen=True, order=True)
class UnknownCall:
    """A place where something is called that neither the project nor a row says anything about."""

    name: str
    place: Place
    project: str


@dataclass(frozen=True, order=True)
class Cause:
    """Why a range is not known: what the value comes from, and where that stands."""

    what: str
    place: Place | None = None


@dataclass(frozen=True, order=True)
class SinkPlace:
    """A place that shows pictures. ``known`` when the range of some of them is, ``why`` speaks of the others."""

    sink: str
    place: Place
    project: str
    known: bool
    why: tuple[Cause, ...] = ()

    @property
    def partly(self) -> bool:
        """Whether it is known for some of the calls that lead here, and not for others."""
        return self.known and bool(self.why)


@dataclass(frozen=True)
class Frequency:
    """A name, at how many places it stands, and the first of them."""

    name: str
    count: int
    example: Place | None


@dataclass(frozen=True)
class Share:
    """Of how many sinks the range is known."""

    name: str
    known: int
    partly: int
    total: int


@dataclass(frozen=True)
class Coverage:
    """Every unknown call and every sink of a run, each place once, in the order of the places."""

    calls: tuple[UnknownCall, ...] = ()
    sinks: tuple[SinkPlace, ...] = ()

    def most_frequent(self) -> tuple[Frequency, ...]:
        """The unknown calls by the number of places."""
        return _ranked([(call.name, call.place) for call in self.calls])

    def causes(self) -> tuple[Frequency, ...]:
        """What the sinks are unknown for, by the number of sinks; a name counts once for each."""
        return _ranked([pair for sink in self.sinks for pair in {c.what: (c.what, c.place) for c in sink.why}.values()])

    def by_sink(self) -> tuple[Share, ...]:
        """One share for each kind of sink, the most frequent first."""
        return self._shares(lambda sink: sink.sink)

    def by_project(self) -> tuple[Share, ...]:
        """One share for each project of the run."""
        return self._shares(lambda sink: sink.project)

    @property
    def whole(self) -> Share:
        """The share of all sinks."""
        return _share("all", self.sinks)

    def unknown(self) -> Iterator[SinkPlace]:
        """The sinks that say why something about them is not known."""
        return (sink for sink in self.sinks if sink.why)

    def placed(self, place: Callable[[Place], Place]) -> Coverage:
        """The same with every place put in other words."""
        calls = tuple(replace(call, place=place(call.place)) for call in self.calls)
        sinks = (replace(s, place=place(s.place), why=tuple(_placed(c, place) for c in s.why)) for s in self.sinks)
        return Coverage(calls, tuple(sinks))

    def _shares(self, key: Callable[[SinkPlace], str]) -> tuple[Share, ...]:
        names = dict.fromkeys(key(sink) for sink in self.sinks)
        shares = [_share(name, tuple(s for s in self.sinks if key(s) == name)) for name in names]
        return tuple(sorted(shares, key=lambda share: (-share.total, share.name)))


def _placed(cause: Cause, place: Callable[[Place], Place]) -> Cause:
    return cause if cause.place is None else replace(cause, place=place(cause.place))


def _share(name: str, sinks: tuple[SinkPlace, ...]) -> Share:
    return Share(name, sum(s.known for s in sinks), sum(s.partly for s in sinks), len(sinks))


def _ranked(named: list[tuple[str, Place | None]]) -> tuple[Frequency, ...]:
    counts = Counter(name for name, _ in named)
    examples = dict(reversed(named))
    return tuple(Frequency(n, counts[n], examples[n]) for n in sorted(counts, key=lambda name: (-counts[name], name)))
