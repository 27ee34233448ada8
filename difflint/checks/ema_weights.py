"""DFL720: the weights of an average are swapped, or do not add up to 1."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.averages import DECAYS, Update, known_number, updates
from difflint.relations.roles import name_of
from difflint.relations.terms import number

HALF = 0.5


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for update in updates(file):
        if update.act.file is not file or not _is_average(update) or id(update.act.event) in seen:
            continue
        decay = _decay_of_the_new(update)
        if decay is not None:
            seen.add(id(update.act.event))
            yield _swapped(file, update, decay)
        elif not update.is_lerp and _is_sum_open(update):
            seen.add(id(update.act.event))
            yield _open_sum(file, update)


def _is_average(update: Update) -> bool:
    """Whether two networks are averaged, or something that is called an average."""
    names = f"{name_of(update.target)} {update.act.function.qualname}".lower()
    return (update.into is not None and update.out_of is not None) or "ema" in names or "averag" in names


def _decay_of_the_new(update: Update) -> Term | None:
    """The decay, near 1, that weighs what comes in; None where the weights are right or not known."""
    take, keep = _plain(update.take), update.keep
    if take is None or _rest(take) is not None:
        return _small_kept(update)
    if not update.is_lerp and (keep is None or _rest(keep) != take):
        return None
    known = known_number(update.act.file, take)
    if known is not None:
        return take if HALF < known < 1 else None
    return take if _is_called_decay(update, take) else None


def _is_called_decay(update: Update, weight: Term) -> bool:
    """Whether a weight is called a decay, or beta in something that is called an average."""
    name, where = name_of(weight), update.act.function.qualname
    return DECAYS.search(name) is not None or (name == "beta" and re.search(r"ema|average", where, re.I) is not None)


def _small_kept(update: Update) -> Term | None:
    """The weight near 0 that the old value has, where the new one has what is left of 1."""
    take, keep = update.take, update.keep
    if take is None or keep is None or _rest(take) != keep:
        return None
    known = known_number(update.act.file, keep)
    return keep if known is not None and 0 < known < HALF else None


def _rest(term: Term) -> Term | None:
    """x in ``1 - x``; nothing in ``1 - (1 - x)``, which is x."""
    rest = term.args[1] if term.op == "-" and number(term.args[0]) == 1 else None
    return rest if rest is None or _rest(rest) is None else None


def _plain(term: Term | None) -> Term | None:
    """x for ``1 - (1 - x)``."""
    inner = term.args[1] if term is not None and term.op == "-" and number(term.args[0]) == 1 else None
    return _rest(inner) or term if inner is not None else term


def _is_sum_open(update: Update) -> bool:
    """Whether the old value is weighed with a decay and the new one with 1 or the same decay."""
    keep, take = update.keep, update.take
    if keep is None or _rest(keep) is not None:
        return False
    known = known_number(update.act.file, keep)
    decays = HALF < known < 1 if known is not None else _is_called_decay(update, keep)
    return decays and (take is None or take == keep) and update.into is not None and update.out_of is not None


def _swapped(file: File, update: Update, decay: Term) -> Problem:
    what = f"keeps little of the average and takes nearly all from the network ({file.code(decay)})"
    return Problem(
        file.place(update.act.event),
        {"code": file.code(update.act.event), "what": what},
        (
            *(call.file.step(call.event, "called here") for call in update.act.calls if call.file is file),
            file.step(update.act.event, f"{file.code(decay)} weighs the wrong one of the two"),
        ),
        "Weigh the old average with the decay and the new weights with 1 - decay.",
    )


def _open_sum(file: File, update: Update) -> Problem:
    what = "weighs old and new with factors whose sum is not 1, so that all weights grow for ever"
    return Problem(
        file.place(update.act.event),
        {"code": file.code(update.act.event), "what": what},
        (file.step(update.act.event, "old times decay, plus new: the factors are not decay and 1 - decay"),),
        "Weigh the old average with the decay and the new weights with 1 - decay.",
    )
