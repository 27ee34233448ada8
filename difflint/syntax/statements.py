"""Statements and patterns of Python's tree as LibCST's nodes."""

from __future__ import annotations

import ast
import sys
from typing import Any

import libcst as cst

from difflint.syntax.expressions import annotation, argument, parameters
from difflint.syntax.maker import ASYNC, Make, Maker
from difflint.syntax.nodes import dotted, name_of, plain

ASSIGNING: dict[type, cst.CSTNode] = {
    ast.Add: cst.AddAssign(), ast.Sub: cst.SubtractAssign(), ast.Mult: cst.MultiplyAssign(),
    ast.Div: cst.DivideAssign(), ast.FloorDiv: cst.FloorDivideAssign(), ast.Mod: cst.ModuloAssign(),
    ast.Pow: cst.PowerAssign(), ast.MatMult: cst.MatrixMultiplyAssign(), ast.BitAnd: cst.BitAndAssign(),
    ast.BitOr: cst.BitOrAssign(), ast.BitXor: cst.BitXorAssign(), ast.LShift: cst.LeftShiftAssign(),
    ast.RShift: cst.RightShiftAssign(),
}  # fmt: skip
DOT, STAR = cst.Dot(), cst.ImportStar()


def _line(maker: Maker, kind: Any, node: Any, *values: Any) -> Any:
    """A simple statement on its line."""
    return plain(cst.SimpleStatementLine, (maker.new(kind, node, *values),))


def _function(maker: Maker, node: Any) -> Any:
    return maker.new(
        cst.FunctionDef, node, name_of(node.name), parameters(maker, node.args), maker.suite(node.body),
        _decorators(maker, node), annotation(maker, node.returns),
        ASYNC if isinstance(node, ast.AsyncFunctionDef) else None,
    )  # fmt: skip


def _decorators(maker: Maker, node: Any) -> tuple[Any, ...]:
    return tuple(plain(cst.Decorator, decorator) for decorator in maker.all(node.decorator_list))


def _class(maker: Maker, node: ast.ClassDef) -> Any:
    bases = tuple(argument(maker, base) for base in node.bases)
    keywords = tuple(argument(maker, keyword) for keyword in node.keywords)
    name, body = name_of(node.name), maker.suite(node.body)
    return maker.new(cst.ClassDef, node, name, body, bases, keywords, _decorators(maker, node))


def _if(maker: Maker, node: ast.If) -> Any:
    chained = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
    chained = chained and node.orelse[0].col_offset == node.col_offset  # ``elif``
    orelse = maker(node.orelse[0]) if chained else maker.otherwise(node.orelse)
    return maker.new(cst.If, node, maker(node.test), maker.suite(node.body), orelse)


def _for(maker: Maker, node: Any) -> Any:
    asynchronous = ASYNC if isinstance(node, ast.AsyncFor) else None
    target, over, body = maker(node.target), maker(node.iter), maker.suite(node.body)
    return maker.new(cst.For, node, target, over, body, maker.otherwise(node.orelse), asynchronous)


def _while(maker: Maker, node: ast.While) -> Any:
    return maker.new(cst.While, node, maker(node.test), maker.suite(node.body), maker.otherwise(node.orelse))


def _with(maker: Maker, node: Any) -> Any:
    asynchronous = ASYNC if isinstance(node, ast.AsyncWith) else None
    items = tuple(plain(cst.WithItem, maker(item.context_expr), _as(maker(item.optional_vars))) for item in node.items)
    return maker.new(cst.With, node, items, maker.suite(node.body), asynchronous)


def _as(name: Any) -> Any:
    return None if name is None else plain(cst.AsName, name)


def _try(kind: Any, handler: Any) -> Make:
    def make(maker: Maker, node: Any) -> Any:
        handlers = tuple(
            plain(handler, maker.suite(h.body), maker(h.type), _as(name_of(h.name))) for h in node.handlers
        )
        final = plain(cst.Finally, maker.suite(node.finalbody)) if node.finalbody else None
        return maker.new(kind, node, maker.suite(node.body), handlers, maker.otherwise(node.orelse), final)

    return make


def _import(maker: Maker, node: ast.Import) -> Any:
    return _line(maker, cst.Import, node, _aliases(maker, node))


def _import_from(maker: Maker, node: ast.ImportFrom) -> Any:
    module = None if node.module is None else dotted(node.module)
    names = STAR if node.names[0].name == "*" else _aliases(maker, node)
    return _line(maker, cst.ImportFrom, node, module, names, (DOT,) * node.level)


def _aliases(maker: Maker, node: Any) -> tuple[Any, ...]:
    return tuple(
        plain(
            cst.ImportAlias,
            dotted(alias.name),
            _as(name_of(alias.asname)),
        )
        for alias in node.names
    )


def _assign(maker: Maker, node: ast.Assign) -> Any:
    targets = tuple(plain(cst.AssignTarget, target) for target in maker.all(node.targets))
    return _line(maker, cst.Assign, node, targets, maker(node.value))


def _augmented(maker: Maker, node: ast.AugAssign) -> Any:
    return _line(maker, cst.AugAssign, node, maker(node.target), ASSIGNING[type(node.op)], maker(node.value))


def _annotated(maker: Maker, node: ast.AnnAssign) -> Any:
    return _line(maker, cst.AnnAssign, node, maker(node.target), annotation(maker, node.annotation), maker(node.value))


def _delete(maker: Maker, node: ast.Delete) -> Any:
    if len(node.targets) == 1:
        return _line(maker, cst.Del, node, maker(node.targets[0]))
    return _line(maker, cst.Del, node, maker.new(cst.Tuple, node, maker.elements(node.targets)))


def _raise(maker: Maker, node: ast.Raise) -> Any:
    cause = None if node.cause is None else plain(cst.From, maker(node.cause))
    return _line(maker, cst.Raise, node, maker(node.exc), cause)


def _names(kind: Any) -> Make:
    def make(maker: Maker, node: Any) -> Any:
        names = tuple(plain(cst.NameItem, name_of(name)) for name in node.names)
        return _line(maker, kind, node, names)

    return make


def _match(maker: Maker, node: Any) -> Any:
    cases = tuple(
        plain(cst.MatchCase, maker(case.pattern), maker.suite(case.body), maker(case.guard)) for case in node.cases
    )
    return maker.new(cst.Match, node, maker(node.subject), cases)


def _match_as(maker: Maker, node: Any) -> Any:
    name = name_of(node.name)
    return maker.new(cst.MatchAs, node, maker(node.pattern), name)


def _match_star(maker: Maker, node: Any) -> Any:
    return maker.new(cst.MatchStar, node, name_of(node.name))


def _match_mapping(maker: Maker, node: Any) -> Any:
    pairs = zip(maker.all(node.keys), maker.all(node.patterns), strict=True)
    elements = tuple(plain(cst.MatchMappingElement, key, pattern) for key, pattern in pairs)
    return maker.new(cst.MatchMapping, node, elements, name_of(node.rest))


def _match_class(maker: Maker, node: Any) -> Any:
    patterns = tuple(plain(cst.MatchSequenceElement, pattern) for pattern in maker.all(node.patterns))
    pairs = zip(node.kwd_attrs, maker.all(node.kwd_patterns), strict=True)
    keywords = tuple(plain(cst.MatchKeywordElement, name_of(name), pattern) for name, pattern in pairs)
    return maker.new(cst.MatchClass, node, maker(node.cls), patterns, keywords)


def _match_sequence(maker: Maker, node: Any) -> Any:
    patterns = tuple(
        made if isinstance(made, cst.MatchStar) else plain(cst.MatchSequenceElement, made)
        for made in maker.all(node.patterns)
    )
    return maker.new(cst.MatchList, node, patterns)


def _match_or(maker: Maker, node: Any) -> Any:
    patterns = tuple(plain(cst.MatchOrElement, pattern) for pattern in maker.all(node.patterns))
    return maker.new(cst.MatchOr, node, patterns)


def _singleton(maker: Maker, node: Any) -> Any:
    return maker.new(cst.MatchSingleton, node, name_of(str(node.value)))


def _simple(kind: Any) -> Make:
    return lambda maker, node: _line(maker, kind, node)


STATEMENTS: dict[type, Make] = {
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try(cst.Try, cst.ExceptHandler),
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Expr: lambda m, n: _line(m, cst.Expr, n, m(n.value)),
    ast.Assign: _assign,
    ast.AugAssign: _augmented,
    ast.AnnAssign: _annotated,
    ast.Return: lambda m, n: _line(m, cst.Return, n, m(n.value)),
    ast.Raise: _raise,
    ast.Assert: lambda m, n: _line(m, cst.Assert, n, m(n.test), m(n.msg)),
    ast.Delete: _delete,
    ast.Global: _names(cst.Global),
    ast.Nonlocal: _names(cst.Nonlocal),
    ast.Pass: _simple(cst.Pass),
    ast.Break: _simple(cst.Break),
    ast.Continue: _simple(cst.Continue),
    ast.Match: _match,
    ast.MatchValue: lambda m, n: m.new(cst.MatchValue, n, m(n.value)),
    ast.MatchSingleton: _singleton,
    ast.MatchSequence: _match_sequence,
    ast.MatchMapping: _match_mapping,
    ast.MatchClass: _match_class,
    ast.MatchAs: _match_as,
    ast.MatchStar: _match_star,
    ast.MatchOr: _match_or,
}
if sys.version_info >= (3, 11):
    STATEMENTS[ast.TryStar] = _try(cst.TryStar, cst.ExceptStarHandler)
