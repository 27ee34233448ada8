"""Expressions: from a syntax node and a frame to a value."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import libcst as cst

from difflint.facts import arithmetic, attributes, bunches, configs, containers, exports, indexing, notes, series
from difflint.facts.guards import refine
from difflint.facts.machine import Arguments, Evaluator, Machine
from difflint.facts.scope import Frame
from difflint.facts.truth import truth
from difflint.facts.values import (
    ANY,
    NONE,
    Choice,
    Const,
    Elements,
    Function,
    Instance,
    Items,
    Library,
    Option,
    Record,
    Unknown,
    Value,
    choices,
    constant,
    is_ordinary,
    join,
)

HEAVIEST = 10_000  # values in one display, nested ones included


def name(machine: Machine, frame: Frame, node: cst.Name) -> Value:
    scope = frame.scope.holder(node.value)
    if scope is not None:
        if scope is not frame.scope:
            machine.memory.read(scope, node.value)
        return scope.own(node.value) or ANY
    if node.value == "__name__":
        return Const(frame.scope.module.name)
    if node.value == "__file__":
        return Const(str(frame.scope.module.location))
    found = exports.of_stars(machine, frame.scope.module, node.value) if frame.scope.module.stars else None
    return found if found is not None else attributes.builtin(machine, node.value, frame.site(node))


def attribute(machine: Machine, frame: Frame, node: cst.Attribute) -> Value:
    owner = machine.evaluate(frame, node.value)
    return attributes.get(machine, frame, owner, node.attr.value, frame.site(node))


def number(machine: Machine, frame: Frame, node: Any) -> Value:
    try:
        literal = _literal(node.value)
    except (ValueError, SyntaxError):  # more digits than Python reads
        return Unknown("number")
    return literal if is_ordinary(literal.value) else Unknown("number")


@lru_cache(maxsize=4096)
def _literal(text: str) -> Const:
    return Const(ast.literal_eval(text))


def string(machine: Machine, frame: Frame, node: Any) -> Value:
    try:
        return _literal(node.value)
    except (ValueError, SyntaxError):
        return Unknown("string")


def concatenated(machine: Machine, frame: Frame, node: cst.ConcatenatedString) -> Value:
    left, right = constant(machine.evaluate(frame, node.left)), constant(machine.evaluate(frame, node.right))
    return Const(left + right) if isinstance(left, str) and isinstance(right, str) else Unknown("string")


def formatted(machine: Machine, frame: Frame, node: cst.FormattedString) -> Value:
    """An f-string; known when all that it holds is, a pattern when some is."""
    parts: list[Value] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            parts.append(Const(part.value))
        elif isinstance(part, cst.FormattedStringExpression):
            value = machine.evaluate(frame, part.expression)
            plain = isinstance(constant(value), str | int) and part.format_spec is None and part.conversion is None
            parts.append(value if plain or isinstance(value, configs.Pattern) else Unknown("string"))
    return configs.pattern(parts)


def sequence(kind: str) -> Evaluator:
    def evaluate(machine: Machine, frame: Frame, node: Any) -> Value:
        return spread(machine, frame, [(e.value, isinstance(e, cst.StarredElement)) for e in node.elements], kind)

    return evaluate


def spread(machine: Machine, frame: Frame, elements: list[tuple[Any, bool]], kind: str) -> Value:
    """A display with starred elements opened; of unknown length if one of them is."""
    items: list[Value] = []
    exact = True
    for node, starred in elements:
        value = machine.evaluate(frame, node)
        if not starred:
            items.append(value)
        elif isinstance(value, Items):
            items.extend(value.items)
        else:
            items.append(indexing.item_of(machine, frame, value))
            exact = False
    made = Items(tuple(items), kind)
    if made.weight > HEAVIEST:
        return Unknown("nested lists")
    return made if exact and len(items) <= containers.MAX_ITEMS else Elements(join(items))


def dictionary(machine: Machine, frame: Frame, node: cst.Dict) -> Value:
    record = Record()
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            record = indexing.with_key(
                record, machine.evaluate(frame, element.key), machine.evaluate(frame, element.value)
            )
        else:
            record = containers.updated(record, bunches.as_record(machine.evaluate(frame, element.value)))
    return record


def unary(machine: Machine, frame: Frame, node: cst.UnaryOperation) -> Value:
    value = machine.evaluate(frame, node.expression)
    if isinstance(node.operator, cst.Not):
        known = truth(value)
        if isinstance(value, Option):
            return Option(value.what, value.site, not value.default)
        return Unknown("not") if known is None else Const(not known)
    if isinstance(node.operator, cst.Minus):
        return arithmetic.binary(machine, "*", value, Const(-1), frame.site(node))
    return value if isinstance(node.operator, cst.Plus) else ANY


OPERATORS = {
    cst.Add: "+",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.Divide: "/",
    cst.FloorDivide: "//",
    cst.Power: "**",
    cst.Modulo: "%",
    cst.MatrixMultiply: "@",
    cst.BitAnd: "&",
    cst.BitOr: "|",
}
METHODS = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "**": "__pow__", "@": "__matmul__"}
AUGMENTED = {
    cst.AddAssign: "+",
    cst.SubtractAssign: "-",
    cst.MultiplyAssign: "*",
    cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//",
    cst.PowerAssign: "**",
    cst.BitOrAssign: "|",
}


def binary(machine: Machine, frame: Frame, node: cst.BinaryOperation) -> Value:
    left, right = machine.evaluate(frame, node.left), machine.evaluate(frame, node.right)
    operator = OPERATORS.get(type(node.operator), "?")
    if isinstance(left, Instance) and left.cls.find(METHODS.get(operator, "")) is not None:
        method = attributes.get(machine, frame, left, METHODS[operator], frame.site(node))
        return machine.call(frame, method, Arguments((right,)), frame.site(node))
    return arithmetic.binary(machine, operator, left, right, frame.site(node))


def boolean(machine: Machine, frame: Frame, node: cst.BooleanOperation) -> Value:
    left = machine.evaluate(frame, node.left)
    known = truth(left)
    stops = isinstance(node.operator, cst.Or)
    if known is stops:
        return left
    right = machine.evaluate(frame, node.right)
    if known is not None or right == Const(stops):
        return right
    return join((*(v for v in choices(left) if truth(v) is not (not stops)), right))


def comparison(machine: Machine, frame: Frame, node: cst.Comparison) -> Value:
    left = machine.evaluate(frame, node.left)
    results = []
    for target in node.comparisons:
        right = machine.evaluate(frame, target.comparator)
        results.append(arithmetic.compare(target.operator, left, right))
        left = right
    if any(result is False for result in results):
        return Const(False)
    return Const(True) if all(results) else Unknown("comparison", frame.site(node))


def conditional(machine: Machine, frame: Frame, node: cst.IfExp) -> Value:
    test = machine.evaluate(frame, node.test)
    known = test.default if isinstance(test, Option) else truth(test)
    if known is not None:
        return machine.evaluate(frame, node.body if known else node.orelse)
    before = dict(frame.scope.names)
    refine(machine, frame, node.test, True)
    yes = frame.unlearned(machine.evaluate(frame, node.body))
    frame.scope.names = dict(before)
    refine(machine, frame, node.test, False)
    no = frame.unlearned(machine.evaluate(frame, node.orelse))
    frame.scope.names = before
    machine.seen.note_conditional((yes, no))
    return join((yes, no))


def subscript(machine: Machine, frame: Frame, node: cst.Subscript) -> Value:
    owner = machine.evaluate(frame, node.value)
    keys = tuple(index(machine, frame, element.slice) for element in node.slice)
    return indexing.get(machine, frame, owner, keys[0] if len(keys) == 1 else Items(keys, "tuple"), frame.site(node))


def index(machine: Machine, frame: Frame, node: Any) -> Value:
    if isinstance(node, cst.Index):
        return machine.evaluate(frame, node.value)
    parts = [NONE if part is None else machine.evaluate(frame, part) for part in (node.lower, node.upper, node.step)]
    return Items(tuple(parts), "slice")


def lambda_(machine: Machine, frame: Frame, node: cst.Lambda) -> Value:
    return Function(node, frame.scope.module, frame.scope, defaults=defaults(machine, frame, node.params))


def defaults(machine: Machine, frame: Frame, params: cst.Parameters) -> tuple[tuple[str, Value], ...]:
    """The default values of parameters, evaluated where the function is defined."""
    every = (*params.posonly_params, *params.params, *params.kwonly_params)
    return tuple((p.name.value, machine.evaluate(frame, p.default)) for p in every if p.default is not None)


def call(machine: Machine, frame: Frame, node: cst.Call) -> Value:
    if isinstance(node.func, cst.Name) and node.func.value == "super":
        return attributes.super_value(frame, arguments_of(machine, frame, node.args))
    site = frame.site(node)
    callee = machine.evaluate(frame, node.func)
    arguments = arguments_of(machine, frame, node.args)
    notes.observe(machine, frame, node, callee, arguments)
    result = machine.call(frame, callee, arguments, site)
    if isinstance(node.func, cst.Attribute):
        if node.func.attr.value == "step":
            machine.seen.optimised.add(frame.path)
        attributes.write_back(machine, frame, node.func, arguments, result)
    if isinstance(callee, Library) and node.args and constant(arguments.keyword("inplace")) is True:
        attributes.write_into(machine, frame, node.args[0].value, result)
    return result


def arguments_of(machine: Machine, frame: Frame, args: Any) -> Arguments:
    """Evaluated arguments, with stars opened where their items are known."""
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    is_open = False
    for arg in args:
        value = machine.evaluate(frame, arg.value)
        if arg.star == "**":
            is_open |= not _take_keywords(keywords, value)
        elif arg.star == "*":
            is_open |= not isinstance(value, Items)
            positional.extend(value.items if isinstance(value, Items) else ())
        elif arg.keyword is not None:
            keywords[arg.keyword.value] = value
        else:
            positional.append(value)
    return Arguments(tuple(positional), tuple(keywords.items()), is_open)


def _take_keywords(keywords: dict[str, Value], value: Value) -> bool:
    """The keywords of ``**value``, and whether these are all; one that only some choices give may have any value."""
    ways = [bunches.as_record(choice) for choice in choices(value)]
    records = [way for way in ways if isinstance(way, Record)]
    if len(records) < len(ways):
        return False
    for key in dict.fromkeys(key for record in records for key, _ in record.entries):
        given = [record.get(key) for record in records]
        keywords[str(key)] = join(item or Unknown(str(key)) for item in given)
    return all(record.rest is None for record in records)


def list_comprehension(machine: Machine, frame: Frame, node: Any) -> Value:
    table = series.comprehension(machine, frame, node)
    return table or comprehend(machine, frame, node.for_in, lambda: machine.evaluate(frame, node.elt))


def dict_comprehension(machine: Machine, frame: Frame, node: cst.DictComp) -> Value:
    pair = comprehend(
        machine,
        frame,
        node.for_in,
        lambda: Items((machine.evaluate(frame, node.key), machine.evaluate(frame, node.value)), "tuple"),
    )
    if isinstance(pair, Items):
        return indexing.record_of(pair.items)
    item = indexing.item_of(machine, frame, pair)
    return Record(rest=item.items[1] if isinstance(item, Items) else item)


def comprehend(machine: Machine, frame: Frame, clause: cst.CompFor, element: Callable[[], Value]) -> Value:
    """A comprehension: item by item where the iterable is known, once for all where it is not."""
    saved = dict(frame.scope.names)
    iterable = machine.evaluate(frame, clause.iter)
    known = indexing.unrolled(machine, frame, iterable)
    results: list[Value] = []
    exact = known is not None and not isinstance(iterable, Choice)
    for item in known if known is not None else (indexing.item_of(machine, frame, iterable),):
        indexing.bind_target(machine, frame, clause.target, item)
        tests = [truth(machine.evaluate(frame, test.test)) for test in clause.ifs]
        if False in tests:
            continue
        exact = exact and None not in tests
        inner = clause.inner_for_in
        value = element() if inner is None else comprehend(machine, frame, inner, element)
        results.extend(value.items if inner is not None and isinstance(value, Items) else (_flat(inner, value),))
        exact = exact and (inner is None or isinstance(value, Items))
    frame.scope.names = saved
    return Items(tuple(results)) if exact else Elements(join(results) if results else ANY)


def _flat(inner: Any, value: Value) -> Value:
    return value.item if inner is not None and isinstance(value, Elements) else value


def named(machine: Machine, frame: Frame, node: cst.NamedExpr) -> Value:
    value = machine.evaluate(frame, node.value)
    indexing.bind_target(machine, frame, node.target, value)
    return value


def yield_(machine: Machine, frame: Frame, node: cst.Yield) -> Value:
    if frame.body is not None:
        value = None if isinstance(node.value, cst.From) else node.value
        given = NONE if value is None else machine.evaluate(frame, value)
        running = machine.stack.pop()  # the body of the ``with`` stands in the function around it
        frame.body(given)
        machine.stack.append(running)
    elif isinstance(node.value, cst.From):
        frame.yields.append(indexing.item_of(machine, frame, machine.evaluate(frame, node.value.item)))
    elif node.value is not None:
        frame.yields.append(machine.evaluate(frame, node.value))
    return ANY


def await_(machine: Machine, frame: Frame, node: cst.Await) -> Value:
    return machine.evaluate(frame, node.expression)


EVALUATORS: dict[type, Evaluator] = {
    cst.Name: name,
    cst.Attribute: attribute,
    cst.Integer: number,
    cst.Float: number,
    cst.SimpleString: string,
    cst.ConcatenatedString: concatenated,
    cst.FormattedString: formatted,
    cst.Tuple: sequence("tuple"),
    cst.List: sequence("list"),
    cst.Set: sequence("set"),
    cst.Dict: dictionary,
    cst.UnaryOperation: unary,
    cst.BinaryOperation: binary,
    cst.BooleanOperation: boolean,
    cst.Comparison: comparison,
    cst.IfExp: conditional,
    cst.Subscript: subscript,
    cst.Lambda: lambda_,
    cst.Call: call,
    cst.ListComp: list_comprehension,
    cst.GeneratorExp: list_comprehension,
    cst.SetComp: list_comprehension,
    cst.DictComp: dict_comprehension,
    cst.NamedExpr: named,
    cst.Yield: yield_,
    cst.Await: await_,
    cst.Ellipsis: lambda machine, frame, node: Const(...),
}
