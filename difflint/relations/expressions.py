"""Expressions of Python's tree as terms; every call in them becomes an event."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from difflint.relations.model import Context
from difflint.relations.scope import Scope
from difflint.relations.terms import MAX_SIZE, UNKNOWN, Term, const

if TYPE_CHECKING:
    from difflint.relations.flow import Flow

OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
UNARY: dict[type, str] = {ast.USub: "neg", ast.Not: "not", ast.Invert: "~"}
# Calls that give something else each time.
DRAWS = (
    *("randn", "rand", "randint", "randn_like", "rand_like", "randint_like", "randperm", "normal", "standard_normal"),
    *("uniform", "random", "choice", "normal_", "uniform_", "random_", "exponential_", "bernoulli", "multinomial"),
    *("randn_tensor", "sample", "rsample", "next", "input", "pop", "popleft", "permutation", "integers"),
    "StackedRandomGenerator",
)

NOT_IN_PLACE = ("requires_grad_", "apply_", "map_", "share_memory_")


def evaluate(flow: Flow, node: ast.expr | None) -> Term:
    """The term of an expression at the point where the flow is."""
    if node is None:
        return const(None)
    kind: Callable[[Flow, Any], Term] = _KINDS.get(type(node), _unknown)
    term = kind(flow, node)
    return term if term.size <= MAX_SIZE else Term("unknown", (), ("large", id(node)), node)


def _unknown(flow: Flow, node: Any) -> Term:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(flow, child)
    return Term("unknown", (), id(node), node)


def _constant(flow: Flow, node: ast.Constant) -> Term:
    return const("..." if node.value is ... else node.value, node)


def _name(flow: Flow, node: ast.Name) -> Term:
    return flow.scope.read(node.id, node)


def _attribute(flow: Flow, node: ast.Attribute) -> Term:
    known = written_path(node)
    if known is not None and known in flow.scope.names:
        flow.scope.read(known.partition(".")[0], node)
        return flow.scope.read(known, node)
    owner = evaluate(flow, node.value)
    if owner.op == "lib":
        return Term("lib", (), f"{owner.value}.{node.attr}", node)
    return Term("attr", (owner,), node.attr, node)


def written_path(node: ast.expr) -> str | None:
    """``a.b.c`` as it is written, None for anything but attributes of a name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _call(flow: Flow, node: ast.Call) -> Term:
    called = evaluate(flow, node.func)
    given = [*_starred(flow, node.args)]
    keywords = tuple(keyword.arg or "**" for keyword in node.keywords)
    given += [evaluate(flow, keyword.value) for keyword in node.keywords]
    name = str(called.value).rpartition(".")[2] if called.op in ("lib", "attr", "name") else ""
    serial = flow.next_serial() if name in DRAWS else 0
    term = Term("call", (called, *given), (keywords, serial), node)
    flow.happens("call", node, term)
    if _changes(name) and isinstance(node.func, ast.Attribute):
        flow.changed_in_place(node.func.value, term)
    return term


def _changes(name: str) -> bool:
    """Whether a method's name says that it changes its object: ``clamp_``."""
    return name.endswith("_") and not name.endswith("__") and name not in NOT_IN_PLACE


def _starred(flow: Flow, nodes: list[ast.expr]) -> Iterator[Term]:
    for node in nodes:
        if isinstance(node, ast.Starred):
            yield Term("star", (evaluate(flow, node.value),), None, node)
        else:
            yield evaluate(flow, node)


def _binary(flow: Flow, node: ast.BinOp) -> Term:
    return Term(OPERATORS[type(node.op)], (evaluate(flow, node.left), evaluate(flow, node.right)), None, node)


def _unary(flow: Flow, node: ast.UnaryOp) -> Term:
    inner = evaluate(flow, node.operand)
    if isinstance(node.op, ast.UAdd):
        return inner
    if isinstance(node.op, ast.USub) and inner.op == "const" and isinstance(inner.value, int | float):
        return const(-inner.value, node)
    return Term(UNARY[type(node.op)], (inner,), None, node)


def _boolean(flow: Flow, node: ast.BoolOp) -> Term:
    parts = tuple(evaluate(flow, value) for value in node.values)
    return Term("and" if isinstance(node.op, ast.And) else "or", parts, None, node)


def _compare(flow: Flow, node: ast.Compare) -> Term:
    parts = (evaluate(flow, node.left), *(evaluate(flow, part) for part in node.comparators))
    return Term("compare", parts, tuple(type(op).__name__ for op in node.ops), node)


def _conditional(flow: Flow, node: ast.IfExp) -> Term:
    test = evaluate(flow, node.test)
    with flow.inside(Context("if", node, test)):
        then = evaluate(flow, node.body)
    with flow.inside(Context("else", node, test)):
        other = evaluate(flow, node.orelse)
    return Term("if", (test, then, other), None, node)


def _subscript(flow: Flow, node: ast.Subscript) -> Term:
    owner, key = evaluate(flow, node.value), evaluate(flow, node.slice)
    return item(owner, key, node)


def item(owner: Term, key: Term, node: ast.AST) -> Term:
    """An item of something; of a tuple or dictionary that is known, the very item."""
    if key.op == "const" and owner.op in ("tuple", "list") and isinstance(key.value, int):
        plain = not any(part.op == "star" for part in owner.args)
        if plain and -len(owner.args) <= key.value < len(owner.args):
            return owner.args[key.value]
    if key.op == "const" and owner.op == "dict" and isinstance(owner.value, tuple) and key.value in owner.value:
        return owner.args[owner.value.index(key.value)]
    if owner.op == "store" and owner.args[1] == key:
        return owner.args[2]
    if owner.op == "store" and owner.args[1].op == key.op == "const":
        return item(owner.args[0], key, node)
    return Term("index", (owner, key), None, node)


def _slice(flow: Flow, node: ast.Slice) -> Term:
    return Term("slice", tuple(evaluate(flow, part) for part in (node.lower, node.upper, node.step)), None, node)


def _sequence(op: str) -> Callable[[Flow, Any], Term]:
    def display(flow: Flow, node: Any) -> Term:
        return Term(op, tuple(_starred(flow, node.elts)), None, node)

    return display


def _dict(flow: Flow, node: ast.Dict) -> Term:
    keys, values = [], []
    for key, value in zip(node.keys, node.values, strict=True):
        name = evaluate(flow, key) if key is not None else Term("star")
        keys.append(name.value if name.op == "const" else ("**" if name.op == "star" else name))
        values.append(evaluate(flow, value))
    return Term("dict", tuple(values), tuple(keys), node)


def _string(flow: Flow, node: ast.JoinedStr) -> Term:
    shown = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    parts = tuple(evaluate(flow, part.value) for part in shown)
    for part in shown:
        if part.format_spec is not None:  # the width in f"{x:{width}}" is read as well
            evaluate(flow, part.format_spec)
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return Term("string", parts, text, node)


def _lambda(flow: Flow, node: ast.Lambda) -> Term:
    flow.capture(node)
    return Term("lambda", (), flow.keep_lambda(node), node)


def _comprehension(flow: Flow, node: Any) -> Term:
    """``[f(x) for x in xs]``: an item of what is computed, and what is looped over."""
    outer = flow.scope
    flow.scope = Scope(outer=outer, within=True)
    entered: list[Context] = []
    iterables = []
    for part in node.generators:
        iterable = evaluate(flow, part.iter)
        iterables.append(iterable)
        entered.append(Context("comp", node, iterable))
        flow.context.append(entered[-1])
        flow.bind(part.target, Term("each", (iterable,), id(part), part.target), "for", part.target)
        for test in part.ifs:
            evaluate(flow, test)
    made = [
        evaluate(flow, part) for part in ((node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,))
    ]
    del flow.context[len(flow.context) - len(entered) :]
    flow.scope = outer
    return Term("comp", (*made, *iterables), type(node).__name__, node)


def _walrus(flow: Flow, node: ast.NamedExpr) -> Term:
    term = evaluate(flow, node.value)
    flow.bind(node.target, term, "assign", node)
    return term


def _transparent(flow: Flow, node: Any) -> Term:
    return evaluate(flow, node.value)


def _yield(flow: Flow, node: ast.Yield | ast.YieldFrom) -> Term:
    term = evaluate(flow, node.value) if node.value is not None else UNKNOWN
    flow.happens("yield", node, term)
    return Term("unknown", (), id(node), node)


_KINDS: dict[type, Callable[[Any, Any], Term]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Tuple: _sequence("tuple"),
    ast.List: _sequence("list"),
    ast.Set: _sequence("set"),
    ast.Dict: _dict,
    ast.JoinedStr: _string,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.NamedExpr: _walrus,
    ast.Await: _transparent,
    ast.Starred: _transparent,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
}
