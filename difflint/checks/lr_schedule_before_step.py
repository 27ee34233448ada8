"""DFL710: the scheduler of learning rates goes on before the optimizer has stepped."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.roles import is_made
from difflint.relations.training import Round, Step, Training, trainings


def check_file(file: File) -> Iterator[Problem]:
    for training in trainings(file):
        for schedule in training.of_kind("schedule"):
            step = _first_step(training, schedule)
            if step is not None:
                yield from _problem(file, schedule, step)


def _first_step(training: Training, schedule: Step) -> Step | None:
    """The first step in the body of the loop that moves the scheduler on, when that comes later."""
    of = schedule.of
    if not schedule.act.loops or schedule.act.term.positional or schedule.act.term.keywords or of is None:
        return None
    one = Round(training, schedule.act.loops[-1], training.inside(schedule.act.loops[-1]))
    steps = list(one.of_kind("step"))
    known = is_made(schedule.file, of, "scheduler") and steps and not any(s.maybe for s in steps)
    if not known or any(s.position < schedule.position and not training.apart(s, schedule) for s in steps):
        return None
    later = next((s for s in steps if not training.apart(s, schedule)), None)
    return later if later is not None and one.is_quiet(schedule, later) else None


def _problem(file: File, schedule: Step, step: Step) -> Iterator[Problem]:
    place = schedule.at(file)
    if place is not None:
        yield Problem(
            place,
            {"schedule": schedule.code, "step": step.code},
            (
                schedule.trace("sets the next learning rate"),
                step.trace("steps with it: the first value of the schedule is never used"),
            ),
            f"Put {schedule.code} behind {step.code}.",
        )
