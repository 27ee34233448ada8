"""Questions that code asks about an array: what holds it and of which dtype it is."""

from __future__ import annotations

from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.truth import dtype_name
from difflint.facts.values import Choice, Const, Library, Tensor, Unknown, Value


class Statistic(Unknown):
    """The least or greatest of a tensor's values: a number of the data's own, which in a test counts as ``end``, the
    end of the range that the writer means."""

    __slots__ = ("end",)

    def __init__(self, end: float, site: Site | None) -> None:
        super().__init__("statistic", site)
        self.end = end


FLOATING = ("float", "bfloat")
# the abstract types of numpy, and how the names of the dtypes below them begin
ABSTRACT = {
    "numpy.floating": ("float",),
    "numpy.integer": ("int", "uint"),
    "numpy.signedinteger": ("int",),
    "numpy.unsignedinteger": ("uint",),
    "numpy.number": ("float", "int", "uint", "complex"),
    "numpy.inexact": ("float", "complex"),
    "builtins.float": ("float64",),
    "builtins.int": ("int64",),
}


def is_tensor(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``torch.is_tensor(x)``."""
    value = arguments.get(0, "obj")
    if isinstance(value, Tensor):
        return _answer(None if value.container is None else value.container == "tensor")
    return _answer(None if value is None or isinstance(value, Unknown | Choice) else False)


def is_floating_point(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``x.is_floating_point()``."""
    value = arguments.get(0, "input")
    dtype = value.dtype if isinstance(value, Tensor) else None
    return _answer(None if dtype is None else dtype.startswith(FLOATING))


def is_sub_dtype(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``np.issubdtype(x.dtype, np.floating)``."""
    dtype, kind = dtype_name(arguments.get(0, "arg1")), arguments.get(1, "arg2")
    if dtype is None or not isinstance(kind, Library):
        return _answer(None)
    begins = ABSTRACT.get(kind.name)
    if begins is not None:
        return _answer(dtype.startswith(begins))
    other = dtype_name(kind)
    return _answer(None if other is None else dtype == other)


def _answer(known: bool | None) -> Value:
    return Unknown("question") if known is None else Const(known)
