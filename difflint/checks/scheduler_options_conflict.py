"""DFL611: options of a scheduler that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import argument
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Term
from difflint.relations.diffusers import Scheduler, every_scheduler
from difflint.relations.terms import is_const

LEADING = ("DDIMScheduler", "DDPMScheduler", "PNDMScheduler", "DDIMParallelScheduler", "DDPMParallelScheduler")


def check_file(file: File) -> Iterator[Problem]:
    for _, event, made in every_scheduler(file):
        if is_const(made.given.get("rescale_betas_zero_snr"), True):
            yield from _zero_snr(file, event, made)


def _zero_snr(file: File, event: Event, made: Scheduler) -> Iterator[Problem]:
    predicts = made.given.get("prediction_type")
    spacing = made.given.get("timestep_spacing")
    if is_const(predicts, "epsilon") or (predicts is None and made.whole):
        why = "no network can tell noise from a state that is nothing but noise, and x_0 is divided by 0"
        yield _problem(file, event, predicts, "prediction_type", "v_prediction", why)
    elif _is_leading(made) and (".step(" in file.text or "Pipeline" in file.text):  # training draws its timesteps
        why = "leading spacing never visits the last timestep, the one that was given zero signal"
        yield _problem(file, event, spacing, "timestep_spacing", "trailing", why)


def _is_leading(made: Scheduler) -> bool:
    spacing = made.given.get("timestep_spacing")
    return made.kind in LEADING and (is_const(spacing, "leading") or (spacing is None and made.whole))


def _problem(file: File, event: Event, given: Term | None, option: str, right: str, why: str) -> Problem:
    default = {"prediction_type": "epsilon", "timestep_spacing": "leading"}[option]
    written = f"{option}={default!r}" + ("" if given is not None else ", the default")
    return Problem(
        file.place(given if given is not None else event),
        {"options": f"rescale_betas_zero_snr=True with {written}", "why": why},
        (
            file.step(event, "the betas are rescaled so that the last timestep holds no signal at all"),
            file.step(given if given is not None else event, written),
        ),
        f"{option}={right!r}",
        fix=Fix("unsafe", f"Set {option}.", (argument(file.place(event), f'"{right}"', option),)),
    )
