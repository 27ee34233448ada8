"""Repetitions in chains of conversions, and the join of values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difflint.facts.conversions import conversion, first_repeat, implied_base
from difflint.facts.interval import BYTE, SIGNED, UNIT, Interval
from difflint.facts.steps import Affine, Clamp, Link
from difflint.facts.values import ANY, MANY, MAX_CHOICES, NONE, Choice, Const, Items, Record, Value, choices, join


def chain(*pairs: tuple[float, float] | Clamp) -> tuple[Link, ...]:
    """Links from ``(scale, shift)`` pairs and clamps."""
    return tuple(Link(p if isinstance(p, Clamp) else Affine((p[0],), (p[1],)), None, "") for p in pairs)


NORMALIZE, DENORMALIZE, TO_UNIT, TO_BYTES = (2, -1), (0.5, 0.5), (1 / 255, 0), (255, 0)


@pytest.mark.parametrize(
    ("links", "base", "repeated"),
    [
        (chain(NORMALIZE, NORMALIZE), UNIT, (1, 2)),
        (chain((2, 0), (1, -1), (2, 0), (1, -1)), UNIT, (2, 4)),
        (chain(NORMALIZE, DENORMALIZE, DENORMALIZE), UNIT, (2, 3)),
        (chain(TO_UNIT, TO_UNIT), BYTE, (1, 2)),
        (chain(NORMALIZE, Clamp(-1, 1), NORMALIZE), UNIT, (2, 3)),
        (chain(NORMALIZE, DENORMALIZE, NORMALIZE), UNIT, None),
        (chain(TO_UNIT, TO_BYTES, TO_UNIT), BYTE, None),
        (chain((1 / 256, 0), (255, 0)), BYTE, None),
        (chain(TO_UNIT, NORMALIZE), BYTE, None),
        (chain(DENORMALIZE, TO_BYTES), SIGNED, None),
        (chain((3, 0), (3, 0)), UNIT, None),
        ((), UNIT, None),
    ],
)
def test_only_a_conversion_that_was_made_before_is_a_repetition(
    links: tuple[Link, ...], base: Interval, repeated: tuple[int, int] | None
) -> None:
    found = first_repeat(links, base)
    assert (found and (found.start, found.stop)) == repeated


def test_127_and_128_are_the_same_conversion_as_127_and_a_half() -> None:
    for half in (127.0, 127.5, 128.0):
        found = conversion(chain((1 / half, -1)))
        assert found is not None and found.after == SIGNED


def test_only_what_is_divided_by_255_was_meant_to_be_bytes() -> None:
    assert implied_base(chain(TO_UNIT)) == BYTE
    assert implied_base(chain(NORMALIZE)) is None
    assert implied_base(()) is None


constants = st.integers(0, 8).map(Const)


@given(st.lists(constants, min_size=1, max_size=8))
def test_a_join_stands_for_exactly_what_was_joined_or_for_anything(values: list[Const]) -> None:
    joined = join(values)
    if len(set(values)) <= MAX_CHOICES:
        assert set(choices(joined)) == set(values)
    else:
        assert joined is MANY


@given(st.lists(constants, min_size=1, max_size=MAX_CHOICES))
def test_a_join_is_commutative_and_idempotent(values: list[Const]) -> None:
    joined = join(values)
    assert set(choices(joined)) == set(choices(join(reversed(values))))
    assert join((joined, joined)) == joined
    assert not any(isinstance(value, Choice) for value in choices(joined))


@given(st.lists(constants, max_size=MAX_CHOICES), st.lists(constants, max_size=MAX_CHOICES))
def test_joining_a_join_keeps_the_limit(first: list[Const], second: list[Const]) -> None:
    assert len(choices(join((join(first), join(second))))) <= MAX_CHOICES


@pytest.mark.parametrize("value", [Items((Const(1),)), Record((("a", NONE),)), ANY, NONE])
def test_a_join_of_one_value_is_that_value(value: Value) -> None:
    assert join((value, value)) == value


def test_true_and_one_are_two_values() -> None:
    assert len(choices(join((Const(True), Const(1), Const(1.0))))) == 3


def test_a_record_gives_what_was_put_last() -> None:
    assert Record().put("a", Const(1)).put("a", Const(2)).get("a") == Const(2)
