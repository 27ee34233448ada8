"""DFL501: uniform random numbers as the noise of a diffusion."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import rename
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.draws import added, bare, distribution, only_drawn, summands
from difflint.relations.sampling import ReverseLoop, kind_of, reverse_loops
from difflint.relations.terms import alternatives, number, walk

NORMAL = {"rand": "randn", "rand_like": "randn_like", "uniform_": "normal_"}
NOISING = re.compile(r"^(add_noise|q_sample|noise_images|noise_image|forward_diffusion|perturb|diffuse)")
OF_NOISE = re.compile(r"sqrt_one_minus|sqrt_1m|sqrtmab|sigma|(^|_)std|alpha|noise_level")
OF_SIGNAL = re.compile(r"sqrt_alpha|alpha|sqrtab|sqrt_bar")
LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
START, ADDED, MIXED = "the start of the sampling loop", "the noise that a step adds", "the noise of the forward process"
Use = tuple[Function, Term, str, Term]  # where it is drawn, the draw, what it is for, where it is used


def check_file(file: File) -> Iterator[Problem]:
    if "rand" not in file.text and "uniform" not in file.text:
        return
    seen = set[int]()
    for function, draw, role, where in _uses(file):
        made = next((event.term for event in function.calls if event.term == draw), None)
        if made is not None and distribution(draw) == "uniform" and _plain(draw) and id(made.node) not in seen:
            seen.add(id(made.node))
            yield _problem(file, made, role, where)


def _uses(file: File) -> Iterator[Use]:
    loops = reverse_loops(file)
    flows = [(function, draw) for function in file.functions for draw in _uniform_sources(function)]
    uniform_source = bool(flows)
    for loop in loops:
        if not uniform_source and _is_diffusion(loop):
            yield from _start(file, loop)
        if uniform_source and any(distribution(way) == "normal" for way in map(bare, alternatives(loop.start))):
            yield from (
                (f, d, "the source of the flow, which sampling draws from a Gaussian,", loop.start) for f, d in flows
            )
        for event in loop.updates:
            yield from ((loop.function, draw, ADDED, event.term) for draw in added(event.term))
    for function in file.functions:
        yield from _forward(function)
        yield from _steps(file, function)


def _is_diffusion(loop: ReverseLoop) -> bool:
    """Pictures that are optimised or tokens that are unmasked may start anywhere."""
    return any(call.time is not None for call in loop.calls)


def _start(file: File, loop: ReverseLoop) -> Iterator[Use]:
    for way in alternatives(loop.start):
        draw = only_drawn(way)
        if draw is not None:
            yield loop.function, draw, START, loop.calls[0].term
        elif way.op == "param":
            yield from _passed(file, loop, way)


def _passed(file: File, loop: ReverseLoop, param: Term) -> Iterator[Use]:
    """What callers in the file start the loop with."""
    for function in file.functions:
        for event in function.calls:
            if file.function(event.term.args[0]) is loop.function and param.value[0] in loop.function.params:
                given = event.term.arg(loop.function.params.index(param.value[0]), param.value[0])
                draw = only_drawn(given) if given is not None else None
                if draw is not None:
                    yield function, draw, START, event.term


def _uniform_sources(function: Function) -> Iterator[Term]:
    """A flow may lead from uniform noise to data, when it is trained to: ``x1 - torch.rand_like(x1)`` is its target."""
    differences = (part for event in function.events for part in walk(event.term) if part.op == "-")
    for left, right in (part.args for part in differences if len(part.args) == 2):
        for draw, other in ((bare(left), right), (bare(right), left)):
            if draw.called in ("rand_like", "rand") and number(other) is None and _of_pictures(draw):
                yield draw


def _of_pictures(draw: Term) -> bool:
    """Whether it has the shape of something else."""
    shape = draw.positional[0] if draw.positional else draw
    return draw.called == "rand_like" or shape.op == "star" or (shape.op == "attr" and shape.value == "shape")


def _forward(function: Function) -> Iterator[Use]:
    """Noise that is mixed into data by the factors of a diffusion, or handed to a function that does so."""
    if function.name.startswith("test_"):
        return  # where any numbers will do
    for event in function.events:
        if event.kind == "call" and NOISING.search(event.term.called):
            given = (_noise_argument(event.term),)
            ways = (bare(way) for term in given if term is not None for way in alternatives(bare(term)))
            yield from ((function, way, MIXED, event.term) for way in ways)
        elif event.kind == "call" and event.term.called in LOSSES:
            yield from _target(function, event)
        elif event.kind in ("assign", "return"):
            for term in event.term.args if event.term.op == "tuple" else (event.term,):
                yield from _mixed(function, term)


def _noise_argument(call: Term) -> Term | None:
    """What is called noise, or drawn in the shape of something, of the arguments behind the data."""
    named = call.keywords.get("noise") or call.keywords.get("eps")
    return named or next((p for p in call.positional[1:] if _is_noise(p)), None)


def _is_noise(term: Term) -> bool:
    name = getattr(term.node, "id", "")
    return "noise" in name or name.startswith("eps") or bare(term).called == "rand_like"


def _target(function: Function, event: Event) -> Iterator[Use]:
    """The network learns to predict the very numbers that its input was mixed with."""
    pair = event.term.positional[:2]
    for target, prediction in (pair, pair[::-1]) if len(pair) == 2 else ():
        draw = bare(target)
        if distribution(draw) and any(_mixes_in(draw, part) for part in walk(prediction)):
            yield function, draw, "the noise that the network learns to predict", event.term


def _mixes_in(draw: Term, term: Term) -> bool:
    return term.op == "+" and any(draw == inner for inner in added(term))


def _mixed(function: Function, term: Term) -> Iterator[Use]:
    """``sqrt_alpha_bar * x + sqrt_one_minus_alpha_bar * noise``, and ``mean + std * noise``."""
    parts = list(summands(term)) if term.op == "+" else []
    drawn = [part for part in parts if any(True for _ in added(part))]
    rest = [part for part in parts if part not in drawn]
    if len(drawn) == 1 and len(rest) == 1 and _named(drawn[0], OF_NOISE) and _is_signal(rest[0]):
        yield from ((function, draw, MIXED, term) for draw in added(drawn[0]))


def _is_signal(term: Term) -> bool:
    return _named(term, OF_SIGNAL) or str(getattr(term.node, "id", "")).startswith("mean")


def _named(term: Term, names: re.Pattern[str]) -> bool:
    return term.op in ("*", "/") and any(isinstance(p.value, str) and names.search(p.value) for p in _names(term))


def _names(term: Term) -> Iterator[Term]:
    """The terms that names in it stand for, as terms that carry the name that is written."""
    for part in walk(term):
        name = getattr(part.node, "id", None) or getattr(part.node, "attr", None)
        if name is not None:
            yield Term("name", (), name)


def _steps(file: File, function: Function) -> Iterator[Use]:
    """``mean + sigma * noise`` of a function that makes one reverse step."""
    calls = (event.term for event in function.calls)
    if not any(kind_of(file, call) == "network" or call.called.startswith("p_mean") for call in calls):
        return
    for event in function.events:
        if event.kind == "return" and event.term.op == "+":
            for part in summands(event.term):
                if part.op == "*":
                    yield from ((function, draw, ADDED, event.term) for draw in added(part))


def _plain(draw: Term) -> bool:
    """Whether it is between other bounds than the writer may have chosen to get a certain spread."""
    return draw.called not in ("uniform", "uniform_") or not (draw.positional or draw.keywords)


def _problem(file: File, draw: Term, role: str, where: Term) -> Problem:
    name = NORMAL.get(draw.called, "")
    fix = Fix("unsafe", f"Draw Gaussian noise: {name}.", (rename(file.place(draw), name),)) if name else None
    return Problem(
        file.place(draw),
        {"code": file.code(draw), "role": role},
        (
            file.step(draw, f"{file.code(draw)}: uniform, mean 0.5 and standard deviation 0.29"),
            file.step(where, f"is {role}"),
        ),
        f"Use {name or 'a Gaussian draw'}.",
        fix=fix,
    )
