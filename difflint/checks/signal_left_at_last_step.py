"""DFL406: at the last step of a schedule much of the picture is left, while sampling starts from noise alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.schedules import Schedule

MOST = 0.05  # alpha_bar_T; Stable Diffusion has 0.0047, small programs that work have up to 0.02
FEWEST = 100  # steps: fewer are a test or an example
TESTS = re.compile(r"(?:^|[/\\])(?:test_[^/\\]*|[^/\\]*_test|conftest)\.py$")  # short on purpose


def check(facts: Facts) -> Iterator[Problem]:
    for schedule in facts.seen.schedules:
        if schedule.alpha_bar_last <= MOST or schedule.T < FEWEST or schedule.site is None:
            continue
        if not TESTS.search(facts.place(schedule.site).path):
            yield _problem(facts, schedule)


def _problem(facts: Facts, schedule: Schedule) -> Problem:
    assert schedule.site is not None
    left = schedule.alpha_bar_last
    ends = f"{schedule.beta_first:.4g} to {schedule.beta_last:.4g}"
    trace = (
        facts.step(
            schedule.site, f"{schedule.T} {schedule.name} betas from {ends}: alpha_bar at the end is {left:.3g}"
        ),
    )
    return Problem(
        facts.place(schedule.site),
        {"T": str(schedule.T), "left": f"{left:.2g}", "signal": f"{left**0.5:.0%}"},
        trace,
        "Raise the last beta, or keep the number of training steps and sample fewer of them (respacing, DDIM).",
        {"schedule": schedule.to_json()},
    )
