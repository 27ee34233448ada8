"""DFL118: a size that is taken as (width, height) is given as (height, width), or the reverse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.terms import number

_WORDS = re.compile(r"\bresize\(")


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_WORDS):
        for event in function.calls:
            found = _swapped(event.term) if id(event.node) not in seen else None
            seen.add(id(event.node))
            if found is not None:
                size, what = found
                yield _problem(file, event.term, size, what)


def _swapped(call: Term) -> tuple[Term, str] | None:
    """The size of a resize that stands in the order of arrays, when both halves say so."""
    if call.callee == "cv2.resize":
        size = call.arg(1, "dsize")
    elif call.called == "resize" and call.receiver is not None and _is_pil(call):
        size = call.arg(0, "size")
    else:
        return None
    if size is None or size.op not in ("tuple", "list") or len(size.args) != 2:
        return _whole_shape(size)
    first, second = (_dimension(part) for part in size.args)
    return (size, "(height, width)") if (first, second) == ("height", "width") else None


def _is_pil(call: Term) -> bool:
    """Whether the object surely is a PIL picture: how it was made says so, or a filter of PIL that is given."""
    filters = [part for part in (*call.positional, *call.keywords.values()) if str(part.value).startswith("PIL.Image.")]
    owner = call.receiver
    while owner is not None and owner.op == "call" and owner.called in ("convert", "crop", "copy", "resize", "filter"):
        owner = owner.receiver
    made = owner is not None and owner.callee in ("PIL.Image.open", "PIL.Image.fromarray", "PIL.Image.new")
    return bool(filters) or made


def _whole_shape(size: Term | None) -> tuple[Term, str] | None:
    """``x.shape[:2]`` as it is."""
    if size is None or size.op != "index" or not _is_shape(size.args[0]):
        return None
    key = size.args[1]
    upper = number(key.args[1]) if key.op == "slice" else None
    lower = number(key.args[0]) if key.op == "slice" else None
    both = key.op == "slice" and ((upper == 2 and lower in (None, 0)) or (lower == -2 and upper is None))
    return (size, "(height, width)") if both else None


def _is_shape(term: Term) -> bool:
    return term.op == "attr" and term.value == "shape"


def _dimension(term: Term) -> str:
    """``height`` or ``width``, of an array's shape or of a PIL picture's size."""
    if term.op != "index":
        return ""
    owner, key = term.args
    axis = number(key)
    if owner.op == "index" and _whole_shape(owner) is not None and axis in (0, 1):
        return ("height", "width")[int(axis)]
    if _is_shape(owner) and axis in (-2, -1):
        return ("height", "width")[int(axis) + 2]
    return ""


def _problem(file: File, call: Term, size: Term, what: str) -> Problem:
    return Problem(
        file.place(call),
        {"code": file.code(call), "size": file.code(size)},
        (file.step(size, f"{file.code(size)} is {what}"), file.step(call, "takes (width, height)")),
        "Write the width first: (w, h).",
    )
