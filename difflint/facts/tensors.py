"""Tensors: where a value begins, the steps it has taken since, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import cached_property
from itertools import count
from typing import Any

from difflint.facts.conversions import implied_base
from difflint.facts.interval import Interval
from difflint.facts.steps import Link, Site, Step, through

MAX_LINKS = 24


class Kind(Enum):
    """What a tensor is in a diffusion program: roles come from calls and from how values combine, never from names."""

    DATA = auto()  # images of a data set, a file or a library call with a known range
    NOISE = auto()  # normal noise
    UNIFORM = auto()
    LATENT = auto()  # what an autoencoder's encoder gives
    FEATURE = auto()  # inside a network
    MODEL = auto()  # the output of a network
    SAMPLE = auto()  # a sampler's state: noise changed step by step by a network's output
    MIX = auto()  # several tensors combined, e.g. x_t = a x0 + b eps
    LOSS = auto()
    OTHER = auto()  # a parameter, an unmodelled call


@dataclass(frozen=True, slots=True)
class Network:
    """A network's identity: what it was made from and where; and the name a reader knows it by.

    ``own`` tells that another network made from the same thing elsewhere has nothing to do with it."""

    label: str
    place: Site | None = None
    own: bool = False
    name: str = field(compare=False, default="")

    @property
    def key(self) -> tuple[str, Site | None]:
        """What it shares with networks that may stand for it in other files."""
        return self.label, self.place if self.own else None


_IDENTITIES: dict[object, int] = {}
_NUMBERS = count()


def identity_of(*parts: object) -> int:
    """One number for equal parts. Values are made of values: comparing them part by part takes exponential time."""
    found = _IDENTITIES.get(parts)
    if found is None:
        found = _IDENTITIES[parts] = next(_NUMBERS)
    return found


def forget_identities() -> None:
    """Let go of the parts of all values; those that are alive keep their numbers, which are not given again."""
    _IDENTITIES.clear()


class Identified:
    """Equal when their identities are."""

    @property
    def identity(self) -> int:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is type(self) and self.identity == other.identity)

    def __hash__(self) -> int:
        return self.identity


@dataclass(frozen=True, eq=False)
class Origin(Identified):
    """Where a tensor's value begins, and what is known of it there.

    ``nominal`` is what the writer means, ``hard`` what is guaranteed; None is unknown, infinite ends are open.
    """

    kind: Kind
    site: Site | None
    what: str = field(compare=False, default="")
    nominal: Interval | None = None
    hard: Interval | None = None
    networks: frozenset[Network] = frozenset()
    parts: frozenset[Tensor] = frozenset()
    clipped: bool = False
    clip: Interval | None = None  # where a clamp of the estimates that a mixture is made of keeps them
    residual: tuple[Tensor, Tensor] | None = field(compare=False, default=None)

    @cached_property
    def identity(self) -> int:
        parts = frozenset(part.identity for part in self.parts)
        return identity_of(self.kind, self.site, self.nominal, self.hard, self.networks, parts, self.clipped, self.clip)


@dataclass(frozen=True, eq=False)
class Tensor(Identified):
    """An array, tensor or picture: an origin and the links from it, which take the origin's ranges along."""

    origin: Origin
    links: tuple[Link, ...] = ()
    dtype: str | None = None
    container: str | None = None  # "tensor", "array" or "pil"
    amp: str | None = None  # the dtype of the autocast region it was computed in
    layout: str | None = None  # "HWC" where channels are known to come last, "CHW" where they come first

    @property
    def base(self) -> Interval | None:
        """The nominal range at the origin: what the origin says, else what the first steps imply."""
        return self.origin.nominal or (implied_base(self.links) if self.kind is Kind.OTHER else None)

    @property
    def nominal(self) -> Interval | None:
        return through(self.links, self.base)

    @property
    def hard(self) -> Interval | None:
        return through(self.links, self.origin.hard, guaranteed=True)

    @property
    def kind(self) -> Kind:
        return self.origin.kind

    def step(self, step: Step, site: Site | None, what: str, **changes: Any) -> Tensor:
        """The tensor after one more step; a way longer than anybody writes is a loop's, and where it ends unknown."""
        if len(self.links) >= MAX_LINKS:
            return Tensor(Origin(Kind.MIX, site, what), dtype=self.dtype, container=self.container, amp=self.amp)
        return replace(self, links=(*self.links, Link(step, site, what)), **changes)

    @cached_property
    def identity(self) -> int:
        return identity_of(self.origin.identity, self.links, self.dtype, self.container, self.amp, self.layout)
