"""Expressions of Python's tree as LibCST's nodes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from typing import Any

import libcst as cst

from difflint.syntax.maker import ASYNC, Make, Maker
from difflint.syntax.nodes import name_of, plain

EXACT = sys.version_info >= (3, 12)  # earlier versions do not know where things in formatted strings stand
OPERATORS: dict[type, cst.CSTNode] = {
    ast.Add: cst.Add(), ast.Sub: cst.Subtract(), ast.Mult: cst.Multiply(), ast.Div: cst.Divide(),
    ast.FloorDiv: cst.FloorDivide(), ast.Mod: cst.Modulo(), ast.Pow: cst.Power(), ast.MatMult: cst.MatrixMultiply(),
    ast.BitAnd: cst.BitAnd(), ast.BitOr: cst.BitOr(), ast.BitXor: cst.BitXor(), ast.LShift: cst.LeftShift(),
    ast.RShift: cst.RightShift(), ast.And: cst.And(), ast.Or: cst.Or(), ast.Not: cst.Not(), ast.USub: cst.Minus(),
    ast.UAdd: cst.Plus(), ast.Invert: cst.BitInvert(), ast.Eq: cst.Equal(), ast.NotEq: cst.NotEqual(),
    ast.Lt: cst.LessThan(), ast.LtE: cst.LessThanEqual(), ast.Gt: cst.GreaterThan(), ast.GtE: cst.GreaterThanEqual(),
    ast.Is: cst.Is(), ast.IsNot: cst.IsNot(), ast.In: cst.In(), ast.NotIn: cst.NotIn(),
}  # fmt: skip
SEQUENCES = {ast.Tuple: cst.Tuple, ast.List: cst.List, ast.Set: cst.Set}
COMPREHENSIONS = {ast.ListComp: cst.ListComp, ast.SetComp: cst.SetComp, ast.GeneratorExp: cst.GeneratorExp}


def _constant(maker: Maker, node: ast.Constant) -> Any:
    value = node.value
    if value is None or isinstance(value, bool):
        return maker.new(cst.Name, node, str(value))
    if value is ...:
        return maker.new(cst.Ellipsis, node)
    return maker.new(LITERALS[type(value)], node, repr(value))


LITERALS = {int: cst.Integer, float: cst.Float, complex: cst.Imaginary, str: cst.SimpleString, bytes: cst.SimpleString}


def _joined(maker: Maker, node: ast.JoinedStr) -> Any:
    outer = maker.fixed
    if not EXACT:
        maker.fixed = maker.place(node)
    parts = tuple(_part(maker, part) for part in node.values)
    made = maker.new(cst.FormattedString, node, parts)
    maker.fixed = outer
    return made


def _part(maker: Maker, part: Any) -> Any:
    if isinstance(part, ast.Constant):
        return plain(cst.FormattedStringText, part.value)
    spec = part.format_spec
    conversion = None if part.conversion == -1 else chr(part.conversion)
    inner = None if spec is None else tuple(_part(maker, value) for value in spec.values)
    return plain(cst.FormattedStringExpression, maker(part.value), conversion, inner)


def _bool(maker: Maker, node: ast.BoolOp) -> Any:
    """``a or b or c`` is ``(a or b) or c``."""
    first, *rest = maker.all(node.values)
    for value in rest:
        first = maker.new(cst.BooleanOperation, node, first, OPERATORS[type(node.op)], value)
    return first


def _compare(maker: Maker, node: ast.Compare) -> Any:
    pairs = zip(node.ops, maker.all(node.comparators), strict=True)
    targets = tuple(plain(cst.ComparisonTarget, OPERATORS[type(op)], right) for op, right in pairs)
    return maker.new(cst.Comparison, node, maker(node.left), targets)


def _call(maker: Maker, node: ast.Call) -> Any:
    given: list[Any] = [*node.args, *node.keywords]
    given.sort(key=lambda arg: (arg.lineno, arg.col_offset))
    return maker.new(cst.Call, node, maker(node.func), tuple(argument(maker, arg) for arg in given))


def argument(maker: Maker, arg: Any) -> Any:
    if isinstance(arg, ast.keyword):
        keyword = name_of(arg.arg)
        return plain(cst.Arg, maker(arg.value), keyword, "**" if arg.arg is None else "")
    if isinstance(arg, ast.Starred):
        return plain(cst.Arg, maker(arg.value), None, "*")
    return plain(cst.Arg, maker(arg), None, "")


def _subscript(maker: Maker, node: ast.Subscript) -> Any:
    keys = node.slice.elts if isinstance(node.slice, ast.Tuple) and node.slice.elts else [node.slice]
    return maker.new(cst.Subscript, node, maker(node.value), tuple(_key(maker, key) for key in keys))


def _key(maker: Maker, key: ast.expr) -> Any:
    if isinstance(key, ast.Slice):
        inner = plain(cst.Slice, maker(key.lower), maker(key.upper), maker(key.step))
    elif isinstance(key, ast.Starred):
        inner = plain(cst.Index, maker(key.value), "*")
    else:
        inner = plain(cst.Index, maker(key), None)
    return plain(cst.SubscriptElement, inner)


def _dict(maker: Maker, node: ast.Dict) -> Any:
    pairs = zip(node.keys, node.values, strict=True)
    return maker.new(cst.Dict, node, tuple(_entry(maker, key, value) for key, value in pairs))


def _entry(maker: Maker, key: ast.expr | None, value: ast.expr) -> Any:
    return (
        plain(cst.StarredDictElement, maker(value))
        if key is None
        else (plain(cst.DictElement, maker(key), maker(value)))
    )


def _comprehension(maker: Maker, node: Any) -> Any:
    return maker.new(COMPREHENSIONS[type(node)], node, maker(node.elt), _clauses(maker, node.generators))


def _clauses(maker: Maker, clauses: Sequence[ast.comprehension]) -> Any:
    """The clauses of a comprehension, each inside the one before it."""
    inner = None
    for clause in reversed(clauses):
        tests = tuple(plain(cst.CompIf, test) for test in maker.all(clause.ifs))
        asynchronous = ASYNC if clause.is_async else None
        inner = plain(cst.CompFor, maker(clause.target), maker(clause.iter), tests, inner, asynchronous)
    return inner


def _lambda(maker: Maker, node: ast.Lambda) -> Any:
    return maker.new(cst.Lambda, node, parameters(maker, node.args), maker(node.body))


def parameters(maker: Maker, args: ast.arguments) -> Any:
    positional = [*args.posonlyargs, *args.args]
    defaults = [*[None] * (len(positional) - len(args.defaults)), *args.defaults]
    made = [_parameter(maker, arg, default) for arg, default in zip(positional, defaults, strict=True)]
    only = [_parameter(maker, arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    first = len(args.posonlyargs)
    star: Any = cst.ParamStar() if only else cst.MaybeSentinel.DEFAULT
    if args.vararg is not None:
        star = _parameter(maker, args.vararg, None, "*")
    rest = None if args.kwarg is None else _parameter(maker, args.kwarg, None, "**")
    return plain(cst.Parameters, tuple(made[first:]), star, tuple(only), rest, tuple(made[:first]))


def _parameter(maker: Maker, arg: ast.arg, default: ast.expr | None, star: str = "") -> Any:
    return maker.new(cst.Param, arg, name_of(arg.arg), annotation(maker, arg.annotation), maker(default), star)


def annotation(maker: Maker, node: ast.expr | None) -> Any:
    return None if node is None else plain(cst.Annotation, maker(node))


EXPRESSIONS: dict[type, Make] = {
    ast.Constant: _constant,
    ast.JoinedStr: _joined,
    ast.Name: lambda m, n: m.new(cst.Name, n, sys.intern(n.id)),
    ast.Attribute: lambda m, n: m.new(cst.Attribute, n, m(n.value), name_of(n.attr)),
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.BinOp: lambda m, n: m.new(cst.BinaryOperation, n, m(n.left), OPERATORS[type(n.op)], m(n.right)),
    ast.UnaryOp: lambda m, n: m.new(cst.UnaryOperation, n, OPERATORS[type(n.op)], m(n.operand)),
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.IfExp: lambda m, n: m.new(cst.IfExp, n, m(n.test), m(n.body), m(n.orelse)),
    ast.Lambda: _lambda,
    **dict.fromkeys(SEQUENCES, lambda m, n: m.new(SEQUENCES[type(n)], n, m.elements(n.elts))),
    ast.Starred: lambda m, n: m.new(cst.StarredElement, n, m(n.value)),
    ast.Dict: _dict,
    **dict.fromkeys(COMPREHENSIONS, _comprehension),
    ast.DictComp: lambda m, n: m.new(cst.DictComp, n, m(n.key), m(n.value), _clauses(m, n.generators)),
    ast.NamedExpr: lambda m, n: m.new(cst.NamedExpr, n, m(n.target), m(n.value)),
    ast.Await: lambda m, n: m.new(cst.Await, n, m(n.value)),
    ast.Yield: lambda m, n: m.new(cst.Yield, n, m(n.value)),
    ast.YieldFrom: lambda m, n: m.new(cst.Yield, n, plain(cst.From, m(n.value))),
}
