"""Where networks are called, what they are given, and how noise gets into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from difflint.relations.draws import NORMAL
from difflint.relations.model import Event, Function
from difflint.relations.reads import draws_noise
from difflint.relations.terms import Term, alternatives, is_const, last_name, walk

# A name is a weak sign; with noise and a time among the arguments it is enough.
NETWORK = re.compile(
    r"(^|_)(model|net|unet|network|denoiser|denoise_fn|eps_theta|eps_model|transformer|dit|backbone|score)(_|$|\d)|predict"
)
PREPARING = re.compile(r"(unwrap|load|get|create|build|make|save|init|setup|freeze|export|compile|update|copy|wrap)_")
NOISING = re.compile(
    r"q_sample|add_noise|noise_image|perturb|forward_diffusion|forward_process|noising|scale_noise|(^|_)diffuse(_|$)"
)
NOISES = ("noise", "eps", "epsilon", "e", "z")  # what a noise that a function is given is called
INPUTS = ("x", "sample", "x_t", "hidden_states", "img", "inputs", "noisy_latents", "latents")


@dataclass(frozen=True, eq=False)
class Noised:
    """A value that noise was added to: from what, at which time (None if the formula does not say), which noise."""

    event: Event
    clean: Term
    time: Term | None
    noise: Term | None


def network_calls(function: Function) -> Iterator[Event]:
    for event in function.calls:
        name = written_name(event.node.func) if isinstance(event.node, ast.Call) else ""
        given = bool(event.term.positional or event.term.keywords)
        network = NETWORK.search(name) and not PREPARING.match(name) and not NOISING.search(name)
        if given and network and event.term.args[0].op != "lib":
            yield event


def written_name(func: ast.expr) -> str:
    """The name that a network is called by: of ``self.unet.forward(x)`` it is ``unet``."""
    while isinstance(func, ast.Subscript) or (isinstance(func, ast.Attribute) and func.attr in ("forward", "module")):
        func = func.value
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def network_input(call: Term) -> Term | None:
    """What the network gets to look at."""
    named = next((call.keywords[name] for name in INPUTS if name in call.keywords), None)
    return call.positional[0] if call.positional else named


def is_noise(term: Term) -> bool:
    """Whether it is a draw of noise, adds noise, or is a noise that the function is given."""
    if term.op == "param":
        return last_name(term) in NOISES
    return term.op == "call" and (term.called in NORMAL or bool(NOISING.search(term.called)))


def noised_values(function: Function) -> Iterator[Noised]:
    """Every name of a function that is given a noised value."""
    for event in function.assigned:
        if event.kind == "assign" and event.definition is not None:
            for term in alternatives(event.term):
                found = _noised(event, term)
                if found is not None:
                    yield found


def _noised(event: Event, term: Term) -> Noised | None:
    if term.op == "index" and is_const(term.args[1], 0):  # x_t, noise = noise_images(x, t)
        term = term.args[0]
    if term.op == "call" and NOISING.search(term.called) and len(term.args) > 2:
        given = [*term.positional, *term.keywords.values()]
        clean = (
            term.arg(0, "x_start")
            or term.arg(None, "x_0")
            or term.arg(None, "original_samples")
            or term.arg(None, "x0")
        )
        noise = next((arg for arg in given if draws_noise(arg) is not None or last_name(arg) == "noise"), None)
        others = [arg for arg in given if arg is not clean and arg is not noise]
        return None if clean is None else Noised(event, clean, others[0] if others else None, noise)
    return _formula(event, term) if term.op == "+" else None


def _formula(event: Event, term: Term) -> Noised | None:
    """``a * x + s * noise``"""
    left, right = (_factors(side) for side in term.args)
    for mine, other in ((left, right), (right, left)):
        noise = next((part for part in other if _is_draw(part)), None)
        clean = next(
            (part for part in mine if part.op in ("param", "each", "index", "call", "loop", "name", "attr")), None
        )
        if noise is not None and clean is not None and not any(_is_draw(part) for part in mine):
            values = [part for part in mine if not _is_coefficient(part)]
            return Noised(event, values[0], None, noise) if len(values) == 1 else None
    return None


def _factors(term: Term) -> tuple[Term, ...]:
    return tuple(part for arg in term.args for part in _factors(arg)) if term.op == "*" else (term,)


def _is_draw(term: Term) -> bool:
    return term.op == "call" and draws_noise(term) is not None and term.called.startswith(("randn", "normal"))


def _is_coefficient(term: Term) -> bool:
    """Whether it is a number or a schedule's entry rather than a picture."""
    text = " ".join(last_name(part) for part in walk(term)) + " ".join(
        part.called for part in walk(term) if part.op == "call"
    )
    schedule = re.search(r"alpha|sigma|beta|sqrt|extract|std|gamma|\bt\b|snr|scale|cumprod|rsqrt", text)
    return term.op == "const" or bool(schedule)
