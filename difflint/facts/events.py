"""What the interpreter observes and the checks judge: frozen records, and the collection they arrive in.

``calls`` are the places of the calls on the way to the event, outermost first; ``part`` tells which of several pictures
joined to one batch it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from difflint.facts.interval import Interval
from difflint.facts.schedules import Schedule, Sigmas
from difflint.facts.steps import Link, Site
from difflint.facts.values import Class, Network, Origin, Tensor, Value, choices


@dataclass(frozen=True)
class Sink:
    """A value reaches something that shows or saves it."""

    site: Site
    calls: tuple[Site, ...]
    part: int
    name: str
    value: Value
    takes: tuple[tuple[str, Interval], ...]  # by dtype class: "float", "uint8"
    outside: str  # clamp, wrap, stretch, raise, collapse
    written: str = ""  # which part of the call is the picture, as `difflint.edits` names parts; "" if unknown

    def takes_of(self, tensor: Tensor) -> Interval | None:
        """The range this sink shows faithfully for a tensor of that dtype, None if it takes none."""
        whole = tensor.dtype is not None and tensor.dtype.startswith(("uint", "int"))
        return dict(self.takes).get("uint8" if whole else "float")


@dataclass(frozen=True)
class IntCast:
    """A float value is cast to uint8, by a cast or inside a wrapping sink."""

    site: Site
    calls: tuple[Site, ...]
    part: int
    how: str
    value: Value
    written: str = ""  # which part of the code is the value, as for a sink


@dataclass(frozen=True)
class Rescaled:
    """A value has just been through one more affine step."""

    site: Site
    calls: tuple[Site, ...]
    part: int
    value: Tensor


@dataclass(frozen=True)
class Loss:
    """A network's output is compared with a target."""

    site: Site
    calls: tuple[Site, ...]
    part: int
    how: str
    prediction: Tensor
    target: Tensor


@dataclass(frozen=True)
class Judged:
    """A library function that a rule judges by its arguments: ``given`` holds them by their names in its row."""

    site: Site
    calls: tuple[Site, ...]
    part: int
    api: str
    given: tuple[tuple[str, Value], ...]

    def argument(self, name: str) -> Value | None:
        return next((value for key, value in self.given if key == name), None)


@dataclass(frozen=True)
class Trained:
    """A network is given (or taught to give) a value made of this clean data."""

    site: Site
    network: Network
    data: Tensor
    role: str  # "input": x_t made of it; "target": the loss compares with it


@dataclass(frozen=True)
class Backward:
    """A gradient is computed; ``half`` is where float16 came in, ``scaled`` whether anything scales the loss."""

    site: Site
    calls: tuple[Site, ...]
    part: int
    mode: str | None
    half: Site | None
    scaled: bool


@dataclass(frozen=True)
class NetworkCall:
    """A network is called: ``training`` is its mode and ``grad`` whether gradients are recorded, both None where that
    is not known; ``dtype`` is what its parameters were cast to, ``amp`` that of the autocast region around."""

    site: Site
    calls: tuple[Site, ...]
    network: Network
    training: bool | None
    grad: bool | None
    dtype: str | None
    amp: str | None


@dataclass(frozen=True)
class Noted:
    """A call that says how a model is trained or sampled: an optimizer, a clip of gradients, an average of weights.

    ``inside`` is the function it stands in (no node: the module's body), ``args`` are its arguments with their keyword
    and what they evaluate to, ``sure`` whether no undecided branch leads to it."""

    site: Site
    inside: Site
    topic: str
    name: str
    args: tuple[tuple[str | None, Any, Value | None], ...] = ()
    sure: bool = True


@dataclass(frozen=True)
class Sampled:
    """A sampler's state takes a step: ``inside`` is the function whose ``loop`` does it."""

    inside: Site
    loop: Site
    networks: frozenset[Network]


@dataclass
class Observations:
    """Everything observed in one analysis, each thing once, in the order of observation."""

    sinks: dict[Sink, None] = field(default_factory=dict)
    casts: dict[IntCast, None] = field(default_factory=dict)
    network_calls: dict[NetworkCall, None] = field(default_factory=dict)
    rescaled: dict[Rescaled, None] = field(default_factory=dict)
    losses: dict[Loss, None] = field(default_factory=dict)
    judged: dict[Judged, None] = field(default_factory=dict)
    trained: dict[Trained, None] = field(default_factory=dict)
    backwards: dict[Backward, None] = field(default_factory=dict)
    conditional: set[tuple[Origin, tuple[Link, ...]]] = field(default_factory=set)
    schedules: dict[Schedule, None] = field(default_factory=dict)
    notes: dict[Noted, None] = field(default_factory=dict)
    sampled: dict[Sampled, None] = field(default_factory=dict)
    calls: dict[Site, dict[tuple[Site, Site], None]] = field(default_factory=dict)  # by function: whom it calls, where
    owners: dict[Site, Class] = field(default_factory=dict)  # by method: its class
    sigmas: dict[Sigmas, None] = field(default_factory=dict)
    encoded: dict[tuple[Network, Interval], None] = field(default_factory=dict)  # what autoencoders were given
    optimised: set[str] = field(default_factory=set)  # files in which some optimizer takes a step

    def note_schedule(self, schedule: Schedule | None) -> None:
        if schedule is not None:
            self.schedules[schedule] = None

    def note_conditional(self, values: Iterable[Value]) -> None:
        """Where ways meet, a tensor beside a longer version of itself: those extra steps are only taken sometimes."""
        found = [v for value in values for v in choices(value) if isinstance(v, Tensor) and v.links]
        starts = {v.origin: () for value in values for v in choices(value) if isinstance(v, Tensor) and not v.links}
        for longer in found:
            shorter = [v.links for v in found if v.origin == longer.origin and len(v.links) < len(longer.links)]
            for links in (*shorter, *([()] if longer.origin in starts else [])):
                if longer.links[: len(links)] == links:
                    self.conditional.update(
                        (longer.origin, longer.links[:end]) for end in range(len(links) + 1, len(longer.links) + 1)
                    )

    def domains(self, networks: frozenset[Network], role: str = "input") -> tuple[Trained, ...]:
        """The clean data that these networks were trained on (or to give): these very objects, else others of their
        class; known ranges are the first choice."""
        seen = [t for t in self.trained if t.role == role]
        keys = {network.key for network in networks}
        found = [t for t in seen if t.network in networks] or [t for t in seen if t.network.key in keys]
        known = [t for t in found if t.data.base is not None]
        return tuple(dict.fromkeys(known or found))
