"""DFL311: timesteps brought to bfloat16, which knows every second, fourth or eighth number only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.precision import cast_to_half
from difflint.relations.terms import alternatives, label, number, walk

_WORDS = re.compile(r"bfloat16|float16|half\(")
STEP = re.compile(r"^(t|ts|timesteps?|time_?steps?|time|noise_level|sigmas?)$")
USUAL = 1000  # steps, where only a name says how many
MOVES = ("to", "cuda", "long", "float", "view", "expand", "unsqueeze", "reshape")
EXACT = {"bfloat16": 256, "float16": 2048}  # up to here every whole number is known


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_WORDS):
        waves = "timestep" in function.name or any(event.term.called in ("sin", "cos") for event in function.calls)
        for event in function.calls:
            found = _rounded(event.term, waves) if id(event.node) not in seen else None
            seen.add(id(event.node))
            if found is not None:
                yield _problem(file, event.term, *found)


def _rounded(call: Term, waves: bool) -> tuple[str, Term, int] | None:
    """The dtype, the steps and how many there are, when these do not fit the dtype; where waves are made of them, their
    names tell."""
    dtype = cast_to_half(call)
    if dtype is None or call.receiver is None:
        return None
    if waves and _is_step(call.receiver):
        return dtype, call.receiver, USUAL
    counts = [_count(way) for way in alternatives(_plain(call.receiver))]
    known = [count for count in counts if count is not None]
    count = max(known, default=0) if len(known) == len(counts) else 0
    return (dtype, call.receiver, count) if count > EXACT[dtype] else None


def _is_step(term: Term) -> bool:
    """Whether a parameter is called a timestep, or is one that is scaled."""
    term = _plain(term)
    if term.op == "*":
        return any(_is_step(arg) for arg in term.args)
    return term.op == "param" and STEP.match(label(term)) is not None


def _plain(term: Term) -> Term:
    """Without moves, views and casts to a wider type."""
    while term.op == "call" and term.receiver is not None and term.called in MOVES:
        term = term.receiver
    return term.args[0] if term.op == "index" else term


def _count(term: Term) -> int | None:
    """How many steps there are: of ``randint(0, 1000, ...)``, of a scheduler's ``timesteps``."""
    if term.op == "call" and term.called == "randint":
        bounds = [x for part in (*term.positional[:2], term.keywords.get("high")) if (x := number(part)) is not None]
        return int(max(bounds)) if bounds and max(bounds) > 0 else (USUAL if _counts_steps(term) else None)
    steps = term.op in ("each", "attr") and any(label(part).endswith("timesteps") for part in walk(term))
    return USUAL if steps else None


def _counts_steps(term: Term) -> bool:
    names = ("num_train_timesteps", "num_timesteps", "num_steps", "timesteps", "n_steps", "noise_steps", "T")
    return any(label(part) in names for part in walk(term))


def _problem(file: File, call: Term, dtype: str, steps: Term, count: int) -> Problem:
    apart = 2 ** max(0, (count - 1).bit_length() - (8 if dtype == "bfloat16" else 11))
    return Problem(
        file.place(call),
        {"code": file.code(call), "dtype": dtype, "count": str(count), "apart": str(apart)},
        (file.step(steps, f"steps up to {count}"), file.step(call, f"{dtype} is exact up to {EXACT[dtype]}")),
        "Keep the steps whole or in float32, compute the embedding there, and cast the embedding.",
    )
