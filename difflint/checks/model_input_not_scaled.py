"""DFL602: a scheduler of the Euler family without scale_model_input."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File
from difflint.relations.diffusers import SCALING, Scheduler, Step, schedulers, steps
from difflint.relations.sampling import reverse_loops
from difflint.relations.terms import path

BY_HAND = re.compile(r"sigmas|\bsigma\b")


def check_file(file: File) -> Iterator[Problem]:
    if "scale_model_input" in file.text:
        return
    told = set[int]()
    for step in steps(file):
        made = schedulers(file, step.scheduler)
        if made and all(way.kind in SCALING for way in made) and not BY_HAND.search(file.source(step.function.node)):
            network = _network(file, step)
            if network is not None and id(network.node) not in told:
                told.add(id(network.node))
                yield _problem(file, step, made[0], network)


def _network(file: File, step: Step) -> Event | None:
    """The first call of the network in the loop that the step stands in."""
    for loop in reverse_loops(file):
        if loop.function is step.function and step.event.within(loop.context) and loop.networks:
            return loop.networks[0].event
    return None


def _problem(file: File, step: Step, made: Scheduler, network: Event) -> Problem:
    owner = path(step.scheduler) or "scheduler"
    return Problem(
        file.place(network),
        {"code": file.code(network), "kind": made.kind, "owner": owner},
        (
            file.step(made.call, f"{made.kind}: its state has the standard deviation sqrt(1 + sigma^2), up to 14.6"),
            file.step(network, "the network is given the state as it is"),
            file.step(step.event, "the step of that scheduler"),
        ),
        f"Give the network {owner}.scale_model_input(x, t), and the step x itself.",
    )
