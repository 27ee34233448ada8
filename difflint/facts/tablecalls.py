"""Library calls on tables of known numbers: what ``linspace``, ``cumprod`` and their like compute."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable, Mapping
from dataclasses import replace

from difflint.facts import schedules, tables
from difflint.facts.machine import Arguments, Machine
from difflint.facts.steps import Site
from difflint.facts.tables import Table, number_of, numbers_of
from difflint.facts.truth import dtype_name
from difflint.facts.values import COEFFICIENT, Choice, Const, Items, Value, constant

Handler = Callable[[Machine, Arguments, Site], Value | None]
MODULES = frozenset(["torch", "numpy", "math", "Tensor", "builtins", "torch.special", "torch.nn.functional"])


def call(machine: Machine, name: str, arguments: Arguments, site: Site) -> Value | None:
    """The value of a call on known numbers; None where this module has nothing to say about it."""
    handler = _handler(name)
    if handler is None:
        return None
    result = handler(machine, arguments, site)
    return COEFFICIENT if result is None and name not in OTHERWISE and _first_is_table(arguments) else result


def _handler(name: str) -> Handler | None:
    module, _, function = name.rpartition(".")
    return HANDLERS.get(function) if module in MODULES and (module != "builtins" or function in BUILTINS) else None


def knows(name: str) -> bool:
    """Whether a library name is told apart from the others of its row, because it computes other numbers."""
    return not name.startswith(("Tensor.", "builtins.")) and name not in CLASSES and _handler(name) is not None


def computes(name: str) -> bool:
    """Whether calling it only computes numbers."""
    return _handler(name) is not None


def knows_method(name: str) -> bool:
    return f"Tensor.{name}" not in OTHERWISE and name in HANDLERS and name not in MAKERS


def _first_is_table(arguments: Arguments) -> bool:
    return bool(arguments.args) and isinstance(arguments.args[0], Table)


def forget(arguments: Arguments) -> Arguments:
    """The arguments for whatever knows nothing of numbers."""
    if not any(isinstance(v, Table) for v in (*arguments.args, *(v for _, v in arguments.kwargs))):
        return arguments
    args = tuple(tables.forgotten(v) for v in arguments.args)
    return Arguments(args, tuple((key, tables.forgotten(v)) for key, v in arguments.kwargs), arguments.open)


def ways(arguments: Arguments) -> tuple[Arguments, ...]:
    """One call for each table that the first argument may be."""
    first = arguments.args[0] if arguments.args else None
    if not isinstance(first, Choice) or not any(isinstance(v, Table) for v in first.values):
        return (arguments,)
    return tuple(replace(arguments, args=(value, *arguments.args[1:])) for value in first.values)


def attribute(table: Table, name: str) -> Value | None:
    """``betas.shape``, ``betas.T`` and so on; None for anything that is no attribute of a table."""
    if name in ("data", "T", "real") and table.is_array:
        return table
    if name == "shape" and table.is_array:
        return Items((Const(len(table.numbers)),), "tuple")
    return Const(len(table.numbers)) if name == "size" and table.is_array else None


def note_scheduler(machine: Machine, arguments: Arguments, bound: Mapping[str, Value], site: Site) -> None:
    """What a diffusers scheduler is made with: the constants of a formula, or betas of the user's own."""
    own = numbers_of(arguments.keyword("trained_betas"))
    found = schedules.from_scheduler(bound, site) if own is None else schedules.of_betas(own, site)
    machine.seen.note_schedule(found)


def _elementwise(function: Callable[[float], float]) -> Handler:
    def handle(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
        return tables.each(function, arguments.args[0]) if len(arguments.args) == 1 else None

    return handle


def _exp(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """The exponential of a running sum of logarithms is a running product."""
    result = _elementwise(math.exp)(machine, arguments, site)
    given = arguments.args[0] if arguments.args else None
    if isinstance(given, Table) and given.summed is not None:
        machine.seen.note_schedule(schedules.of_alphas(map(math.exp, given.summed), site))
    return result


def _operator(operator: str) -> Handler:
    def handle(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
        if len(arguments.args) != 2:
            return None
        return tables.binary(operator, arguments.args[0], arguments.args[1])

    return handle


def _cumprod(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """A running product of factors in (0, 1]: that is what alpha_bar is made of alphas."""
    table = tables.running(arguments.args[0], op.mul) if arguments.args else None
    numbers = numbers_of(arguments.args[0]) if table is not None else None
    if numbers is not None:
        machine.seen.note_schedule(schedules.of_alphas(numbers, site))
    return table


def _cumsum(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    return tables.running(arguments.args[0], op.add) if arguments.args else None


def _clip(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    low = arguments.get(1, "min") or arguments.keyword("a_min")
    high = arguments.get(2, "max") or arguments.keyword("a_max")
    bounds = [None if given in (None, Const(None)) else number_of(given) for given in (low, high)]
    missing = [given in (None, Const(None)) for given in (low, high)]
    if not arguments.args or any(b is None and not m for b, m in zip(bounds, missing, strict=True)):
        return None
    return tables.clipped(arguments.args[0], *bounds) if isinstance(arguments.args[0], Table | Items) else None


def _extreme(choose: Callable[..., float]) -> Handler:
    """``max(a, b)`` number by number, ``table.max()`` over the table, ``maximum(a, b)`` entry by entry."""

    def handle(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
        if arguments.kwargs or not arguments.args:
            return None
        if len(arguments.args) == 1:
            return _reduced(arguments.args[0], choose)
        result: Value | None = arguments.args[0]
        for other in arguments.args[1:]:
            result = _between(choose, result, other) if result is not None else None
        return result

    return handle


def _between(choose: Callable[..., float], a: Value, b: Value) -> Value | None:
    single, many = (a, b) if tables.kind_of(a) == "number" else (b, a)
    bound = number_of(single)
    if bound is None:
        return None
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(choose(a.value, b.value)) if number_of(many) is not None else None
    return tables.each(lambda x: choose(x, bound), many)


def _reduced(value: Value, reduce: Callable[..., float]) -> Value | None:
    numbers = numbers_of(value) if tables.kind_of(value) in ("array", "list") else None
    return tables.made((reduce(numbers),), "number", value) if numbers else None


def _reduction(reduce: Callable[..., float]) -> Handler:
    def handle(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
        alone = len(arguments.args) == 1 and not arguments.kwargs
        return _reduced(arguments.args[0], reduce) if alone and isinstance(arguments.args[0], Table) else None

    return handle


def _linspace(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    start, end = number_of(arguments.get(0, "start")), number_of(arguments.get(1, "end") or arguments.keyword("stop"))
    steps = constant(arguments.get(2, "steps") or arguments.keyword("num") or Const(50))
    endpoint = constant(arguments.keyword("endpoint") or Const(True))
    if start is None or end is None or not isinstance(steps, int) or _is_whole(arguments.keyword("dtype")):
        return None
    return tables.evenly(start, end, steps, endpoint is not False)


def _logspace(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    exponents = _linspace(machine, replace(arguments, args=arguments.args[:3]), site)
    base = number_of(arguments.get(3, "base") or Const(10.0))
    return tables.binary("**", Const(base), exponents) if exponents is not None and base is not None else None


def _arange(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    named = {"start", "end", "stop", "step"} & {key for key, _ in arguments.kwargs}
    given = [number_of(v) for v in arguments.args[:3]]
    if named or not given or any(number is None for number in given):
        return None
    bounds = [number for number in given if number is not None]
    return tables.stepping(*{1: (0.0, *bounds, 1.0), 2: (*bounds, 1.0), 3: tuple(bounds)}[len(bounds)])


def _array(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """``np.array([...])``, ``torch.tensor([...])``: a flat list of numbers becomes an array."""
    given, wanted = arguments.args[0] if arguments.args else None, arguments.get(1, "dtype")
    if _is_whole(wanted) or not isinstance(given, Table | Items) or getattr(given, "kind", "") == "batch":
        return None
    numbers = numbers_of(given)
    if numbers is None or (isinstance(given, Table) and given.kind == "round"):
        return None
    if isinstance(given, Items):
        scalars = all(isinstance(v, Const) for v in given.items)
        return Items(given.items, "array") if scalars and len(given.items) <= tables.CHANNELS else Table(numbers)
    return Table(numbers, "number" if given.kind == "number" else "array", given.summed)


def _same(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """A move, a copy or a cast between floats; a cast to whole numbers cuts, a cast to half precision rounds."""
    given = arguments.args[0] if arguments.args else None
    wanted = [dtype_name(v) for v in (*arguments.args[1:], *(v for key, v in arguments.kwargs if key == "dtype"))]
    if isinstance(given, Const):
        return None if any(wanted) else given
    if not isinstance(given, Table) or any(w in ("float16", "bfloat16") for w in wanted):
        return None
    return tables.each(math.trunc, given) if any(w and not w.startswith("float") for w in wanted) else given


def _whole(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    given = arguments.args[0] if arguments.args else None
    return tables.each(math.trunc, given) if isinstance(given, Table) and len(arguments.args) == 1 else None


def _float(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    given = arguments.args[0] if arguments.args else None
    number = constant(given)
    return given if isinstance(given, Table) else (Const(float(number)) if tables.is_number(number) else None)


def _item(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    given = arguments.args[0] if arguments.args else None
    return given if isinstance(given, Table) or tables.kind_of(given) == "number" else None


def _is_whole(dtype: Value | None) -> bool:
    name = dtype_name(dtype)
    return name is not None and not name.startswith(("float", "bfloat"))


def _listed(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    given = arguments.args[0] if arguments.args else None
    return Table(given.numbers, "list") if isinstance(given, Table) and given.kind in ("array", "list") else None


def _flipped(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    given = arguments.args[0] if arguments.args else None
    return Table(given.numbers[::-1], given.kind) if isinstance(given, Table) and given.kind != "round" else None


def _joined(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """``cat``, ``concatenate``, ``hstack`` of a list of tables."""
    parts = arguments.args[0] if arguments.args else None
    if not isinstance(parts, Items) or not any(isinstance(v, Table) for v in parts.items):
        return None
    return tables.glued(parts.items, "array")


def _appended(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """``np.append(a, b)``."""
    tabular = len(arguments.args) == 2 and any(isinstance(v, Table) for v in arguments.args)
    return tables.glued(arguments.args, "array") if tabular else None


def _padded(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    """``F.pad(table, (1, 0), value=1.0)``."""
    given, sizes = arguments.get(0, "input"), arguments.get(1, "pad")
    filler = number_of(arguments.get(3, "value") or Const(0.0))
    widths = [constant(v) for v in sizes.items] if isinstance(sizes, Items) else []
    whole = len(widths) == 2 and all(isinstance(w, int) and 0 <= w <= tables.MOST for w in widths)
    if not isinstance(given, Table) or not whole or filler is None or constant(arguments.get(2, "mode")):
        return None
    return tables.glued(
        (*[Const(filler)] * int(widths[0] or 0), given, *[Const(filler)] * int(widths[1] or 0)), "array"
    )


def _ones(number: float) -> Handler:
    """``torch.ones(1)``: one entry, as it is put before a table."""

    def handle(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
        sizes = [v for v in arguments.args if not isinstance(v, Table)]
        sizes = list(sizes[0].items) if len(sizes) == 1 and isinstance(sizes[0], Items) else sizes
        floats = not _is_whole(arguments.keyword("dtype"))
        return Table((number,)) if sizes == [Const(1)] and len(arguments.args) < 3 and floats else None

    return handle


def _length(machine: Machine, arguments: Arguments, site: Site) -> Value | None:
    given = arguments.args[0] if arguments.args else None
    known = isinstance(given, Table) and given.kind in ("array", "list")
    return Const(len(given.numbers)) if known and isinstance(given, Table) else None


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "log": math.log,
    "log1p": math.log1p,
    "log2": math.log2,
    "log10": math.log10,
    "expm1": math.expm1,
    "cos": math.cos,
    "sin": math.sin,
    "tan": math.tan,
    "atan": math.atan,
    "arctan": math.atan,
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "expit": _sigmoid,
    "abs": abs,
    "square": lambda x: x * x,
    "neg": op.neg,
    "negative": op.neg,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "erf": math.erf,
}
SAME = (
    "to",
    "cuda",
    "cpu",
    "clone",
    "detach",
    "contiguous",
    "numpy",
    "type",
    "astype",
    "copy",
    "requires_grad_",
    "type_as",
)
# fmt: off
MAKERS: dict[str, Handler] = {
    "linspace": _linspace, "logspace": _logspace, "arange": _arange, "array": _array, "asarray": _array,
    "tensor": _array, "as_tensor": _array, "from_numpy": _array, "FloatTensor": _array, "DoubleTensor": _array,
    "Tensor": _array, "ones": _ones(1.0), "zeros": _ones(0.0), "cat": _joined, "concat": _joined,
    "concatenate": _joined, "hstack": _joined, "append": _appended, "pad": _padded, "len": _length, "list": _listed,
    "tuple": _listed, "reversed": _flipped, "float32": _float, "float64": _float, "expit": _elementwise(_sigmoid),
}
HANDLERS: dict[str, Handler] = {
    **{name: _elementwise(function) for name, function in ELEMENTWISE.items()},
    **MAKERS,
    "exp": _exp, "cumprod": _cumprod, "cumsum": _cumsum, "clip": _clip, "clamp": _clip, "min": _extreme(min),
    "max": _extreme(max), "minimum": _extreme(min), "maximum": _extreme(max), "sum": _reduction(math.fsum),
    "pow": _operator("**"), "power": _operator("**"), "add": _operator("+"), "sub": _operator("-"),
    "subtract": _operator("-"), "mul": _operator("*"), "multiply": _operator("*"), "div": _operator("/"),
    "divide": _operator("/"), "flip": _flipped, "tolist": _listed, "new_ones": _ones(1.0), "new_zeros": _ones(0.0),
    "numel": _length, "float": _float, "double": _float, "int": _whole, "long": _whole, "item": _item,
    **dict.fromkeys(SAME, _same),
}
# fmt: on
IN_PLACE = ("clamp", "clip", "mul", "div", "add", "sub", "pow", "sqrt", "exp", "log", "cumprod", "cumsum", "neg")
HANDLERS.update({f"{name}_": HANDLERS[name] for name in IN_PLACE})
CLASSES = ("torch.Tensor", "torch.FloatTensor", "torch.DoubleTensor")  # what isinstance asks for
BUILTINS = frozenset(["min", "max", "sum", "abs", "len", "list", "tuple", "reversed", "float", "int", "round", "pow"])
OTHERWISE = frozenset([*(f"builtins.{name}" for name in BUILTINS - {"float", "int", "round", "abs"}), "Tensor.array"])
