"""DFL512: a sampler clamps its estimate of the clean picture to a range that the data do not have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.diffusers import is_vae
from difflint.relations.draws import added, bare, factors, summands
from difflint.relations.guidance import is_prediction
from difflint.relations.sampling import kind_of, reverse_loops
from difflint.relations.terms import holds, number, walk

CLAMPS = ("clamp", "clamp_", "clip", "clip_")
ESTIMATE = re.compile(r"x_?0|x_?start|x_?recon|pred_original|denoised|clean|xstart")
# What undoes or makes the range [-1, 1].
SIGNED = re.compile(
    r"\*\s*0?\.5\s*\+\s*0?\.5|\+\s*1(\.0?)?\)\s*(/\s*2|\*\s*0?\.5|\*\s*127\.5)|/\s*2(\.0?)?\s*\+\s*0?\.5|\*\s*2(\.0?)?\s*-\s*1"
    r"|/\s*127\.5\s*-\s*1|Normalize\([\[(]?(mean=)?[\[(]?0?\.5|unnormalize_to_zero_to_one|normalize_to_neg_one_to_one"
)


def check_file(file: File) -> Iterator[Problem]:
    signed = SIGNED.search(file.text) is not None
    for function in _samplers(file):
        latent = _decodes(function)
        for event in function.calls:
            if event.term.called in CLAMPS:
                low, high, inner = _clamp(event.term)
                if inner is None or not _is_estimate(file, function, event, inner):
                    continue
                if latent and (low, high) in ((-1, 1), (0, 1)):
                    yield _problem(file, event, "the state is a latent, which reaches from -4 to 4", None)
                elif signed and not latent and (low, high) == (0, 1):
                    yield _problem(
                        file, event, "the pictures of this file lie in [-1, 1]: their dark half is cut off", inner
                    )


def _samplers(file: File) -> tuple[Function, ...]:
    """Functions with a reverse loop, and functions that make one step of such a loop."""
    loops = reverse_loops(file)
    stepped = [file.function(call.term.args[0]) for loop in loops for call in loop.calls if call.kind == "step"]
    return tuple(dict.fromkeys(f for f in (*(loop.function for loop in loops), *stepped) if f is not None))


def _decodes(function: Function) -> bool:
    """Whether what is sampled is decoded by an autoencoder."""
    calls = (event.term for event in function.calls if event.term.called == "decode")
    return any(call.receiver is not None and is_vae(call.receiver) for call in calls)


def _clamp(call: Term) -> tuple[float | None, float | None, Term | None]:
    given = [part for part in call.positional if part.op != "star"]
    inner = call.receiver if call.receiver is not None else given.pop(0) if given else None
    low = call.keywords.get("min", given[0] if given else None)
    high = call.keywords.get("max", given[1] if len(given) > 1 else None)
    return number(low), number(high), inner


def _is_estimate(file: File, function: Function, event: Event, inner: Term) -> bool:
    """What a network's prediction leaves of the state, or what the network itself returns as a picture."""
    named = [e.target for e in function.assigned if e.term == event.term or e.term == inner]
    core = bare(inner)
    networks = [e.term for e in function.calls if kind_of(file, e.term) == "network"]
    if not any(holds(core, call) for call in networks):
        return False
    parts = list(summands(core))
    removes = len(parts) == 2 and any(any(map(is_prediction, factors(part))) for part in parts) and _is_rest(core)
    named_so = any(ESTIMATE.search(name) for name in named)
    return removes or (named_so and not any(True for _ in added(core)))


def _is_rest(term: Term) -> bool:
    """``(x - sigma * eps) / alpha``"""
    return any(part.op == "-" for part in walk(term)) and term.op in ("/", "-", "*")


def _problem(file: File, event: Event, why: str, inner: Term | None) -> Problem:
    call = event.term
    fix = None
    if inner is not None and not call.keywords and not call.called.endswith("_") and "…" not in file.code(inner):
        fixed = f"{file.code(inner)}.clamp(-1, 1)" if call.receiver is not None and inner.op != "/" else ""
        fix = Fix("unsafe", "Clamp to [-1, 1].", (replace(file.place(event), fixed),)) if fixed else None
    return Problem(
        file.place(event),
        {"code": file.code(event), "why": why},
        (file.step(event, f"{file.code(event)} clamps the estimate of the clean sample: {why}"),),
        "Clamp to the range of the data, [-1, 1]." if inner is not None else "Do not clamp latents.",
        fix=fix,
    )
