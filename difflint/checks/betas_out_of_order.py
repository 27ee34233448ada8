"""DFL407: betas that fall, that leave (0, 1), or the last of a cosine schedule that nobody clips."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.model import named_values
from difflint.relations.operations import operation, stripped
from difflint.relations.quantities import read
from difflint.relations.schedule import Schedule
from difflint.relations.terms import as_written, is_read, number, walk

CLIPS = ("clip", "clamp", "clamp_max", "clamp_", "minimum", "min", "clip_")


def check_file(file: File) -> Iterator[Problem]:
    schedule, told = file.once(Schedule), set[int]()
    for function in file.functions:
        for event in function.events:
            for term in _betas(function, event):
                found = _ends(file, term) or _unclipped(schedule, function, term)
                if found is not None and id(found[0].node) not in told:
                    told.add(id(found[0].node))
                    yield _problem(file, *found)


def _betas(function: Function, event: Event) -> Iterator[Term]:
    """What is called betas, or returned by a function whose name says so."""
    for name, term in named_values(event):
        quantity = read(name)
        if quantity is not None and quantity.table == "beta" and quantity.plain:
            yield term
    if event.kind == "return" and "beta" in function.name.lower():
        yield event.term


def _ends(file: File, term: Term) -> tuple[Term, str, str] | None:
    """Evenly spaced numbers, perhaps squared, whose ends are those of no betas."""
    for part in as_written(term):
        done = None if is_read(part) else operation(part)
        if done is None or done.name != "linspace" or len(done.operands) < 2:
            continue
        start, end = (_constant(file, operand) for operand in done.operands[:2])
        if start is None or end is None or not _looks_like_betas(start, end):
            continue
        if start > end:
            return part, f"from {start:g} to {end:g}", "betas fall"
        if end >= 1:
            return part, f"up to {end:g}", "the last beta is not below 1"
    return None


def _looks_like_betas(start: float, end: float) -> bool:
    """Small positive numbers: a table of times or of alphas has others."""
    return 0 < min(start, end) < 0.05 and max(start, end) <= 20


def _constant(file: File, term: Term) -> float | None:
    """A number, that of a default included; a root is the root of one."""
    known = number(term)
    if known is None and term.op == "param":
        owner = next((f for f in file.every if f.qualname == term.value[1]), None)
        known = number(owner.defaults.get(term.value[0])) if owner is not None else None
    if known is None and term.op == "**" and number(term.args[1]) == 0.5:
        inner = _constant(file, term.args[0])
        known = inner**0.5 if inner is not None and inner > 0 else None
    return known


def _unclipped(schedule: Schedule, function: Function, term: Term) -> tuple[Term, str, str] | None:
    """``1 - alpha_bar[1:] / alpha_bar[:-1]`` of a cosine, with its last entry as it is."""
    plain = stripped(term)
    if not (plain.op == "-" and number(plain.args[0]) == 1 and _is_ratio(plain.args[1])):
        return None
    if not any(part.called == "cos" for part in walk(schedule.opener.open(plain))):
        return None
    clipped = any(event.term.called in CLIPS for other in schedule.file.functions for event in other.calls)
    return (
        None
        if clipped
        else (plain, "with a last entry of about 1", "the last beta of a cosine schedule is not clipped")
    )


def _is_ratio(term: Term) -> bool:
    """A table without its first entry over the same table without its last."""
    term = stripped(term)
    if term.op != "/" or any(part.op != "index" or part.args[1].op != "slice" for part in term.args):
        return False
    above, below = term.args
    return above.args[0] == below.args[0] and number(above.args[1].args[0]) == 1 and number(below.args[1].args[1]) == -1


def _problem(file: File, term: Term, what: str, defect: str) -> Problem:
    code = file.code(term)
    trace = (file.step(term, f"{code} goes {what}"),)
    return Problem(file.place(term), {"code": code, "what": what, "defect": defect}, trace, REPAIRS[defect])


REPAIRS = {
    "betas fall": "Give the smaller beta first: torch.linspace(beta_start, beta_end, T) with beta_start < beta_end.",
    "the last beta is not below 1": "Let the betas end well below 1, for example at 0.02 for 1000 steps.",
    "the last beta of a cosine schedule is not clipped": "Return torch.clip(betas, 0, 0.999).",
}
