"""DFL806: a statement computes something new and throws it away, where the writer meant to change the old."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.edits import before, delete
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Term
from difflint.relations.terms import path

ANEW = (  # methods of tensors and arrays that leave their object as it is
    *("clamp", "clip", "clamp_min", "clamp_max", "mean", "sqrt", "exp", "abs", "permute", "transpose", "reshape"),
    *("view", "unsqueeze", "squeeze", "detach", "clone", "expand", "masked_fill", "contiguous", "flatten", "round"),
    *("softmax", "sigmoid", "tanh", "pow", "mul", "sub", "div", "lerp", "argmax", "repeat_interleave", "nan_to_num"),
    *("scatter_add", "index_fill", "index_copy", "masked_scatter", "flip", "roll", "float", "add_noise"),
)
OF_TENSORS = (
    "to",
    "cuda",
    "cpu",
    "half",
    "double",
    "bfloat16",
    "long",
    "int",
    "byte",
    "type",
    "float",
    "sum",
)  # modules change
FUNCTIONS = (  # of torch, torch.nn.functional, numpy
    *("clamp", "clip", "mean", "sum", "sqrt", "exp", "abs", "permute", "transpose", "reshape", "squeeze", "unsqueeze"),
    *("where", "round", "softmax", "sigmoid", "tanh", "pow", "mul", "sub", "div", "lerp", "relu", "silu", "gelu"),
    *("dropout", "normalize", "interpolate", "pad", "layer_norm", "group_norm", "flip", "roll", "nan_to_num", "cat"),
    *("stack", "concatenate", "expand_dims", "mse_loss", "l1_loss", "cross_entropy", "leaky_relu", "masked_fill"),
)
LIBRARIES = ("torch", "numpy", "torch.nn.functional", "einops")
PICTURES = ("convert", "resize", "crop", "rotate", "transpose", "filter", "copy", "quantize")
OPENED = ("open", "fromarray", "convert", "to_pil_image", "new", "resize", "crop")
TEXTS = ("strip", "lower", "upper", "rstrip", "lstrip", "replace", "format", "removeprefix", "removesuffix")
IN_BATCH = (
    "image",
    "images",
    "img",
    "imgs",
    "x",
    "y",
    "label",
    "labels",
    "target",
    "targets",
    "noise",
    "latents",
    "data",
)
SCHEDULES = ("LR", "Warmup", "LRScheduler", "Annealing")
ERRORS = ("Error", "Exception")
PROBING = ("raises", "assertRaises", "profile", "record_function", "warns", "subTest")


def check_file(file: File) -> Iterator[Problem]:
    notebook = file.path.endswith(".ipynb")
    for function in file.all_functions:
        for event in function.events:
            shown = notebook and function is file.body and not event.context  # a cell shows its last value
            if event.kind == "expression" and not shown and not _probes(event):
                found = _thrown_away(file, event)
                if found is not None:
                    yield _problem(file, event, *found)


def _probes(event: Event) -> bool:
    """Whether it is only tried whether the call works, or how long it takes."""
    return any(c.kind in ("try", "except") or (c.kind == "with" and c.term.called in PROBING) for c in event.context)


def _thrown_away(file: File, event: Event) -> tuple[str, str] | None:
    """What is thrown away, and what to write."""
    term = event.term
    if term.op == "compare" and isinstance(term.value, tuple) and term.value == ("Eq",):
        left, right = file.code(term.args[0]), file.code(term.args[1])
        return "a comparison", f"{left} = {right}"
    if term.op != "call" or term.keywords.get("inplace") is not None or term.keywords.get("out") is not None:
        return None
    written = file.code(term)
    if term.called.endswith(ERRORS) and term.args[0].op in ("name", "class", "lib") and term.called[:1].isupper():
        return "an exception that nobody raises", f"raise {written}"
    if _is_schedule(term):
        return "a schedule of the learning rate that nobody steps", f"lr_scheduler = {written}"
    changed = _changed(file, term)
    return None if changed is None else ("a new value", f"{changed} = {written}")


def _is_schedule(term: Term) -> bool:
    given = term.positional[:1]
    optimizer = bool(given) and "optim" in (path(given[0]) or str(getattr(given[0].node, "id", "")))
    return term.called.endswith(SCHEDULES) and term.called[:1].isupper() and optimizer


def _changed(file: File, term: Term) -> str | None:
    """The name that the writer wanted to change by the call."""
    func = term.args[0].node
    if not isinstance(func, ast.Attribute):
        return None
    if term.args[0].op == "lib":
        library, _, name = str(term.args[0].value).rpartition(".")
        first = term.positional[0].node if term.positional else None
        into = library == "numpy" and name != "clip" and len(term.positional) > 1  # np.sqrt(x, x) writes into x
        return _name(first) if library in LIBRARIES and name in FUNCTIONS and not into else None
    receiver = term.receiver
    if receiver is None or not _is_anew(term, receiver):
        return None
    return _name(func.value)


def _is_anew(term: Term, receiver: Term) -> bool:
    name = term.called
    if name in ("flip", "round", "clip") and not term.positional and not term.keywords:
        return False
    if name == "detach" and receiver.op == "attr":  # finalizers, hooks and processes have one, too
        return False
    if name in ANEW and name not in OF_TENSORS:
        return True
    if name in OF_TENSORS:
        return _is_tensor(receiver)
    if name in PICTURES and receiver.op == "call":
        return receiver.called in OPENED
    return name in TEXTS and (receiver.op == "string" or (receiver.op == "const" and isinstance(receiver.value, str)))


def _is_tensor(term: Term) -> bool:
    """Whether it is surely no module: the result of an operation, or a part of what a loader gives."""
    if term.op == "call":
        library = term.args[0].op == "lib" and str(term.args[0].value).rpartition(".")[0] in LIBRARIES
        return library or (term.args[0].op == "attr" and term.called in ANEW)
    part = term.op == "index" and term.args[0].op == "each" and term.args[1].op == "const"
    return term.op in ("+", "-", "*", "/") or (part and str(getattr(term.node, "id", "")) in IN_BATCH)


def _name(node: ast.AST | None) -> str | None:
    """A name, attribute or item, as it is written."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None


def _problem(file: File, event: Event, lost: str, repair: str) -> Problem:
    place = file.place(event.term)
    whole = "…" not in repair
    keep = Fix("unsafe", "Keep the result.", (before(place, repair), delete(place))) if whole else None
    return Problem(
        place,
        {"code": file.code(event.term), "lost": lost},
        (file.step(event.term, f"{file.code(event.term)} makes {lost}, and nobody takes it"),),
        f"Write {repair}",
        fix=keep,
    )
