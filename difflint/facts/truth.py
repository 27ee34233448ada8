"""Truth of values, and what a test tells about the names in it."""

from __future__ import annotations

from typing import Any

import libcst as cst

from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.values import (
    Choice,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Library,
    LibraryObject,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    join,
)


def truth(value: Value) -> bool | None:
    """Whether it is surely true, surely false, or None."""
    if isinstance(value, Choice):
        found = {truth(v) for v in value.values}
        return found.pop() if len(found) == 1 else None
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Items):
        return bool(value.items)
    if isinstance(value, Record):
        return True if value.entries else (None if value.rest is not None else False)
    return True if isinstance(value, Function | Class | Instance | Library | LibraryObject) else None


def refine(machine: Machine, frame: Frame, test: Any, holds: bool) -> None:
    """Keep only the choices of a tested name that agree with the outcome of the test."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        refine(machine, frame, test.expression, not holds)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is holds:
            refine(machine, frame, test.left, holds)
            refine(machine, frame, test.right, holds)
    elif isinstance(test, cst.Name):
        _keep(frame, test.value, lambda v: truth(v) is not (not holds))
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        _refine_comparison(machine, frame, test, holds)
    elif isinstance(test, cst.Call) and isinstance(test.func, cst.Name) and test.func.value == "isinstance":
        _refine_isinstance(machine, frame, test, holds)


def _refine_comparison(machine: Machine, frame: Frame, test: cst.Comparison, holds: bool) -> None:
    operator, right = test.comparisons[0].operator, test.comparisons[0].comparator
    same = isinstance(operator, cst.Is | cst.Equal)
    if not same and not isinstance(operator, cst.IsNot | cst.NotEqual):
        return
    wanted = holds is same
    if isinstance(test.left, cst.Name):
        expected = machine.evaluate(frame, right)
        if isinstance(expected, Const):
            _keep(frame, test.left.value, lambda v: _equal(v, expected) is not (not wanted))
    elif (
        isinstance(test.left, cst.Attribute)
        and test.left.attr.value == "dtype"
        and isinstance(test.left.value, cst.Name)
    ):
        dtype = dtype_name(machine.evaluate(frame, right))
        if dtype is not None:
            _keep(
                frame,
                test.left.value.value,
                lambda v: not isinstance(v, Tensor) or v.dtype is None or (v.dtype == dtype) is wanted,
            )


def _equal(value: Value, expected: Const) -> bool | None:
    if isinstance(value, Const):
        return value == expected or (expected.value is not None and bool(value.value == expected.value))
    if isinstance(value, Unknown | Choice):
        return None
    return False if expected.value is None else None


def _refine_isinstance(machine: Machine, frame: Frame, test: cst.Call, holds: bool) -> None:
    target = test.args[0].value if len(test.args) == 2 else None
    if not isinstance(target, cst.Name):
        return
    kinds = machine.evaluate(frame, test.args[1].value)
    _keep(frame, target.value, lambda v: is_instance(v, kinds) is not (not holds))


def is_instance(value: Value, kinds: Value) -> bool | None:
    """What ``isinstance(value, kinds)`` gives, None if that is not known."""
    if isinstance(value, Unknown | Choice):
        return None
    answers = [_is_one(value, kind) for kind in (kinds.items if isinstance(kinds, Items) else (kinds,))]
    return True if True in answers else (None if None in answers else False)


ARRAYS = {"torch.Tensor": "tensor", "numpy.ndarray": "array", "PIL.Image.Image": "pil", "torch.FloatTensor": "tensor"}
PLAIN = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple, "dict": dict}


def _is_one(value: Value, kind: Value) -> bool | None:
    name = kind.name if isinstance(kind, Library | Class) else None
    if name is None:
        return None
    if isinstance(value, Tensor):
        return _is_array(value, name)
    plain = PLAIN.get(name.removeprefix("builtins."))
    if isinstance(value, Const):
        return plain is not None and isinstance(value.value, plain)
    if isinstance(value, Items):
        return value.kind == name.removeprefix("builtins.")
    if isinstance(value, Record):
        return True if plain is dict else None
    if isinstance(value, Instance):
        return (kind in value.cls.mro()) if isinstance(kind, Class) else (False if plain or name in ARRAYS else None)
    return False if plain or name in ARRAYS else None


def _is_array(value: Tensor, name: str) -> bool | None:
    if name in ARRAYS:
        return None if value.container is None else value.container == ARRAYS[name]
    return False if name.removeprefix("builtins.") in PLAIN else None


def _keep(frame: Frame, name: str, agrees: Any) -> None:
    value = frame.scope.find(name)
    if value is None or not isinstance(value, Choice):
        return
    kept = [v for v in choices(value) if agrees(v)]
    if kept and len(kept) < len(value.values):
        frame.scope.names[name] = join(kept)


DTYPES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "long": "int64",
    "int": "int32",
    "bool_": "bool",
    "ubyte": "uint8",
    "ByteTensor": "uint8",
    "FloatTensor": "float32",
    "HalfTensor": "float16",
    "float_": "float64",
}


def dtype_name(value: Value | None) -> str | None:
    """The dtype that ``torch.uint8``, ``np.float32``, ``"uint8"`` or ``float`` means, or None."""
    if isinstance(value, Const) and isinstance(value.value, str):
        last = value.value.rpartition(".")[2]
    elif isinstance(value, Library):
        last = value.name.rpartition(".")[2]
        if value.name == "builtins.float":
            return "float64"
    else:
        return None
    last = {"u1": "uint8", "f4": "float32"}.get(last, last)
    last = DTYPES.get(last, last)
    return last if last.startswith(("float", "int", "uint", "bfloat", "bool", "complex")) else None
