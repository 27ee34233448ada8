"""DFL602: a scheduler of the Euler family without scale_model_input."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File
from difflint.relations.diffusers import SCALING, Step, only_kinds, steps
from difflint.relations.sampling import reverse_loops
from difflint.relations.terms import path, walk

BY_HAND = re.compile(r"sigmas|\bsigma\b")


def check_file(file: File) -> Iterator[Problem]:
    told = set[int]()
    for step in steps(file):
        kinds = only_kinds(file, step.scheduler)
        if kinds and kinds <= SCALING and not BY_HAND.search(file.source(step.function.node)):
            network = _network(file, step)
            if network is not None and id(network.node) not in told:
                told.add(id(network.node))
                yield _problem(file, step, min(kinds), network)


def _network(file: File, step: Step) -> Event | None:
    """The first call of the network in the loop that the step stands in."""
    for loop in reverse_loops(file):
        if loop.function is step.function and step.event.within(loop.context) and loop.networks:
            first = loop.networks[0].event
            return None if any(part.called == "scale_model_input" for part in walk(first.term)) else first
    return None


def _problem(file: File, step: Step, kind: str, network: Event) -> Problem:
    owner = path(step.scheduler) or "scheduler"
    return Problem(
        file.place(network),
        {"code": file.code(network), "kind": kind, "owner": owner},
        (
            file.step(network, "the network is given the state as it is"),
            file.step(step.event, f"{kind}: the state has the standard deviation sqrt(1 + sigma^2), up to 14.6"),
        ),
        f"Give the network {owner}.scale_model_input(x, t), and the step x itself.",
    )
