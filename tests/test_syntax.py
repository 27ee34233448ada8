"""Files cut into definitions: what is parsed late says the same as what is parsed at once, at the same places."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from difflint import places
from difflint.syntax.live import live, pieces
from difflint.syntax.nodes import Span, span_of
from difflint.syntax.outline import Chunk, ClassDefinition, Definition, Outline, outline
from difflint.syntax.positions import cut
from difflint.syntax.tree import parsed_statements, statements
from difflint.syntax.walk import fields_of, nodes

# Where Python counts otherwise: annotations, decorators, parentheses.
OTHERWISE = (cst.Param, cst.FunctionDef, cst.ClassDef, cst.IndentedBlock, cst.Tuple, cst.GeneratorExp)
FILES = sorted((places.ROOT / "fixtures" / "DFL101").glob("*.py"))[::6] + sorted(places.PACKAGE.glob("facts/*.py"))[::6]


def said(node: Any) -> object:
    """What nodes say: literals by their values, without places and layout."""
    if isinstance(node, list | tuple):
        lines = [item.body if isinstance(item, cst.SimpleStatementLine) else [item] for item in node]
        return [said(item) for line in lines for item in line]
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString | cst.Integer | cst.Float | cst.Imaginary):
        return "formatted" if node.evaluated_value is None else repr(node.evaluated_value)
    if isinstance(node, cst.FormattedString):
        return "formatted"
    if isinstance(node, cst.SimpleStatementSuite):
        return ["IndentedBlock", said(node.body)]
    kind: Any = type(node)
    names = fields_of(kind)
    if names is None:
        return node if isinstance(node, str) else type(node).__name__
    return [type(node).__name__, *(said(getattr(node, name)) for name in names)]


ALL_SYNTAX = """
import a, b.c as d
from . import e
from ..f.g import (h as i, j)
from k import *
async def f(a, /, b: int = 1, *args: str, c, d=2, **kw) -> None:
    async with a as b, c: pass
    async for x, *y in z: await x
    else: return
    return [x async for x in y if x if not y for z in x]
def g(*, a): yield; yield a; yield from g(*a, c=1, *d, **b)
@decorated(1)
class A(B, metaclass=C): x: int; y: int = 1
if a: b
elif c: d
else:
    if e: f
while a < b <= c is not d not in e: break
else: continue
try: a
except (B, C) as e: raise D(1) from e
except: raise
else: b
finally: c
a = b, c = {1, *d}, {**e, 2: 3}, [], ()
a += b; a @= b; a //= -b
x[1:2, ::3, ..., a], x[a, b], x[()], x[:]
lambda: (yield)
lambda a, *b, c=1: a if b else c
(a := 1) or b and c or d and not e
a ** -b @ c << d | ~e ^ +f
"a" "b" 'c', rb"\\d", 1_000, 0xFF, 1e3, 2j, None, True
assert a, "b"
del a, b[0]
del c
global g1, g2
{a: b for a in c}; {a for a in b}; (a for a in b)
f"{a} and {b!r:>{c}}"
match a:
    case 1 | -2 | "x" | None | b.c: pass
    case [x, *y, _] if z: pass
    case {"k": v, **rest}: pass
    case A(x, y=B()) as w: pass
"""


@pytest.mark.parametrize("text", [*(file.read_text("utf-8") for file in FILES), ALL_SYNTAX])
def test_nodes_say_what_those_of_libcst_say(text: str) -> None:
    assert said(statements(ast.parse(text), text)) == said(parsed_statements(text))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_places_are_those_that_libcst_finds(file: Path) -> None:
    text = file.read_text("utf-8")
    known = MetadataWrapper(cst.parse_module(text)).resolve(PositionProvider)
    where = {(r.start.line, r.start.column + 1, r.end.line, r.end.column + 1) for r in known.values()}
    made = [n for node in statements(ast.parse(text), text) for n in nodes(node)]
    asked = [n for n in made if span_of(n) is not None and not isinstance(n, OTHERWISE)]
    assert len(asked) > len(made) / 4
    assert [n for n in asked if (span_of(n) or ())[:4] not in where] == []


ODD = """
    class A(
        Base,  # why
        metaclass=Meta):
    \t'''A text.
  less indented
    '''
    \tx = 1; y = '''
no indentation'''
    \t@property
    \tdef f(self): return 1
    \tclass Inner: z = 2
    \tasync def g(self, a=-1, *, b="b", c=None): await a
    def h(a=[]): pass
    if True:
        def i(): pass
"""


def test_odd_layouts_are_cut_into_what_they_say() -> None:
    text = "\n".join(line[4:] if line.startswith("    ") else line for line in ODD.splitlines())
    made = outline(text, "odd.py")
    kinds = [type(part).__name__ for part in made.parts]
    assert kinds == ["ClassDefinition", "Definition", "Chunk"]
    cls, h = made.parts[0], made.parts[1]
    assert isinstance(cls, ClassDefinition) and isinstance(h, Definition)
    assert [arg.value.value for arg in cls.bases if isinstance(arg.value, cst.Name)] == ["Base"]
    named = {part.label: part for part in cls.parts if isinstance(part, Definition)}
    assert named["g"].constants == (("a", -1), ("b", "b"), ("c", None)) and named["g"].plain
    assert named["f"].decorator_names == ("property",) and not h.plain
    assert named["g"].params.params[1].name.value == "a" and made.errors == []
    assert sum(len(list(c.statements)) for c in cls.parts if isinstance(c, Chunk)) == 3


def test_a_definition_is_parsed_when_it_is_asked_for() -> None:
    made = outline("def f():\n    return 1\ndef g():\n    return 2\n", "late.py")
    f = made.parts[0]
    assert isinstance(f, Definition) and made.parsed == []
    assert f.body is not None and made.parsed == [f.chunk]


def test_a_copy_of_a_file_is_another_file() -> None:
    text = "def f(): pass\n"
    assert outline(text, "a.py").parts[0] is not outline(text, "b.py").parts[0]


def test_a_span_is_cut_out_of_its_text() -> None:
    assert cut("a = 1\nb = f(\n  x)\n", Span(2, 5, 3, 5)) == "f(\n  x)"


def lines(*texts: str) -> list[list[int]]:
    """The lines that are kept of files in which ``sink`` is what matters."""
    made: list[Outline] = [outline(dedent(text), f"{number}.py") for number, text in enumerate(texts)]
    return [sorted(found) for found in live([list(pieces(one, re.compile(r"\bsink\b"))) for one in made])]


def test_what_calls_what_matters_matters_too_across_files() -> None:
    shown = "def show(x):\n    sink(x)\ndef idle():\n    pass\n"
    assert lines(shown, "def run():\n    show(1)\ndef rest():\n    other()\nrun()\n") == [[1], [1, 5]]


def test_a_name_that_many_things_go_by_is_followed_in_its_own_file_only() -> None:
    many = "".join(f"class C{n}:\n    def step(self):\n        sink()\n" for n in range(6))
    assert lines(many + "def own():\n    x.step()\n", "def other():\n    x.step()\n")[0][-1] == 19
    assert lines(many, "def other():\n    x.step()\n")[1] == []


def test_who_makes_an_object_may_call_what_has_no_name() -> None:
    cls = "class Shown:\n    def __call__(self, x):\n        sink(x)\n"
    assert lines(cls, "def make():\n    return Shown()\n") == [[2], [1]]
