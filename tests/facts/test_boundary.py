"""What no interpreter should meet costs one piece of one file: a line in the report, and the rest goes on."""

from __future__ import annotations

import pytest

from difflint.facts import statements
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from tests.facts.interpreting import SIGNED, UNIT, at_sinks, facts_of


@pytest.fixture
def broken_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that fails at every ``pass``."""
    import libcst as cst

    def fail(machine: Machine, frame: Frame, node: object) -> None:
        raise KeyError("broken")

    monkeypatch.setitem(statements.EXECUTORS, cst.Pass, fail)


@pytest.mark.usefixtures("broken_pass")
def test_a_defect_in_one_function_leaves_the_other_functions() -> None:
    facts = facts_of('def f():\n  pass\ndef g():\n  pass\ndef h():\n  save_image(x, "a.png")\n')
    assert [error.path for error in facts.errors] == ["snippet.py"]
    assert facts.errors[0].message.startswith("internal error in function f, please report it: KeyError")
    assert len(facts.seen.sinks) == 1


@pytest.mark.usefixtures("broken_pass")
def test_a_defect_in_the_module_body_leaves_the_entry_point_and_what_stands_before() -> None:
    facts = facts_of('save_image(x, "a.png")\nif __name__ == "__main__":\n  save_image(x, "b.png")\npass\n')
    assert len(facts.errors) == 1
    assert "the module body" in facts.errors[0].message
    assert len(facts.seen.sinks) == 2


@pytest.mark.parametrize(
    "deep",
    [
        "y = (" + "\n+ ".join(f"a{i}" for i in range(600)) + ")",
        "y = " + "x" + ".mul(1)" * 100,
        "if a: pass\n" + "\n".join(f"elif a{i}: pass" for i in range(300)),
        "y = (" + "\n".join('"a"' for _ in range(600)) + ")",
        "y = " + "not " * 600 + "x",
        "y = a" + ".b" * 600,
    ],
    ids=["sum", "calls", "elif", "strings", "not", "attributes"],
)
def test_code_that_is_deeply_nested_does_not_stop_what_follows(deep: str) -> None:
    assert at_sinks(f'{deep}\nsave_image(x * 2 - 1, "a.png")') == [{SIGNED}]


@pytest.mark.parametrize(
    "line",
    [
        'y = "a" * 10**10',
        "y = 10 ** 10 ** 8",
        "y = 2.0 ** 100000",
        "y = " + "9" * 5000,
        "y = x * 1e999 - 1e999",
        "y = int(1e999)",
        "y = [1, 2][::0]",
        "y = list(range(10 ** 18))",
        "y = range(1, 2, 3, 4)",
        "y = range(1, 2, 0)",
        "for i in range(8):\n  for j in range(8):\n    l = l + l if l else [1]",
        "l = [1]\nfor i in range(24):\n  l = [*l, *l]",
        "n = 3\nfor i in [1] * 24:\n  n = n * n",
        "a = []\na.append(a)\nb = {}\nb['b'] = b\nb[a] = a",
        "class A(A): pass\nA().b",
        "def f(*a): return f(*a, *a)\nf(1)",
        "x.clamp(x, 'a', 3, 4)",
        "save_image()\nto_tensor()\nx.mul()\nx.to()\ntorch.cat()\ngetattr(x)\nnext()\nrange()\nint()",
        "a, b = 1\na, *b = ()\n*a, = x\nfor a, b in [1, 2]: pass",
        "del x.y, z[0], (a, b)",
        "1 / 0\n0 ** -1\n(-1) ** 0.5\n'%d' % 'a'\nNone + 1\n~1.5\n1 @ 2",
    ],
)
def test_odd_code_is_no_error(line: str) -> None:
    assert at_sinks(f'z = x\n{line}\nsave_image(z, "z.png")')[-1] == {UNIT}


def test_nested_loops_end_with_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("difflint.facts.machine.BUDGET", 2000)
    loops = "".join("  " * depth + f"for i{depth} in range(8):\n" for depth in range(9))
    assert facts_of(f"{loops}{'  ' * 9}x = x * 2 - 1\n").errors == ()


def test_a_way_longer_than_anybody_writes_is_unknown() -> None:
    text = "y = x\nfor i in range(8):\n  for j in range(8):\n    y = y * 2 - 1\nsave_image(y, 'a.png')"
    assert at_sinks(text) == [{"unknown"}]


def test_a_mixture_of_text_and_bytes_is_a_syntax_error() -> None:
    (error,) = facts_of("y = b'a' 'b'").errors
    assert error.message.startswith("syntax error")
