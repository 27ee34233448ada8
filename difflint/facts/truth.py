"""Truth of values, what ``isinstance`` says of them, and which dtype a value names."""

from __future__ import annotations

from difflint.facts.values import (
    Choice,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Library,
    LibraryObject,
    Option,
    Record,
    Tensor,
    Unknown,
    Value,
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


def usually(value: Value) -> bool | None:
    """The same, a flag of the command line taken at its default."""
    return value.default if isinstance(value, Option) else truth(value)


def is_instance(value: Value, kinds: Value) -> bool | None:
    """What ``isinstance(value, kinds)`` gives, None if that is not known."""
    if isinstance(value, Choice) or (isinstance(value, Unknown) and not value.is_index):
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
    if isinstance(value, Unknown):
        return plain is int if plain is not None or name in ARRAYS else None
    if isinstance(value, Const):
        return plain is not None and isinstance(value.value, plain)
    if isinstance(value, Items):
        return value.kind == name.removeprefix("builtins.")
    if isinstance(value, Record):
        return True if plain is dict else None
    if isinstance(value, Instance) and value.cls.find("_bunch") is not None and plain is dict:
        return None
    if isinstance(value, Instance):
        return (kind in value.cls.mro()) if isinstance(kind, Class) else (False if plain or name in ARRAYS else None)
    return False if plain or name in ARRAYS else None


def _is_array(value: Tensor, name: str) -> bool | None:
    if name in ARRAYS:
        return None if value.container is None else value.container == ARRAYS[name]
    return False if name.removeprefix("builtins.") in PLAIN else None


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
