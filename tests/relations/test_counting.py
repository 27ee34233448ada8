"""What loops count through, which way values go from round to round, and how long tables are."""

from __future__ import annotations

import ast

import pytest

from difflint.relations.counting import Linear, counts, linear, scalar, trend
from difflint.relations.file import File
from difflint.relations.tables import length
from difflint.relations.terms import Term

FIVE = Linear(frozenset(), 5)


def term(expression: str, loop: str = "") -> Term:
    """The term of an expression, in a loop if one is given."""
    body = f"    {loop}\n        found = {expression}\n" if loop else f"    found = {expression}\n"
    text = f"import torch\nimport numpy as np\ndef f(T, n, steps, betas):\n{body}"
    function = File("a.py", text, ast.parse(text)).every[0]
    return next(event.term for event in function.events if event.target == "found")


@pytest.mark.parametrize(
    ("iterable", "first", "last"),
    [
        ("range(5)", 0, 4),
        ("range(1, 6)", 1, 5),
        ("reversed(range(5))", 4, 0),
        ("range(5)[::-1]", 4, 0),
        ("list(range(5))[:0:-1]", 4, 1),
        ("range(5, 0, -1)", 5, 1),
        ("tqdm(range(4, -1, -1), total=5)", 4, 0),
        ("trange(5)", 0, 4),
        ("np.arange(5)[::-1]", 4, 0),
        ("torch.flip(torch.arange(0, 5), [0])", 4, 0),
        ("range(5)[1:]", 1, 4),
        ("range(5)[:-1]", 0, 3),
    ],
)
def test_a_loop_counts_from_first_to_last(iterable: str, first: int, last: int) -> None:
    count = counts(term("i", f"for i in {iterable}:"))
    assert count is not None
    assert (count.first, count.last) == (Linear(frozenset(), first), Linear(frozenset(), last))


@pytest.mark.parametrize("iterable", ["steps", "range(T)[n:]", "range(0, T, 7)[::-1]"])
def test_ends_that_are_not_known_are_not_made_up(iterable: str) -> None:
    count = counts(term("i", f"for i in {iterable}:"))
    assert count is None or count.last is None or count.first is None


@pytest.mark.parametrize(
    ("expression", "loop", "way"),
    [
        ("i", "for i in range(T):", 1),
        ("T - 1 - i", "for i in range(T):", -1),
        ("i / T", "for i in reversed(range(T)):", -1),
        ("torch.full((n,), i)", "for i in range(T)[::-1]:", -1),
        ("(torch.ones(n) * i).long()", "for i in range(T):", 1),
        ("torch.linspace(1, 0, n)[i]", "for i in range(n):", -1),
        ("t", "for i, t in enumerate(reversed(range(T))):", -1),
        ("i", "for i, t in enumerate(reversed(range(T))):", 1),
        ("b", "for a, b in zip(range(T), range(T)[::-1]):", -1),
        ("betas", "for i in range(T):", 0),
        ("betas[i]", "for i in range(T):", None),
        ("t", "for t in steps:", None),
    ],
)
def test_the_way_of_a_value_from_round_to_round(expression: str, loop: str, way: int | None) -> None:
    assert trend(term(expression, loop)) == way


def test_a_number_is_found_under_a_batch() -> None:
    assert scalar(term("torch.tensor([T]).repeat(n).to('cuda')")) == term("T")


def test_sums_differ_by_a_number_where_their_terms_agree() -> None:
    assert linear(term("2 * T - (T + 3)")).minus(linear(term("T - 1"))) == -2
    assert linear(term("T - 1")).minus(linear(term("n"))) is None
    assert linear(term("len(betas) - 1")).minus(linear(term("betas.shape[0]"))) == -1


@pytest.mark.parametrize(
    "table",
    [
        "torch.linspace(1e-4, 0.02, 5)",
        "torch.cumprod(1 - torch.linspace(1e-4, 0.02, 5), dim=0).sqrt()",
        "torch.cat([torch.ones(1), torch.linspace(0, 1, 5)[:-1]])",
        "torch.nn.functional.pad(torch.arange(4), (1, 0), value=1.0)",
        "np.append(np.arange(4), 0.0)",
    ],
)
def test_the_length_of_a_table(table: str) -> None:
    assert length(term(table)) == FIVE


@pytest.mark.parametrize("table", ["betas", "torch.cat([betas, torch.ones(1)])", "torch.randn(5, 3)"])
def test_a_length_that_is_not_known(table: str) -> None:
    assert length(term(table)) is None
