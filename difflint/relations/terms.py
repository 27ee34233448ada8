"""Terms: what an expression computes, with the names of the program replaced by what they stand for.

Two terms are equal when they compute the same thing from the same things; where they are written does not count. What
is drawn at random is equal to itself alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

MAX_SIZE = 4000  # nodes of one term, shared ones counted each time; a larger one is no formula that a person wrote


class Term:
    """An operation on other terms.

    ``op`` is one of: ``const`` (value: the Python value), ``lib`` (value: the full dotted name of something imported),
    ``name`` (a global or builtin that is not known), ``param`` (value: its name and its function's), ``attr`` (value:
    its name; args: the owner), ``call`` (args: what is called, then the arguments), ``index`` (owner, key), ``slice``,
    an operator such as ``+``, ``neg``, ``not``, ``compare``, ``and``, ``or``, ``if`` (test, then, else), ``phi`` (one
    of several, from branches), ``loop`` (a name at the start of a round; args: what it was before the loop), ``each``
    (an item of what is looped over), ``enter`` (what a ``with`` gives), ``tuple``, ``list``, ``dict``, ``set``,
    ``comp``, ``lambda``, ``function``, ``class``, ``self``, ``star``, ``store`` (container, key, new item),
    ``string``, ``unknown``.
    """

    __slots__ = ("_hash", "args", "node", "op", "size", "value")

    def __init__(self, op: str, args: tuple[Term, ...] = (), value: Any = None, node: ast.AST | None = None) -> None:
        self.op, self.args, self.value, self.node = op, args, value, node
        self.size: int = 1 + sum(arg.size for arg in args)
        self._hash = hash((op, type(value), value, args))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Term) or self._hash != other._hash:
            return False
        mine, others = (self.op, type(self.value), self.value), (other.op, type(other.value), other.value)
        return mine == others and self.args == other.args

    def __repr__(self) -> str:
        return show(self)

    def at(self, node: ast.AST | None) -> Term:
        """The same term, written at another place."""
        return self if node is None or node is self.node else Term(self.op, self.args, self.value, node)

    # Calls. ``value`` of a call is (keywords of its last arguments, a number that tells draws apart, 0 for the rest).

    @property
    def callee(self) -> str:
        """What is called: ``torch.randn`` for a library's function, ``.step`` for a method, the name of anything else;
        empty when it is no call."""
        if self.op != "call":
            return ""
        called = self.args[0]
        if called.op == "attr":
            return f".{called.value}"
        if called.op in ("lib", "name", "function", "class"):
            return label(called)
        written = self.node.func if isinstance(self.node, ast.Call) else None
        return written.id if isinstance(written, ast.Name) else ""

    @property
    def called(self) -> str:
        """The last part of what is called: ``randn``, ``step``."""
        return self.callee.rpartition(".")[2]

    @property
    def receiver(self) -> Term | None:
        """The object whose method is called."""
        return self.args[0].args[0] if self.op == "call" and self.args[0].op == "attr" else None

    @property
    def positional(self) -> tuple[Term, ...]:
        """The arguments without a keyword."""
        if self.op != "call":
            return ()
        return self.args[1 : len(self.args) - len(self._keywords)]

    @property
    def keywords(self) -> dict[str, Term]:
        """The arguments with a keyword; ``**`` for an opened dictionary."""
        names = self._keywords
        return dict(zip(names, self.args[len(self.args) - len(names) :], strict=True)) if names else {}

    @property
    def _keywords(self) -> tuple[str, ...]:
        return self.value[0] if self.op == "call" and isinstance(self.value, tuple) else ()

    def arg(self, position: int | None, name: str) -> Term | None:
        """An argument of a call by its keyword, else by its position; None when it is not given (or was starred)."""
        found = self.keywords.get(name)
        given = self.positional
        if found is None and position is not None and position < len(given):
            opened = any(term.op == "star" for term in given[: position + 1])
            found = None if opened else given[position]
        return found

    @property
    def open(self) -> bool:
        """Whether ``*`` or ``**`` hide some arguments of a call."""
        return any(term.op == "star" for term in self.positional) or "**" in self._keywords


NAMED = ("self", "param", "name", "lib", "loop", "function", "class")
UNKNOWN = Term("unknown")
NONE = Term("const", (), None)


def const(value: Any, node: ast.AST | None = None) -> Term:
    """A Python value."""
    return Term("const", (), value, node)


def is_const(term: Term | None, value: Any) -> bool:
    """Whether it is surely this value: ``True`` is not 1, but 1.0 is."""
    if term is None or term.op != "const" or isinstance(term.value, bool) is not isinstance(value, bool):
        return False
    return bool(term.value == value)


def number(term: Term | None) -> float | None:
    """The number that a term is, folded from constants."""
    if term is None:
        return None
    if term.op == "const" and isinstance(term.value, int | float) and not isinstance(term.value, bool):
        return float(term.value) if isinstance(term.value, float) else int(term.value)
    if term.op == "neg":
        inner = number(term.args[0])
        return None if inner is None else -inner
    if term.op in _FOLD:
        left, right = number(term.args[0]), number(term.args[1])
        try:
            return None if left is None or right is None else _FOLD[term.op](left, right)
        except (ArithmeticError, ValueError):
            return None
    if term.op == "call" and term.callee in ("float", "int") and len(term.positional) == 1:
        inner = number(term.positional[0])
        return None if inner is None else (int(inner) if term.callee == "int" else float(inner))
    return None


def _power(a: float, b: float) -> float:
    if abs(b) > 64:
        raise ValueError(b)
    result = a**b
    if isinstance(result, complex):
        raise ValueError(result)
    return float(result)


_FOLD: dict[str, Callable[[Any, Any], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "**": _power,
}


def walk(term: Term) -> Iterator[Term]:
    """A term and everything in it, each thing once."""
    waiting, seen = [term], set[int]()
    while waiting:
        now = waiting.pop()
        if id(now) not in seen:
            seen.add(id(now))
            yield now
            waiting.extend(now.args)


def is_read(term: Term) -> bool:
    """Whether it is written as a name, or as attributes of a name: then what it computes stands elsewhere."""
    node = term.node
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def as_written(term: Term) -> Iterator[Term]:
    """A term and what is in it as it is written: not what its names stand for."""
    waiting = [term]
    while waiting:
        now = waiting.pop()
        yield now
        if not is_read(now):
            waiting.extend(now.args)


def holds(term: Term, part: Term) -> bool:
    """Whether ``part`` stands somewhere in it."""
    return any(now == part for now in walk(term))


def alternatives(term: Term) -> tuple[Term, ...]:
    """What it may be: the branches of a phi or a conditional expression, opened."""
    if term.op == "phi":
        return tuple(dict.fromkeys(a for arg in term.args for a in alternatives(arg)))
    if term.op == "if":
        return tuple(dict.fromkeys(a for arg in term.args[1:] for a in alternatives(arg)))
    return (term,)


def phi(terms: Iterator[Term] | tuple[Term, ...]) -> Term:
    """One of several."""
    distinct = tuple(dict.fromkeys(terms))
    return distinct[0] if len(distinct) == 1 else Term("phi", distinct)


def replaced(term: Term, change: Callable[[Term], Term | None]) -> Term:
    """The term with parts changed from the top down: where ``change`` gives a term, that stands there instead."""
    memo: dict[int, Term] = {}

    def go(now: Term) -> Term:
        if id(now) not in memo:
            new = change(now)
            if new is None and now.args:
                args = tuple(go(arg) for arg in now.args)
                same = all(a is b for a, b in zip(args, now.args, strict=True))
                new = now if same else Term(now.op, args, now.value, now.node)
            memo[id(now)] = new or now
        return memo[id(now)]

    return go(term)


def path(term: Term) -> str | None:
    """``self.model.ema`` for a chain of attributes on a name, else None; a leaf shows its own name."""
    if term.op == "attr":
        owner = path(term.args[0])
        return None if owner is None else f"{owner}.{term.value}"
    return label(term) if term.op in NAMED else None


def label(term: Term) -> str:
    """The name that a name-like term carries; empty for any other."""
    if term.op == "self":
        return "self"
    if term.op not in NAMED and term.op != "attr":
        return ""
    return str(term.value[0] if isinstance(term.value, tuple) else term.value)


def last_name(term: Term) -> str:
    """The name a person would call it by: of ``self.betas[t]`` it is ``betas``; empty where there is none."""
    while term.op == "index":
        term = term.args[0]
    return label(term).rpartition(".")[2]


def read_as(term: Term) -> str:
    """The name by which it is read where it stands, ``x`` of ``x`` and of ``self.x``; else its own."""
    if isinstance(term.node, ast.Name):
        return term.node.id
    return term.node.attr if isinstance(term.node, ast.Attribute) else last_name(term)


def show(term: Term) -> str:
    """The term as code, for traces and tests."""
    op, args = term.op, [*map(show, term.args)] if term.size < MAX_SIZE else ["…"]
    if op == "const":
        return repr(term.value)
    if op in NAMED and op != "loop":
        return label(term)
    if op == "attr":
        return f"{args[0]}.{term.value}"
    if op == "call" and len(args) == len(term.args):
        plain = args[1 : len(args) - len(term.keywords)]
        named = [f"{name}={value}" for name, value in zip(term.keywords, args[1 + len(plain) :], strict=False)]
        return f"{args[0]}({', '.join([*plain, *named])})"
    if op == "index" and len(args) == 2:
        return f"{args[0]}[{args[1]}]"
    if op in ("+", "-", "*", "/", "//", "%", "**", "@", "&", "|") and len(args) == 2:
        return f"({args[0]} {op} {args[1]})"
    if op == "neg":
        return f"(-{args[0]})"
    if op == "loop":
        return f"loop:{label(term)}"
    return f"{op}({', '.join(args)})"
