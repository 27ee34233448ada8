"""What each edit makes of a text: its own place changes, with parentheses only where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from difflint import edits
from difflint.files import SourceFile
from difflint.findings import Edit, Finding, Fix, Place
from difflint.fixes.cells import with_sources
from difflint.fixes.patch import spliced
from difflint.fixes.resolve import resolved
from tests.samples import FINDING

Make = Callable[[Place], Edit]
CLAMP = "{}.clamp(0, 1)"
LINES = "def f(x):\n    x = 1; y = 2  # c\n    if x: return y\n    return x"


def place_of(text: str, code: str) -> Place:
    """Where the code stands for the first time."""
    start = text.index(code)
    ends = [(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for at in (start, start + len(code))]
    return Place("a.py", *ends[0], *ends[1])


def wrap(template: str, of: str = "") -> Make:
    return lambda place: edits.wrap(place, template, of)


def edited(text: str, code: str, *makes: Make) -> str | None:
    """The text with the edits at the code in it, None where they cannot be made."""
    place = place_of(text, code)
    finding = Finding(
        "DFL101", "n", "error", "high", place, "m", "", fix=Fix("safe", "t", tuple(m(place) for m in makes))
    )
    fix = resolved(finding, {"a.py": SourceFile("a.py", text, Path("a.py"), Path())}).fix
    return None if fix is None else spliced(text, fix.edits)


WRAPPED = {
    "a receiver in parentheses keeps them": ("y = (x * 255).byte()", "(x * 255).byte()", CLAMP, edits.RECEIVER,
        "y = (x * 255).clamp(0, 1).byte()"),
    "a receiver without needs none": ("y = x.cpu().byte()", "x.cpu().byte()", CLAMP, edits.RECEIVER,
        "y = x.cpu().clamp(0, 1).byte()"),
    "an argument gets the ones it needs": ("y = u8(x * 255)", "u8(x * 255)", CLAMP, "0",
        "y = u8((x * 255).clamp(0, 1))"),
    "an argument by its name": ("s(f='a', im=x)", "s(f='a', im=x)", "({} + 1) / 2", "0 im", "s(f='a', im=(x + 1) / 2)"),
    "an argument by its position": ("s(x, f='a')", "s(x, f='a')", "({} + 1) / 2", "0 im", "s((x + 1) / 2, f='a')"),
    "what is assigned": ("a[0] = b + c", "a[0]", CLAMP, edits.VALUE, "a[0] = (b + c).clamp(0, 1)"),
    "what is returned": ("def f():\n  return b", "return b", CLAMP, edits.VALUE, "def f():\n  return b.clamp(0, 1)"),
    "a choice binds loosest": ("z = w * (a if b else c)", "a if b else c", "{} * 2 - 1", "",
        "z = w * ((a if b else c) * 2 - 1)"),
    "a power binds tightest": ("z = w ** a", "a", "{} * 2 - 1", "", "z = w ** (a * 2 - 1)"),
    "parentheses of a template are no more than needed": ("z = a", "a", "({}).clamp(0, 1)", "", "z = a.clamp(0, 1)"),
    "a comment inside stays": ("y = (x # c\n   * 2)", "x # c\n   * 2", CLAMP, "", "y = (x # c\n   * 2).clamp(0, 1)"),
    "columns count characters": ("é = 'é' + é.f(x)", "é.f(x)", "{} * 2", "", "é = 'é' + é.f(x) * 2"),
    "in a condition": ("if a:\n    pass\nelif b():\n    pass", "b()", "not {}", "",
        "if a:\n    pass\nelif not b():\n    pass"),
    "in a decorator": ("@f(a)\ndef g(): pass", "f(a)", "{} + 1", "0", "@f(a + 1)\ndef g(): pass"),
    "in a formatted string": ("y = f'{x.b()}'", "x.b()", "{} + 1", "", "y = f'{x.b() + 1}'"),
    "a name that a method needs is no call": ("y = byte(x)", "byte(x)", CLAMP, edits.RECEIVER, None),
    "several targets have no one value": ("a, b = c, d", "a", CLAMP, edits.VALUE, None),
    "a sum in place is not what is added": ("a += b", "a", CLAMP, edits.VALUE, None),
    "arguments behind a star have no position": ("s(*a, b)", "s(*a, b)", CLAMP, "1", None),
}  # fmt: skip


@pytest.mark.parametrize("case", WRAPPED)
def test_an_expression_is_wrapped(case: str) -> None:
    text, code, template, of, expected = WRAPPED[case]
    assert edited(text, code, wrap(template, of)) == expected


def test_an_expression_is_replaced() -> None:
    assert edited("y = a * b", "b", lambda p: edits.replace(p, "c + d")) == "y = a * (c + d)"
    assert edited("f(a, b=c)", "f(a, b=c)", lambda p: edits.replace(p, "d", "b")) == "f(a, b=d)"
    assert edited("y = a * b", "b", lambda p: edits.replace(p, "c +")) is None


UNWRAPPED = {
    "y = x / 127.5 - 1": ("x / 127.5 - 1", 2, "y = x"),
    "y = 2 * (a + b) - 1": ("2 * (a + b) - 1", 2, "y = a + b"),
    "y = a.mul(0.5).add(0.5).cpu()": ("a.mul(0.5).add(0.5)", 2, "y = a.cpu()"),
    "y = f(x - m) / s": ("f(x - m) / s", 1, "y = f(x - m)"),
    "z = 1\nx = x / 255\ny = x": ("x / 255", 1, "z = 1\ny = x"),
    "if z:\n    x = x / 255": ("x / 255", 1, "if z:\n    pass"),
    "y = x * w": ("x * w", 1, None),
    "x.mul(2)": ("x.mul(2)", 1, None),
    "y = net(x) * 2": ("net(x) * 2", 2, None),
}


@pytest.mark.parametrize("text", UNWRAPPED)
def test_arithmetic_steps_are_taken_away(text: str) -> None:
    code, steps, expected = UNWRAPPED[text]
    assert edited(text, code, lambda place: edits.unwrap(place, steps)) == expected


ARGUMENTS = {
    "f(a)": ("f(a, b=2)", "f(q, a)", "f()"),
    "f()": ("f(b=2)", "f(q)", None),
    "f(a, b=1)": ("f(a, b=2)", "f(q, a, b=1)", "f(b=1)"),
    "f(a, 1)": ("f(a, 1, b=2)", "f(q, a, 1)", "f(1)"),
    "f((a))": ("f((a), b=2)", "f(q, (a))", "f()"),
    "f(\n    a,\n    c,\n)": ("f(\n    a,\n    c, b=2,\n)", "f(\n    q, a,\n    c,\n)", "f(\n    c,\n)"),
    "f(*a)": ("f(*a, b=2)", "f(q, *a)", None),
    "f(**k)": ("f(**k, b=2)", "f(q, **k)", None),
    "f(x for x in y)": (None, None, None),
}


@pytest.mark.parametrize("text", ARGUMENTS)
def test_arguments_come_and_go(text: str) -> None:
    named, first, without = ARGUMENTS[text]
    if "*" in text:
        named = None  # it may be among them
    assert edited(text, text, lambda place: edits.argument(place, "2", "b")) == named
    assert edited(text, text, lambda place: edits.positional(place, "q", 0)) == first
    assert edited(text, text, lambda place: edits.without(place, "0")) == without


def test_an_argument_takes_the_place_of_the_one_at_its_position() -> None:
    text = "autocast(device, half)"
    assert edited(text, text, lambda p: edits.argument(p, "b", "1 dtype")) == "autocast(device, b)"
    assert edited(text, text, lambda p: edits.argument(p, "b", "2 dtype")) == "autocast(device, half, dtype=b)"
    assert edited(text, text, lambda p: edits.without(p, "1 dtype")) == "autocast(device)"


def test_what_is_called_is_renamed() -> None:
    assert edited("x = torch.rand(3)", "torch.rand(3)", lambda p: edits.rename(p, "randn")) == "x = torch.randn(3)"
    assert edited("x = rand(3)", "rand(3)", lambda p: edits.rename(p, "randn")) == "x = randn(3)"
    assert edited("x = a[0](3)", "a[0](3)", lambda p: edits.rename(p, "randn")) is None


STATEMENTS = {
    "return x": ("    z()\n    return x", "    return x\n    z()", None),
    "y = 2": ("x = 1; z(); y = 2  # c", "x = 1; y = 2; z()  # c", "    x = 1  # c\n"),
    "x = 1": ("    z()\n    x = 1; y", "x = 1; z(); y = 2", "    y = 2  # c\n"),
    "return y": ("if x: z(); return y", "if x: return y; z()", "if x: pass\n"),
}


@pytest.mark.parametrize("code", STATEMENTS)
def test_statements_come_and_go_where_they_are_written(code: str) -> None:
    before, after, deleted = STATEMENTS[code]
    assert before in str(edited(LINES, code, lambda place: edits.before(place, "z()")))
    assert after in str(edited(LINES, code, lambda place: edits.after(place, "z()")))
    gone = edited(LINES, code, edits.delete)
    assert gone is not None and code not in gone and (deleted or "") in gone


def test_a_statement_before_an_elif_comes_before_its_if() -> None:
    text = "if 1:\n    if a:\n        pass\n    elif b():\n        pass"
    assert edited(text, "b()", lambda p: edits.before(p, "z()")) == text.replace("    if a", "    z()\n    if a")


def test_a_block_shares_no_line() -> None:
    assert edited(LINES, "y = 2", lambda p: edits.before(p, "if z:\n    z()")) is None
    assert edited(LINES, "y = 2", lambda p: edits.after(p, "for z in x: z()")) is None


IMPORTS = {
    '"""d"""\nfrom __future__ import annotations\n\nimport os\nx()': (
        '"""d"""\nfrom __future__ import annotations\n\nimport os\nimport torch\nx()'
    ),
    "# c\nx()": "# c\nimport torch\nx()",
    '"""d"""\n\nx()': '"""d"""\nimport torch\n\nx()',
    "import torch as th\nx()": "import torch as th\nimport torch\nx()",
    "import os, torch\nx()": "import os, torch\nx()",
}


@pytest.mark.parametrize("text", IMPORTS)
def test_an_import_comes_after_the_others_unless_it_is_there(text: str) -> None:
    renamed = edited(text, "x()", lambda p: edits.add_import(p, "import torch"), lambda p: edits.rename(p, "y"))
    assert renamed == IMPORTS[text].replace("x()", "y()")


def test_an_edit_where_nothing_stands_is_no_fix() -> None:
    nowhere = [
        Edit(Place("a.py", 9, 1, 9, 2), ""),
        Edit(Place("a.py", 1, 5, 1, 99), ""),
        Edit(Place("b.py", 1, 1, 1, 2), ""),
    ]
    for edit in (*nowhere, edits.wrap(Place("a.py", 1, 1, 1, 3), CLAMP)):
        file = SourceFile("a.py", "x = 1\n", Path("a.py"), Path())
        finding = resolved(Finding(**{**vars(FINDING), "fix": Fix("safe", "t", (edit,))}), {"a.py": file})
        assert finding.fix is None


CELLS = {
    '["a\\n", "\\u0062"]': ("a\nc\nb", '["a\\n", "c\\n", "\\u0062"]'),
    '["a\\n",\n "b\\n",  "c"]': ("a\nc", '["a\\n",  "c"]'),
    '[\n "a"\n]': ("b\na", '[\n "b\\n",\n "a"\n]'),
    '"a"': ("é", '"\\u00e9"'),
}


@pytest.mark.parametrize("source", CELLS)
def test_the_lines_of_a_cell_that_stay_are_left_as_they_are_written(source: str) -> None:
    new, written = CELLS[source]
    for document in ('{"cells": [ {"source": %s} ]}', '{"worksheets": [{"cells": []}, {"cells": [{"input": %s}]}]}'):
        assert with_sources(document % source, {1: new}) == document % written
