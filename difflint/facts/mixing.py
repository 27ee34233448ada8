"""Tensors combined with tensors: noised data, network features, a sampler's state, the difference inside a loss.

What a combination is follows from what goes into it. Data and noise make x_t; noise and a network's output make a
sample that is on its way to the data the network was trained on (Ho et al. 2020, Algorithms 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from difflint.facts import notes
from difflint.facts.events import Loss, Trained
from difflint.facts.interval import UNBOUNDED, Interval
from difflint.facts.machine import Machine
from difflint.facts.steps import Affine, Bounded, Cast, Clamp, Round, Site, Stretch, through
from difflint.facts.values import Const, Items, Kind, Network, Origin, Tensor, Unknown, Value


def leaves(tensor: Tensor) -> frozenset[Tensor]:
    """What a tensor is made of; one that is not a mixture is made of itself."""
    return tensor.origin.parts if tensor.kind is Kind.MIX else frozenset((tensor,))


def is_clipped(tensor: Tensor) -> bool:
    """Whether something on the way has bounded it."""
    return tensor.origin.clipped or any(isinstance(link.step, Clamp | Bounded | Stretch) for link in tensor.links)


def clip_of(parts: Iterable[Tensor]) -> Interval | None:
    """The one range that clamps give the estimates among these, e.g. the predicted x0; None for several or none."""
    found = {_clip(part) for part in parts if part.kind in ESTIMATES} - {None}
    return found.pop() if len(found) == 1 else None


def _clip(part: Tensor) -> Interval | None:
    """Where the last clamp on the way of a part puts it, else what its own parts were clamped to."""
    ends = [end for end, link in enumerate(part.links) if isinstance(link.step, Clamp)]
    if not ends:
        return part.origin.clip if not part.links else None
    reach = through(part.links[ends[-1] :], None)
    return reach if reach is not None and reach.bounded else None


ESTIMATES = (Kind.SAMPLE, Kind.MODEL, Kind.MIX)


def combine(machine: Machine, operator: str, left: Value, right: Value, site: Site) -> Value:
    """The result of an operator between a tensor and anything that is not a plain number."""
    loss = next((v for v in (left, right) if isinstance(v, Tensor) and v.kind is Kind.LOSS), None)
    if loss is not None and (operator in "+-" or (operator == "/" and loss is left)):
        return loss  # terms are added and accumulated steps divide; only a factor can scale it
    if not isinstance(left, Tensor) or not isinstance(right, Tensor):
        return _with_other(machine, operator, left, right, site)
    if operator == "*" and left == right:
        observe_loss(machine, left, site, "squared difference")
    parts = _without_coefficients(left, right) if operator in "*/" else _without_weights(left, right)
    result = blend(parts, site)
    notes.observe_state(machine, parts, result)
    if result.kind is Kind.MIX and operator in "+-":
        result = replace(result, origin=replace(result.origin, hard=_sum(left, right, operator)))
    pair = _sides(operator, left, right)
    return result if pair is None else replace(result, origin=replace(result.origin, residual=pair))


def _sum(left: Tensor, right: Tensor, operator: str) -> Interval | None:
    """The guaranteed range of a sum or difference; what both sides share may cancel, unless it has no bound at all."""
    a, b = left.hard, right.hard
    if a is None or b is None:
        return None
    if a == b == UNBOUNDED:
        return UNBOUNDED
    shared = {leaf.origin for leaf in leaves(left)} & {leaf.origin for leaf in leaves(right)}
    if shared:
        return None
    b = b if operator == "+" else Interval(-b.high, -b.low)
    return Interval(a.low + b.low, a.high + b.high)


def _sides(operator: str, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor] | None:
    """What a loss compares when it squares this: both sides of a difference, or a scaled score and its noise
    (Song et al. 2021 write ``(score * std + z) ** 2``)."""
    if operator == "-":
        return left, right
    if operator == "+" and right.kind is Kind.NOISE and left.kind is Kind.MIX and len(left.origin.parts) == 1:
        score = next(iter(left.origin.parts))
        return (
            (score, right)
            if any(isinstance(link.step, Bounded) and link.step.low >= 0 for link in score.links)
            else None
        )
    return None


COEFFICIENTS = (Kind.OTHER, Kind.UNIFORM)


def _without_coefficients(left: Tensor, right: Tensor) -> tuple[Tensor, ...]:
    """The factors of a product that are values; a time or a table entry only scales the other one."""
    kept = tuple(part for part in (left, right) if any(leaf.kind not in COEFFICIENTS for leaf in leaves(part)))
    return kept or (left, right)


def _without_weights(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Both sides of a sum; of clean data and noise with known weights, as in ``0.8 * x + 0.6 * noise``, the data
    themselves: their weight belongs to the noising (the squares of both add up to 1, or in a flow the weights do)."""
    data, noise = (right, left) if left.kind is Kind.NOISE else (left, right)
    weights = (_weight(data), _weight(noise))
    if noise.kind is not Kind.NOISE or data.kind not in CLEAN or None in weights:
        return left, right
    a, b = (abs(weight or 0.0) for weight in weights)
    noises = abs(a * a + b * b - 1) < NEARLY or abs(a + b - 1) < NEARLY
    return (replace(data, links=data.links[:-1]), noise) if noises else (left, right)


CLEAN = (Kind.DATA, Kind.LATENT, Kind.OTHER)
NEARLY = 0.01


def _weight(tensor: Tensor) -> float | None:
    """The factor that is the last thing done to it."""
    step = tensor.links[-1].step if tensor.links else None
    return step.scale[0] if isinstance(step, Affine) and len(step.scale) == 1 and step.shift == (0.0,) else None


def _with_other(machine: Machine, operator: str, left: Value, right: Value, site: Site) -> Value:
    tensor, other = (left, right) if isinstance(left, Tensor) else (right, left)
    assert isinstance(tensor, Tensor)
    numbers = _per_channel(other)
    if numbers is not None and isinstance(left, Tensor):
        return _channels(machine, operator, tensor, numbers, site)
    if isinstance(other, Unknown) and other.what.startswith("statistic"):
        return Unknown("normalised by its own statistics", site)
    if operator in "+-" and isinstance(other, Unknown) and not other.is_coefficient:
        return mix((tensor, Tensor(Origin(Kind.OTHER, other.site, other.what))), site)
    if tensor.kind is Kind.SAMPLE and not tensor.links and _schedules(machine, other):
        return tensor
    return mix((tensor,), site)


def _schedules(machine: Machine, factor: Value) -> bool:
    """Whether a factor belongs to the sampler's own update: a table entry, or anything unknown inside its loop."""
    return isinstance(factor, Unknown) and (factor.is_coefficient or bool(machine.stack and machine.stack[-1].loops))


def _per_channel(value: Value) -> tuple[float, ...] | None:
    if (
        isinstance(value, Items)
        and value.items
        and all(isinstance(v, Const) and isinstance(v.value, int | float) for v in value.items)
    ):
        return tuple(float(v.value) for v in value.items if isinstance(v, Const))
    return None


def _channels(machine: Machine, operator: str, tensor: Tensor, numbers: tuple[float, ...], site: Site) -> Value:
    """Arithmetic with a tensor of one constant for each channel."""
    from difflint.facts.arithmetic import rescale

    ones, zeros = tuple(1.0 for _ in numbers), tuple(0.0 for _ in numbers)
    if operator == "/" and 0.0 in numbers:
        return mix((tensor,), site)
    steps = {
        "+": Affine(ones, numbers),
        "-": Affine(ones, tuple(-c for c in numbers)),
        "*": Affine(numbers, zeros),
        "/": Affine(tuple(1 / c for c in numbers if c), zeros),
    }
    step = steps.get(operator)
    return mix((tensor,), site) if step is None else rescale(machine, tensor, step, site)


def mix(parts: Iterable[Tensor], site: Site, nominal: bool = False) -> Tensor:
    """A mixture with unknown coefficients."""
    given = tuple(parts)
    if any(part.kind is Kind.FEATURE for part in given):
        return feature(site, all(part.hard == UNBOUNDED for part in given if part.kind is Kind.FEATURE))
    every = frozenset(leaf for part in given for leaf in leaves(part))
    networks = frozenset(n for part in every for n in part.origin.networks)
    clipped = any(is_clipped(part) for part in (*given, *every))
    amp = next((part.amp for part in given if part.amp), None)
    clip = clip_of((*given, *every))
    made = Origin(Kind.MIX, site, "a mixture", networks=networks, parts=every, clipped=clipped, clip=clip)
    return Tensor(made, amp=amp)


def blend(parts: tuple[Tensor, ...], site: Site) -> Tensor:
    """Tensors added, subtracted or multiplied together: a sampler's state when noise meets a network's output."""
    mixed = mix(parts, site)
    if mixed.kind is Kind.FEATURE:
        return mixed
    every = mixed.origin.parts
    kinds = {part.kind for part in every}
    states = [part for part in every if part.kind in (Kind.NOISE, Kind.UNIFORM, Kind.SAMPLE)]
    outputs = [part for part in every if part.kind in (Kind.MODEL, Kind.SAMPLE)]
    if states and outputs and Kind.DATA not in kinds and Kind.OTHER not in kinds and Kind.LATENT not in kinds:
        return _state(mixed, states, site)
    return mixed


def _state(mixed: Tensor, states: list[Tensor], site: Site) -> Tensor:
    origin = mixed.origin
    hard = None if origin.clipped else UNBOUNDED
    first = next((s.origin.site for s in states if s.kind is Kind.SAMPLE), None) or site
    made = Origin(
        Kind.SAMPLE,
        first,
        "a sampler's state",
        None,
        hard,
        origin.networks,
        clipped=origin.clipped,
        clip=origin.clip,
    )
    return Tensor(made, dtype="float32", container="tensor", amp=mixed.amp)


def feature(site: Site | None, open_range: bool = True) -> Tensor:
    """A value inside a network; its layers leave it without bound."""
    return Tensor(
        Origin(Kind.FEATURE, site, "a network layer", None, UNBOUNDED if open_range else None), (), "float32", "tensor"
    )


def opaque(tensor: Tensor, site: Site, kind: Kind | None = None) -> Tensor:
    """A tensor after something that loses its range but not what it is made of."""
    if tensor.kind is Kind.FEATURE:
        return feature(site, tensor.hard == UNBOUNDED)
    mixed = mix((tensor,), site)
    return replace(mixed, origin=replace(mixed.origin, kind=kind)) if kind is Kind.LOSS else mixed


def observe_loss(machine: Machine, difference: Tensor, site: Site, how: str) -> None:
    """A difference that is squared, made absolute or normed compares its two sides."""
    pair = difference.origin.residual
    if pair is not None and not difference.links:
        compare(machine, pair[0], pair[1], difference.origin.site or site, how)


def compare(machine: Machine, first: Tensor, second: Tensor, site: Site, how: str) -> Tensor:
    """A loss: one side is a network's output, the other what it is taught to give."""
    prediction, target = (first, second) if _is_prediction(first) else (second, first)
    if _is_prediction(prediction) and target.kind not in (Kind.MODEL, Kind.FEATURE):
        machine.seen.losses[Loss(site, machine.calls, machine.part, how, prediction, target)] = None
        if target.kind in (Kind.DATA, Kind.OTHER) and target.nominal is not None and _is_raw(prediction):
            _teach(machine, prediction.origin.networks, target, site, "target")
    networks = frozenset(first.origin.networks | second.origin.networks)
    amp = first.amp or second.amp or machine.amp_dtype
    return Tensor(Origin(Kind.LOSS, site, how, networks=networks), amp=amp)


def _is_raw(prediction: Tensor) -> bool:
    """Whether it is what the network gives, not yet scaled or cast for a picture, as in a metric."""
    return not any(isinstance(link.step, Affine | Cast | Round) for link in prediction.links)


def _is_prediction(tensor: Tensor) -> bool:
    """A network's output, or what an activation makes of a mixture with one."""
    closed = any(isinstance(link.step, Bounded) for link in tensor.links)
    return tensor.kind is Kind.MODEL or (tensor.kind is Kind.MIX and closed and bool(tensor.origin.networks))


def _teach(machine: Machine, networks: Iterable[Network], data: Tensor, site: Site, role: str) -> None:
    for network in networks:
        machine.seen.trained[Trained(site, network, data, role)] = None


def observe_input(machine: Machine, network: Network, given: Tensor, site: Site) -> None:
    """A network that is given noised data is trained on that data."""
    parts = leaves(given)
    if any(part.kind in (Kind.NOISE, Kind.UNIFORM) for part in parts):
        for part in sorted(
            (p for p in parts if p.kind in (Kind.DATA, Kind.LATENT, Kind.OTHER)), key=lambda p: len(p.links)
        ):
            _teach(machine, (network,), part, site, "input")
