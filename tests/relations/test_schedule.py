"""Schedules as numbers: names, formulas, slips."""

from __future__ import annotations

import ast

import pytest

from difflint.relations import File
from difflint.relations.formulas import FORMULAS, matching
from difflint.relations.judging import judge
from difflint.relations.quantities import NOW, WORLDS, read
from difflint.relations.schedule import Schedule, Sum
from difflint.relations.terms import Term

TABLES = """
import torch
betas = torch.linspace(1e-4, 0.02, 1000)
alphas = 1 - betas
alphas_cumprod = torch.cumprod(alphas, dim=0)
def f(x0, x_t, noise, v, t, model):
    a = alphas_cumprod[t].view(-1, 1, 1, 1)
    return {}
"""


def schedule(text: str) -> Schedule:
    return Schedule(File("a.py", text, ast.parse(text)))


def sums(expression: str) -> tuple[Schedule, tuple[Sum, ...]]:
    made = schedule(TABLES.format(expression))
    return made, tuple(found for found in made.sums if found.depends)


@pytest.mark.parametrize(
    ("name", "table", "number"),
    [
        ("alphas_cumprod", "alpha_bar", lambda a: a),
        ("sqrt_one_minus_alphas_cumprod", "alpha_bar", lambda a: (1 - a) ** 0.5),
        ("sqrt_recipm1_alphas_cumprod", "alpha_bar", lambda a: (1 / a - 1) ** 0.5),
        ("one_minus_alphas_bar_sqrt", "alpha_bar", lambda a: (1 - a) ** 0.5),
        ("alpha_prod_t_prev", "alpha_bar_prev", lambda a: a),
        ("beta_prod_t", "beta_bar", lambda a: a),
    ],
)
def test_a_name_says_its_formula(name: str, table: str, number) -> None:  # type: ignore[no-untyped-def]
    quantity = read(name)
    assert quantity is not None and quantity.table == table
    for world in WORLDS:
        numbers = quantity.of(world)
        assert numbers is not None
        assert numbers[NOW] == pytest.approx(number(world.at(table)))


@pytest.mark.parametrize("name", ["model", "beta_schedule", "alphabet", "sqrt", "learning_rate", "alpha_scale"])
def test_other_names_say_nothing(name: str) -> None:
    assert read(name) is None


def test_no_formula_is_taken_for_another_of_other_data() -> None:
    terms = (Term("name", (), "p"), Term("name", (), "q"))
    for formula in FORMULAS:
        own = [dict(zip(terms, formula.of(world), strict=True)) for world in WORLDS]
        found = [other for other, order in matching(own) if order == terms]
        assert formula in found
        assert {tuple(round(x, 9) for x in other.of(WORLDS[0])) for other in found} == {
            tuple(round(x, 9) for x in formula.of(WORLDS[0]))
        }


@pytest.mark.parametrize(
    "right",
    [
        "a.sqrt() * x0 + (1 - a).sqrt() * noise",
        "torch.sqrt(a) * x0 + torch.sqrt(1.0 - a) * torch.randn_like(x0)",
        "x0.mul(a ** 0.5) + noise.mul((1 - a) ** 0.5)",
        "(x_t - (1 - a).sqrt() * noise) / a.sqrt()",
        "x_t / a.sqrt() - (1 / a - 1).sqrt() * noise",
        "a.sqrt() * noise - (1 - a).sqrt() * x0",
        "a.sqrt() * x_t - (1 - a).sqrt() * v",
        "(x_t - a.sqrt() * x0) * (1 - a).rsqrt()",
        "0.3 * x0 + 0.7 * noise",
        "x0 + a * model(x_t) * noise",
    ],
)
def test_a_right_formula_and_one_that_nobody_knows_are_left_alone(right: str) -> None:
    made, found = sums(right)
    assert [judge(made, one) for one in found] == [None] * len(found)


@pytest.mark.parametrize(
    "wrong",
    [
        "a * x0 + (1 - a).sqrt() * noise",
        "a.sqrt() * x0 + (1 - a) * noise",
        "a * x0 + (1 - a) * noise",
        "a.sqrt() * noise + (1 - a).sqrt() * x0",
        "alphas[t].sqrt() * x0 + (1 - a).sqrt() * noise",
        "a.sqrt() * x0 + (1 + a).sqrt() * noise",
        "(x_t + (1 - a).sqrt() * noise) / a.sqrt()",
        "(x_t - (1 - a).sqrt() * noise) * a.sqrt()",
        "(1 - a).sqrt() * noise - a.sqrt() * x0",
    ],
)
def test_one_slip_is_found(wrong: str) -> None:
    made, (found,) = sums(wrong)
    assert judge(made, found) is not None
