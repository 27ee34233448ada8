"""DFL612: a scheduler with clip_sample, on by default, steps through latents."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import argument
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File
from difflint.relations.diffusers import CLIPPING, Scheduler, every_scheduler, is_vae, schedulers, steps
from difflint.relations.terms import Term, is_const, walk

LATENT_PIPELINE = re.compile(r"StableDiffusion|LDM|LatentDiffusion|AltDiffusion|PixArt|Kandinsky|AnimateDiff")


def check_file(file: File) -> Iterator[Problem]:
    if "Scheduler" not in file.text:
        return
    used = {made.call: where for made, where in (*_stepped(file), *_in_pipelines(file))}
    for _, event, made in every_scheduler(file):
        if made.call in used and _clips(made):
            yield _problem(file, event, made, used[made.call])


def _clips(made: Scheduler) -> bool:
    given = made.given.get("clip_sample")
    if made.kind not in CLIPPING or is_const(made.given.get("thresholding"), True):
        return False
    return is_const(given, True) or (given is None and made.whole)


def _stepped(file: File) -> Iterator[tuple[Scheduler, Event]]:
    """Schedulers whose steps stand in a function that decodes latents."""
    for step in steps(file):
        decodes = (e for e in step.function.calls if e.term.called == "decode" and e.term.receiver is not None)
        if any(is_vae(event.term.receiver) for event in decodes if event.term.receiver is not None):
            yield from ((made, step.event) for made in schedulers(file, step.scheduler))


def _in_pipelines(file: File) -> Iterator[tuple[Scheduler, Event]]:
    """Schedulers that are handed to a pipeline with latents: ``pipe.scheduler = …`` or ``scheduler=…``."""
    for function in file.functions:
        for event in function.events:
            if event.kind == "assign" and event.target.endswith(".scheduler") and event.old is not None:
                if _is_latent_pipeline(file, event.old):
                    yield from ((made, event) for made in schedulers(file, event.term))
            elif event.kind == "call" and "scheduler" in event.term.keywords and _names_pipeline(event.term.args[0]):
                yield from ((made, event) for made in schedulers(file, event.term.keywords["scheduler"]))


def _is_latent_pipeline(file: File, old: Term) -> bool:
    """Whether the scheduler that is replaced belongs to such a pipeline."""
    return any(_names_pipeline(part) for part in walk(old) if part.op == "lib")


def _names_pipeline(term: Term) -> bool:
    return any(part.op == "lib" and LATENT_PIPELINE.search(str(part.value)) for part in walk(term))


def _problem(file: File, event: Event, made: Scheduler, where: Event) -> Problem:
    default = "clip_sample" not in made.given
    return Problem(
        file.place(event),
        {"code": file.code(event), "how": "clips by default" if default else "is told to clip"},
        (
            file.step(event, "clip_sample=True" + (", the default" if default else "")),
            file.step(where, "it steps through latents, which reach from about -4 to 4"),
        ),
        "clip_sample=False, and the beta schedule that the network was trained with.",
        fix=Fix("unsafe", "Do not clip.", (argument(file.place(event), "False", "clip_sample"),)),
    )
