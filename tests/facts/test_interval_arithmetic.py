"""Every interval contains what real numbers do: numpy is the authority."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from difflint.facts.interval import BYTE, Interval
from difflint.facts.steps import Affine, Bounded, Cast, Clamp, Link, Round, Step, Stretch, through

settings.register_profile("small", max_examples=60, deadline=None)
settings.load_profile("small")

numbers = st.floats(-1e4, 1e4)
intervals = st.tuples(numbers, numbers).map(lambda ends: Interval(min(ends), max(ends)))
pairs = st.tuples(st.floats(-100, 100), st.floats(-100, 100))
affines = st.lists(pairs, min_size=1, max_size=3).map(lambda p: Affine(tuple(a for a, _ in p), tuple(b for _, b in p)))
clamps = st.one_of(
    intervals.map(lambda i: Clamp(i.low, i.high)),
    numbers.map(lambda x: Clamp(x, None)),
    numbers.map(lambda x: Clamp(None, x)),
)
steps = st.one_of(affines, clamps, st.just(Bounded("tanh", -1, 1)), st.just(Round()), st.just(Stretch(0, 1)))
chains = st.lists(steps, max_size=5).map(lambda made: tuple(Link(step, None, "") for step in made))


@st.composite
def interval_and_points(draw: st.DrawFn) -> tuple[Interval, np.ndarray]:
    interval = draw(intervals)
    shares = draw(st.lists(st.floats(0, 1), min_size=1, max_size=5))
    return interval, np.clip(interval.low + np.array([0.0, 1.0, *shares]) * interval.width, *interval.ends)


def holds(interval: Interval, values: np.ndarray) -> bool:
    room = 1e-6 * (1 + abs(interval.low) + abs(interval.high))
    return bool(np.all(values >= interval.low - room) and np.all(values <= interval.high + room))


@given(interval_and_points(), affines)
def test_an_affine_image_holds_every_channel_of_every_value(given_: tuple[Interval, np.ndarray], step: Affine) -> None:
    interval, x = given_
    for scale, shift in step.pairs:
        assert holds(step.apply(interval), scale * x + shift)


@given(interval_and_points(), clamps)
def test_a_clamp_holds_what_numpy_clips(given_: tuple[Interval, np.ndarray], step: Clamp) -> None:
    interval, x = given_
    low, high = (-np.inf if step.low is None else step.low), (np.inf if step.high is None else step.high)
    assert holds(step.apply(interval), np.clip(x, low, high))


@given(interval_and_points())
def test_tanh_and_sigmoid_stay_in_their_bounds(given_: tuple[Interval, np.ndarray]) -> None:
    interval, x = given_
    assert holds(Bounded("tanh", -1, 1).apply(interval), np.tanh(x))
    assert holds(Bounded("sigmoid", 0, 1).apply(interval), 0.5 * (1 + np.tanh(x / 2)))


@given(interval_and_points())
def test_a_cast_to_bytes_holds_what_wraps_around(given_: tuple[Interval, np.ndarray]) -> None:
    interval, x = given_
    if not interval.within(BYTE) or interval.within(BYTE, 0):  # up to 2 % over counts as bytes, on purpose
        assert holds(Cast("uint8").apply(interval), x.astype(np.int64).astype(np.uint8).astype(float))


@given(intervals, intervals)
def test_the_hull_is_commutative_and_holds_both(a: Interval, b: Interval) -> None:
    assert a.hull(b) == b.hull(a)
    assert a.within(a.hull(b), 0) and b.within(a.hull(b), 0)


@given(affines, affines, numbers)
def test_composing_then_applying_equals_applying_twice(first: Affine, second: Affine, x: float) -> None:
    size = max(len(first.scale), len(second.scale))
    if size % len(first.scale) or size % len(second.scale):
        return  # no tensor broadcasts 2 channels over 3
    composed = first.then(second)
    for channel in range(size):
        (a, b), (c, d) = first.pairs[channel % len(first.scale)], second.pairs[channel % len(second.scale)]
        scale, shift = composed.pairs[channel]
        assert np.isclose(scale * x + shift, c * (a * x + b) + d, rtol=1e-6, atol=1e-3)


@given(intervals, intervals, chains)
def test_a_larger_range_never_becomes_a_smaller_one(a: Interval, b: Interval, links: tuple[Link, ...]) -> None:
    small, large = through(links, a), through(links, a.hull(b))
    assert small is not None and large is not None
    room = 1e-6 * (1 + abs(large.low) + abs(large.high))
    assert small.low >= large.low - room and small.high <= large.high + room


@given(chains)
def test_an_unknown_range_becomes_known_only_where_something_bounds_it(links: tuple[Link, ...]) -> None:
    def bounding(step: Step) -> bool:
        return isinstance(step, Bounded | Stretch) or (isinstance(step, Clamp) and None not in (step.low, step.high))

    assert (through(links, None) is not None) == any(bounding(link.step) for link in links)


def test_an_inverse_undoes_each_channel() -> None:
    step = Affine((2.0, 4.0, 5.0), (1.0, 0.0, -1.0))
    inverse = step.inverse()
    assert inverse is not None
    assert step.then(inverse).near(Affine((1.0,), (0.0,)))


def test_a_constant_map_has_no_inverse() -> None:
    assert Affine((0.0,), (1.0,)).inverse() is None


def test_the_channels_of_a_normalisation_and_its_inverse_stay_apart() -> None:
    there, back = Affine((2.0, 4.0), (-1.0, -1.0)), Affine((0.5, 0.25), (0.5, 0.25))
    assert through([Link(there, None, ""), Link(back, None, "")], Interval(0, 1)) == Interval(0, 1)
