"""Files cut into definitions: what is parsed late says the same as what is parsed at once, at the same places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from difflint import places
from difflint.syntax.live import live, pieces
from difflint.syntax.outline import Chunk, ClassDefinition, Definition, Outline, Part, outline
from difflint.syntax.positions import SAME, Span, cut, locate
from difflint.syntax.walk import nodes

OTHER = (cst.Param, cst.FunctionDef, cst.ClassDef)  # here Python counts the annotation in, and starts elsewhere
FILES = sorted((places.ROOT / "fixtures" / "DFL101").glob("*.py"))[::6] + sorted(places.PACKAGE.glob("facts/*.py"))[::6]


def chunks(parts: tuple[Part, ...]) -> Iterator[Chunk]:
    for part in parts:
        if isinstance(part, ClassDefinition):
            yield from chunks(part.parts)
        else:
            yield part if isinstance(part, Chunk) else part.chunk


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_places_are_those_that_libcst_finds_in_the_whole_file(file: Path) -> None:
    text = file.read_text("utf-8")
    known = MetadataWrapper(cst.parse_module(text)).resolve(PositionProvider)
    where = {(type(n), r.start.line, r.start.column + 1, r.end.line, r.end.column + 1) for n, r in known.items()}
    made = outline(text, str(file))
    asked = [n for chunk in chunks(made.parts) for n in nodes(chunk.tree) if type(n) in SAME and type(n) not in OTHER]
    found = locate(made.parsed, asked)
    assert found.keys() >= {id(n) for n in asked if not isinstance(n, cst.Name)}
    assert [n for n in asked if id(n) in found and (type(n), *found[id(n)][:4]) not in where] == []


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
    assert sum(len(list(c.statements)) for c in cls.parts if isinstance(c, Chunk)) == 2


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
