"""DFL102: pictures in bytes, or scaled halfway, with noise of size 1 added to them."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Judged, Trained
from difflint.facts.interval import Interval
from difflint.facts.report import interval_json, steps_json
from difflint.facts.steps import Site
from difflint.facts.values import Kind, Network, Tensor

WIDE = 32.0  # nobody means to train on values as wide as that: Normalize reaches about 5, bytes 255
HALF_SCALED = Interval(0.0, 2.0)  # bytes / 127.5 without the - 1


def check(facts: Facts) -> Iterator[Problem]:
    groups: dict[tuple[Site, Network], list[Trained]] = {}
    for trained in facts.seen.trained:
        if trained.role == "input":
            groups.setdefault((trained.site, trained.network), []).append(trained)
    seen = set[object]()
    for group in groups.values():
        first = group[0]
        key = first.data.origin, first.data.links
        if all(_wrong(trained) for trained in group) and key not in seen:
            seen.add(key)
            yield _problem(facts, first)
    for judged in facts.groups(facts.seen.judged):
        given = [_encoded(event) for event in judged]
        if all(given) and given[0] is not None:
            yield _to_autoencoder(facts, judged[0], given[0])


def _encoded(event: Judged) -> Tensor | None:
    """Pictures in bytes that a pretrained autoencoder is given."""
    given = event.argument("x") if event.api.endswith(".from_pretrained.encode") else None
    reaches = given.nominal if isinstance(given, Tensor) and given.kind is Kind.DATA else None
    return given if isinstance(given, Tensor) and reaches is not None and reaches.width > WIDE else None


def _to_autoencoder(facts: Facts, event: Judged, given: Tensor) -> Problem:
    trace = (*facts.origin(given.origin), *facts.chain(given.links, given.base), *facts.calls(event))
    return Problem(
        facts.place(event.site),
        {
            "what": f"a pretrained autoencoder is given pictures in {given.nominal}",
            "effect": "it has learned [-1, 1], and makes saturated, meaningless latents of these",
        },
        (*trace, facts.step(event.site, "takes pictures in [-1, 1]")),
        "Scale the pictures to [-1, 1] first (x / 127.5 - 1).",
        {"domain": interval_json(given.base), "steps": steps_json(given.links)},
    )


def _wrong(trained: Trained) -> bool:
    data = trained.data
    reaches = data.nominal
    if data.kind is not Kind.DATA or reaches is None or not reaches.bounded:
        return False
    return reaches.width > WIDE or (reaches.near(HALF_SCALED) and not data.origin.clipped)


def _problem(facts: Facts, trained: Trained) -> Problem:
    reaches = trained.data.nominal
    assert reaches is not None
    wide = reaches.width > WIDE
    effect = (
        f"the noise is {reaches.width / 2:.0f} times too small to hide them at any step, so sampling, which starts "
        "from noise alone, begins where the network has never been: pictures stay noise or turn one flat colour"
        if wide
        else "their middle is 1, not 0: samples start from noise around 0 and come out too dark or too bright"
    )
    trace = (
        *facts.origin(trained.data.origin),
        *facts.chain(trained.data.links, trained.data.base),
        facts.step(trained.site, f"{trained.network.name} is given these data with noise of size 1"),
    )
    code = "x / 127.5 - 1" if wide else "x - 1"
    return Problem(
        facts.place(trained.site),
        {
            "what": f"{trained.network.name} learns from pictures in {reaches} with noise of size 1 added",
            "effect": effect,
        },
        trace,
        f"Scale the pictures to [-1, 1] before they are noised ({code}), and undo it where samples are saved.",
        {"domain": interval_json(trained.data.base), "steps": steps_json(trained.data.links)},
    )
