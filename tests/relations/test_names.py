"""Names by Python's scoping rules: what is read and given a value nowhere."""

from __future__ import annotations

import ast

import pytest

from difflint.relations.names import Names


def undefined(code: str) -> list[str]:
    return [read.id for read, _ in Names(ast.parse(code)).undefined()]


def test_a_name_of_another_function_is_not_known() -> None:
    assert undefined("def f():\n    loss = 1\ndef g():\n    return loss") == ["loss"]


def test_a_method_does_not_see_the_names_of_its_class() -> None:
    assert undefined("class A:\n    steps = 10\n    half = steps // 2\n    def f(self):\n        steps") == ["steps"]


def test_a_name_of_a_comprehension_ends_with_it() -> None:
    assert undefined("a = [t for t in range(3)]\nprint(t)") == ["t"]


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    global seed\n    seed = 1\ndef g():\n    return seed",
        "def f(xs):\n    return any((last := x) for x in xs), last",
        "def f():\n    t = 1\n    def g():\n        return t\n    return g",
        "try:\n    fused\nexcept NameError:\n    fused = None",
        "from torch import *\nprint(randn(1))",
        "exec('x = 1')\nprint(x)",
        "def f(*shape, **more):\n    return shape, more",
        "with open('x') as file, open('y') as (a, [b]):\n    print(file, a, b)",
        "def f(x: Tensor) -> Tensor:\n    y: Tensor = x\n    return y",
    ],
)
def test_every_way_to_give_a_name_a_value_counts(code: str) -> None:
    assert undefined(code) == []
