"""Calls in one form, whether a function of torch, NumPy or math, or a method: a name and operands."""

from __future__ import annotations

from dataclasses import dataclass

from difflint.relations.terms import Term

LIBRARIES = ("torch", "numpy", "math", "jax.numpy", "scipy.special", "tensorflow", "torch.nn.functional", "np", "cmath")
# What changes neither the numbers nor which of them belong together.
SAME = frozenset(
    (
        *(
            "to",
            "float",
            "double",
            "half",
            "bfloat16",
            "type",
            "type_as",
            "cuda",
            "cpu",
            "detach",
            "clone",
            "contiguous",
        ),
        *(
            "view",
            "reshape",
            "unsqueeze",
            "squeeze",
            "expand",
            "expand_as",
            "repeat",
            "flatten",
            "view_as",
            "numpy",
            "item",
        ),
        *("tensor", "as_tensor", "from_numpy", "asarray", "array", "requires_grad_", "broadcast_to", "astype", "copy"),
        *(
            "FloatTensor",
            "Tensor",
            "float32",
            "float64",
            "DoubleTensor",
            "tolist",
            "Parameter",
            "broadcast_to",
            "rearrange",
        ),
        *(
            "requires_grad",
            "ravel",
            "unsqueeze_",
            "squeeze_",
            "to_torch",
            "append_dims",
            "right_pad_dims_to",
            "stop_gradient",
        ),
        *("unsqueeze_as", "expand_dims", "pad_dims_like", "match_dims", "expand_to", "stack", "mean_flat"),
    )
)
GATHERS = frozenset(
    (
        *(
            "extract",
            "_extract",
            "extract_into_tensor",
            "_extract_into_tensor",
            "gather",
            "_gather",
            "index_select",
            "take",
        ),
        *("extract_", "get_index_from_list", "get_at", "take_along_dim", "_get_value", "get_value", "at_t"),
    )
)


@dataclass(frozen=True)
class Operation:
    """``name`` of what is done, the ``operands`` it is done to, and the arguments with a keyword."""

    name: str
    operands: tuple[Term, ...]
    keywords: dict[str, Term]

    def operand(self, position: int, *names: str) -> Term | None:
        """An argument by position (the object of a method is number 0) or by one of its keywords."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.operands[position] if position < len(self.operands) else None


def operation(term: Term) -> Operation | None:
    """A call as an operation; None for anything else and where stars hide the arguments."""
    if term.op != "call" or term.open:
        return None
    called = term.args[0]
    if called.op == "lib":
        return Operation(term.called.removesuffix("_"), term.positional, term.keywords)
    if called.op == "attr":
        owner = called.args[0]
        is_module = owner.op in ("lib", "name") and str(owner.value) in LIBRARIES
        given = term.positional if is_module else (owner, *term.positional)
        return Operation(str(called.value).removesuffix("_"), given, term.keywords)
    return Operation(term.called, term.positional, term.keywords)


def stripped(term: Term) -> Term:
    """The term without casts, moves and changes of shape around it."""
    while True:
        done = operation(term)
        if done is not None and done.name in SAME and done.operands:
            term = done.operands[0]
        elif term.op == "index" and is_broadcast(term.args[1]):
            term = term.args[0]
        else:
            return term


def is_broadcast(key: Term) -> bool:
    """Whether an index only adds axes: ``[:, None, None, None]``, ``[..., None]``."""
    parts = key.args if key.op == "tuple" else (key,)
    return all(_adds(part) for part in parts)


def _adds(part: Term) -> bool:
    if part.op == "slice":
        return all(bound.op == "const" and bound.value is None for bound in part.args)
    return (part.op == "const" and part.value in (None, "...")) or part.callee in ("numpy.newaxis",)
