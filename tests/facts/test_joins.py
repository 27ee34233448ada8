"""Joins and transfers: a join is a set of possibilities, and more possibilities in give no fewer out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from difflint.facts import knowledge
from difflint.facts.analysis import interpret
from difflint.facts.dtypes import LIMITS
from difflint.facts.interval import Interval, hull_of
from difflint.facts.steps import Affine, Bounded, Cast, Clamp, Link, Round, Step, Stretch, through
from difflint.facts.tensors import Kind, Origin, Tensor
from difflint.facts.values import (
    ANY,
    COEFFICIENT,
    MAX_CHOICES,
    NONE,
    Choice,
    Const,
    Elements,
    Items,
    Unknown,
    Value,
    choices,
    join,
)
from difflint.files import SourceFile

few = settings(max_examples=60, deadline=None, derandomize=True)
many = settings(max_examples=200, deadline=None, derandomize=True)

# --- joins

PLAIN: list[Value] = [
    *(NONE, ANY, COEFFICIENT, Unknown("coefficient", None), Unknown("a parameter"), Const(1), Const(1.0), Const(True)),
    *(Items((Const(1),)), Items((Const(1),), "tuple"), Elements(Const(2)), Tensor(Origin(Kind.DATA, None))),
    *(Tensor(Origin(Kind.NOISE, None)), Tensor(Origin(Kind.DATA, None), dtype="uint8")),
]
values = st.lists(st.sampled_from(PLAIN), min_size=1, max_size=MAX_CHOICES + 1).map(join)


def possibilities(value: Value) -> frozenset[Value]:
    return frozenset(choices(value))


@many
@given(values, values)
def test_a_join_is_the_same_the_other_way_round(a: Value, b: Value) -> None:
    assert possibilities(join((a, b))) == possibilities(join((b, a)))


@many
@given(values, values, values)
def test_a_join_is_the_same_in_any_order_and_grouping(a: Value, b: Value, c: Value) -> None:
    found = {possibilities(join((x, join((y, z))))) for x, y, z in permutations((a, b, c))}
    found |= {possibilities(join((join((x, y)), z))) for x, y, z in permutations((a, b, c))}
    assert found == {possibilities(join((a, b, c)))}


@many
@given(values, values)
def test_a_join_of_what_is_already_in_it_is_itself(a: Value, b: Value) -> None:
    both = join((a, b))
    assert join((a, a)) == a
    assert join((both, a)) == both == join((both, both))
    assert not isinstance(both, Choice) or len(both.values) <= MAX_CHOICES


# --- intervals and steps

numbers = st.one_of(st.floats(-1e4, 1e4), st.sampled_from([0.0, 1.0, -1.0, 255.0, 256.0, -128.0]))
ends = st.one_of(numbers, numbers, st.sampled_from([float("inf"), float("-inf")]))
intervals = st.tuples(ends, ends).filter(lambda e: e[0] != e[1] or abs(e[0]) < 1e9).map(lambda e: Interval(*sorted(e)))
nested = st.tuples(intervals, intervals).map(lambda pair: (pair[0], pair[0].hull(pair[1])))
pairs = st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1, max_size=3)
affines = pairs.map(lambda p: Affine(tuple(a for a, _ in p), tuple(b for _, b in p)))
STEPS: dict[type[Step], st.SearchStrategy[Step]] = {
    Affine: affines,
    Clamp: st.one_of(
        st.builds(lambda e, checked: Clamp(min(e), max(e), checked), st.tuples(numbers, numbers), st.booleans()),
        st.builds(lambda x, low: Clamp(x if low else None, None if low else x), numbers, st.booleans()),
    ),
    Bounded: st.sampled_from([Bounded("tanh", -1, 1), Bounded("sigmoid", 0, 1), Bounded("relu", 0, float("inf"))]),
    Stretch: st.just(Stretch(0, 1)),
    Cast: st.sampled_from([*LIMITS, "int32", "int64"]).map(Cast),
    Round: st.just(Round()),
}
chains = st.lists(st.one_of(*STEPS.values()), max_size=5).map(lambda made: [Link(step, None, "") for step in made])


def inside(small: Interval | None, large: Interval | None) -> bool:
    """Whether all of ``small`` is in ``large``, but for rounding errors."""
    if small is None or large is None:
        return large is None
    room = 1e-9 * max((1.0, *(abs(end) for end in (*small.ends, *large.ends) if abs(end) < 1e300)))
    return large.low - room <= small.low <= small.high <= large.high + room


def test_every_kind_of_step_is_tried() -> None:
    assert set(STEPS) == set(Step.__args__)


@many
@given(st.data(), nested, st.sampled_from(sorted(STEPS, key=lambda kind: kind.__name__)))
def test_a_step_of_a_larger_range_holds_that_of_a_smaller_one(
    data: st.DataObject, ranges: tuple[Interval, Interval], kind: type[Step]
) -> None:
    step = data.draw(STEPS[kind])
    assert inside(step.apply(ranges[0]), step.apply(ranges[1]))


@many
@given(nested, chains, st.booleans())
def test_a_way_of_a_larger_range_holds_that_of_a_smaller_one(
    ranges: tuple[Interval, Interval], links: list[Link], guaranteed: bool
) -> None:
    small, large = (through(links, x, guaranteed) for x in ranges)
    assert inside(small, large)
    assert inside(large, through(links, None, guaranteed))


@many
@given(nested, intervals)
def test_hulls_grow_with_what_is_in_them(ranges: tuple[Interval, Interval], other: Interval) -> None:
    small, large = ranges
    assert inside(small.hull(other), large.hull(other))
    assert hull_of((small, large, other)) == hull_of((other, small, large)) == large.hull(other)


# --- transfers, as programs

SOURCES = (
    *("torch.rand(3, 4, 4)", "torch.rand(3, 4, 4) * 2 - 1", "torch.rand(3, 4, 4) * 255", "torch.randn(3, 4, 4)"),
    *("to_tensor(Image.open('a.png'))", "np.array(Image.open('a.png'))", "torch.randint(0, 256, (3, 4, 4))"),
    *("torch.rand(3, 4, 4).clamp(0.25, 0.5)", "3", "0.5", "UNKNOWN", "torch.zeros(3, 4, 4)"),
)
CHANGES = (
    *("x + 1", "x - 0.5", "2 * x", "x / 2", "x * -3", "1 - x", "-x", "x ** 2", "x // 2", "x % 2", "x / 255", "1 / x"),
    *("x * 2 - 1", "(x + 1) / 2", "x.clamp(0, 1)", "x.clamp(-1, 1)", "x.round()", "x.abs()", "torch.relu(x)", "x + x"),
    *("torch.tanh(x)", "x.sigmoid()", "x.byte()", "x.to(torch.uint8)", "x.float()", "x.half()", "x.mean()", "x[0]"),
    *("x.clamp(min=0)", "x.clamp(max=1) * 255", "torch.stack([x, x])", "x * torch.rand(3, 4, 4)", "x + z", "x - z"),
    *("torch.maximum(x, z)", "torch.where(z > 0, x, z)", "x.permute(1, 2, 0)", "np.clip(x, 0, 1)", "[x, z][0]"),
    *(
        "x if isinstance(x, torch.Tensor) else z",
        "(lambda v: v * 2)(x)",
        "{'k': x}['k'] + 1",
        "x if x is not None else z",
    ),
)
statements = st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3)
PROGRAM = """\
import numpy as np
import torch
from PIL import Image
from torchvision.transforms.functional import to_tensor
a = {}
b = {}
z = torch.rand(3, 4, 4)
x = {}
"""


def claimed(text: str) -> Value:
    """What is known of ``x`` at the end of a program."""
    source = SourceFile("program.py", text, Path("/nowhere/program.py"), Path("/nowhere"))
    analysis = interpret([source], knowledge(), lambda path: None)
    assert analysis.failures == ()
    return next(m for m in analysis.project.modules.values() if m.path == "program.py").scope.names["x"]


def ranges(value: Value) -> Iterator[Interval | None]:
    """The ranges of numbers that it claims to be, one for each possibility; None is any."""
    for one in choices(value):
        if isinstance(one, Tensor):
            yield one.hard
        elif isinstance(one, Const) and type(one.value) in (int, float):
            yield Interval(one.value, one.value)
        elif one != NONE:
            yield None


def held(small: Value, large: Value) -> bool:
    return all(any(inside(one, other) for other in ranges(large)) for one in ranges(small))


@few
@given(st.sampled_from(SOURCES), st.sampled_from(SOURCES), statements)
def test_what_comes_of_either_value_holds_what_comes_of_each(a: str, b: str, changes: list[str]) -> None:
    body = "".join(f"x = {change}\n" for change in changes)
    both = claimed(PROGRAM.format(a, b, "a if UNKNOWN else b") + body)
    for one in ("a", "b"):
        alone = claimed(PROGRAM.format(a, b, one) + body)
        assert held(alone, both), f"{alone} of {one} is not in {both}"


@few
@given(st.sampled_from(SOURCES), st.sampled_from(SOURCES), statements)
def test_a_branch_may_or_may_not_be_taken(a: str, b: str, changes: list[str]) -> None:
    body = "".join(f"    x = {change}\n" for change in changes)
    either = claimed(PROGRAM.format(a, b, "a") + "if UNKNOWN:\n" + body)
    taken = claimed(PROGRAM.format(a, b, "a") + "if True:\n" + body)
    assert held(taken, either)
    assert held(claimed(PROGRAM.format(a, b, "a")), either)
