"""Where a value is brought to half precision, as far as the text says so."""

from __future__ import annotations

from difflint.relations.terms import Term, label

HALF = {
    "torch.float16": "float16",
    "torch.half": "float16",
    "numpy.float16": "float16",
    "torch.bfloat16": "bfloat16",
}
METHODS = {"half": "float16", "bfloat16": "bfloat16"}
TAKE_DTYPE = (
    *("to", "type", "astype", "linspace", "arange", "tensor", "as_tensor", "array", "asarray", "zeros", "ones", "full"),
)
WIDENING = ("float", "double", "float32", "to", "type", "astype", "type_as")


def cast_to_half(call: Term) -> str | None:
    """``float16`` or ``bfloat16``, when a call converts to it: ``x.half()``, ``x.to(dtype=torch.bfloat16)``."""
    if call.op != "call":
        return None
    if call.receiver is not None and call.called in METHODS and not call.positional:
        return METHODS[call.called]
    if call.called not in TAKE_DTYPE:
        return None
    given = (*call.positional, call.keywords.get("dtype"))
    names = (str(part.value) for part in given if part is not None and part.op == "lib")
    return next((HALF[name] for name in names if name in HALF), None)


def is_widened(call: Term) -> bool:
    """Whether a call brings a value to full precision, or to one that is not written there."""
    if call.op != "call" or call.called not in WIDENING or cast_to_half(call) is not None:
        return False
    given = (*call.positional, *call.keywords.values())
    return call.called != "to" or not given or not all(map(_is_device, given))


def _is_device(term: Term) -> bool:
    """Whether ``.to(x)`` with it only moves the tensor."""
    return (term.op == "const" and isinstance(term.value, str | int | bool)) or "device" in label(term)


def half_of(term: Term) -> tuple[str, Term] | None:
    """The half precision that a value surely has, and where it got it: all that is computed with it is in it too."""
    found = cast_to_half(term)
    if found is not None:
        return found, term
    if is_widened(term):
        return None
    if term.op in ("+", "-", "*", "/", "**"):
        sides = [half_of(arg) for arg in term.args if arg.op != "const"]
        return sides[0] if sides and all(sides) else None
    if term.op == "neg":
        return half_of(term.args[0])
    if term.op == "call" and term.receiver is not None:
        return half_of(term.receiver)
    if term.op == "call" and term.callee.startswith("torch.") and term.positional and "dtype" not in term.keywords:
        return half_of(term.positional[0])
    return half_of(term.args[0]) if term.op == "index" else None
