# ruff: noqa: E501 (texts of programs)
"""Generated programs: their analysis ends within its budget, is the same each time, and never breaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from difflint import places
from difflint.cache import Store
from difflint.facts import knowledge
from difflint.facts.analysis import INTERNAL, interpret
from difflint.facts.kept import Kept
from difflint.facts.machine import BUDGET, Machine
from difflint.facts.units import Observer, looked_for, units
from difflint.files import SourceFile, read_all

small = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
FIXTURES = sorted((places.ROOT / "fixtures").glob("DFL*/*.py"))
HEAD = "import torch\nfrom torchvision.utils import save_image\nx = torch.rand(3, 4, 4)\ny = torch.randn(3, 4, 4)\nk = 0\nseen = []\n"

# --- programs of loops and calls that call each other

SIMPLE = (
    *("x = x * 0.5 + y", "y = torch.tanh(x)", "x = f(x, y)", "y = g(y)", "k = k + 1", "k += g(k)", "seen.append(x)"),
    *(
        "x, y = y, x",
        "save_image(x, 'a.png')",
        "x = next(h(x))",
        "for v in h(y): x = v",
        "x = o.go(x)",
        "o.next = P(o)",
    ),
    *("seen = [f(v, x) for v in seen]", "x = x.clamp(0, 1)", "y = (lambda v: f(v, v))(x)", "o.x = [o.x, x]", "y = o.x"),
    *("x = {'k': x}['k']", "seen += seen", "x = sum(h(x))", "seen = [seen, seen]", "o = P(o)", "y = o.next.go(y)"),
)
HEADS = (
    *("for i in range(3):", "for i in range(k):", "for i in UNKNOWN:", "while True:", "while k < 5:", "while UNKNOWN:"),
    *("for v in seen:", "for v in h(x):", "for i, v in enumerate(h(y)):", "if UNKNOWN:", "if k > 2:", "try:", "if x:"),
    *("for i in range(10 ** 9):", "while k < 10 ** 9:", "with torch.no_grad():", "for v in (x, y, x):"),
)
ENDS = ("pass", "break", "continue", "if UNKNOWN: break", "if UNKNOWN: continue")


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def block(head: str, body: str, end: str) -> str:
    loop = head.startswith(("for", "while"))
    tail = "except ValueError:\n    pass\n" if head == "try:" else ""
    return f"{head}\n{indented(body)}" + indented(end if loop else "pass") + tail


bodies = st.recursive(
    st.sampled_from(SIMPLE).map(lambda line: line + "\n"),
    lambda inner: st.one_of(
        st.builds(block, st.sampled_from(HEADS), inner, st.sampled_from(ENDS)), st.builds("{}{}".format, inner, inner)
    ),
    max_leaves=8,
)


def program(f: str, g: str, h: str, go: str, main: str) -> str:
    """Two functions, a generator and a method that may all call each other, and a main part that calls them."""
    local = "k = 1\nseen = []\no = P(None)\n"
    return (
        HEAD
        + f"def f(x, y):\n{indented(local + f)}    return x\n\ndef g(x):\n{indented('y = x' + chr(10) + local + g)}"
        + f"    return f(x, y)\n\ndef h(x):\n{indented('y = x' + chr(10) + local + h)}    yield x\n    yield from h(y)\n\n"
        + "class P:\n    def __init__(self, other):\n        self.next, self.x = other, x\n\n    def go(self, x):\n"
        + indented(indented("o, y, k, seen = self, x, 0, []\n" + go))
        + f"        return self.next.go(g(x))\n\no = P(P(None))\n{main}save_image(f(x, y), 'b.png')\nsave_image(o.go(x), 'c.png')\n"
    )


programs = st.builds(program, bodies, bodies, bodies, bodies, bodies)


def sourced(text: str) -> SourceFile:
    return SourceFile("program.py", text, Path("/nowhere/program.py"), Path("/nowhere"))


@small
@given(text=programs)
def test_every_program_is_done_within_the_budget(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    most, evaluate = [0], Machine.evaluate

    def counted(machine: Machine, frame: object, node: object) -> object:
        result = evaluate(machine, frame, node)  # type: ignore[arg-type]
        most[0] = max(most[0], machine.steps)
        return result

    compile(text, "program.py", "exec")
    with monkeypatch.context() as patched:
        patched.setattr(Machine, "evaluate", counted)
        analysis = interpret([sourced(text)], knowledge(), lambda path: None)
    assert analysis.failures == ()
    assert most[0] < BUDGET * 1.05, "what is left to do once the budget is spent is little"


# --- the same each time


def recorded(texts: list[str]) -> str:
    """The records of programs, analysed one after the other, as JSON."""
    observer = Observer(knowledge(), lambda path: None)
    found = [
        observer.observe(unit)
        for text in texts
        for unit in units([sourced(text)], looked_for(knowledge()), Kept(Store(None)))
    ]
    return json.dumps(found, sort_keys=True)


@small
@given(programs)
def test_the_same_program_gives_the_same_record(text: str) -> None:
    assert recorded([text]) == recorded([text]) != "[]"


# --- mutated programs


def _lines() -> list[str]:
    """Logical pieces of our own fixtures: every line, to be stitched together again."""
    texts = [source.text for source in read_all(FIXTURES[::4]).relevant]
    return list(dict.fromkeys(line for text in texts for line in text.splitlines() if line.strip()))


LINES = _lines()
TOPS = [line for line in LINES if not line.startswith((" ", ")", "]", "}", "@", "else", "elif", "except", "finally"))]
WORDS = ("x", "None", "0", "[]", "{}", "()", "-1", "''", "torch", "self", "...", "lambda: 0", "print", "(yield)", "*x")


def mutated(text: str, picks: list[tuple[int, int, int]]) -> str:
    """A fixture in which lines were dropped, doubled or swapped, or one of their words is another."""
    lines = text.splitlines()
    for kind, where, what in picks:
        at = where % len(lines)
        if kind == 0:
            lines[at : at + 1] = []
        elif kind == 1:
            lines.insert(at, lines[what % len(lines)])
        elif kind == 2:
            lines[at], lines[what % len(lines)] = lines[what % len(lines)], lines[at]
        else:
            words = lines[at].split(" ")
            words[what % len(words)] = WORDS[what % len(WORDS)]
            lines[at] = " ".join(words)
        if not lines:
            lines = ["pass"]
    return "\n".join(lines) + "\n"


any_number = st.integers(0, 10_000)
edits = st.lists(st.tuples(st.integers(0, 3), any_number, any_number), min_size=1, max_size=4)


def parses(text: str) -> bool:
    try:
        compile(text, "program.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def is_sound(text: str) -> bool:
    analysis = interpret([sourced(text)], knowledge(), lambda path: None)
    return not any(failure.message.startswith(INTERNAL) for failure in analysis.failures)


@settings(small, max_examples=120)
@given(st.sampled_from(FIXTURES), edits)
def test_a_mutated_fixture_never_breaks_the_analysis(fixture: Path, picks: list[tuple[int, int, int]]) -> None:
    text = mutated(fixture.read_text("utf-8"), picks)
    if parses(text):
        assert is_sound(text)


@settings(small, max_examples=60)
@given(st.lists(st.sampled_from(TOPS), min_size=3, max_size=30))
def test_stitched_lines_of_fixtures_never_break_the_analysis(lines: list[str]) -> None:
    kept = [line for line in lines if parses(line)]
    assert is_sound("\n".join((HEAD, *kept)) + "\n")


def test_lists_in_lists_without_end_are_unknown() -> None:
    text = "seen = [1]\n" + "seen = [seen, seen]\n" * 60 + "print(seen == seen)\n"
    assert interpret([sourced(text)], knowledge(), lambda path: None).failures == ()
