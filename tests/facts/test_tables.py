"""Tables of numbers: what the linter computes is what torch and NumPy compute, and what it calls a schedule is one."""

from __future__ import annotations

import math
from textwrap import dedent
from typing import Any

import diffusers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difflint.facts import schedules, tables
from difflint.facts.schedules import Schedule
from difflint.facts.tables import Table
from difflint.facts.values import COEFFICIENT, Const, Value, join
from tests.facts.interpreting import at_sink, facts_of, names_of

PRELUDE = "import math\nimport torch\nimport numpy as np\nimport torch.nn.functional as F\n"


def computed(program: str) -> Value | None:
    """What ``y`` is after a program, to the linter."""
    return names_of(PRELUDE + dedent(program)).get("y")


def real(program: str) -> list[float]:
    """What ``y`` is after a program."""
    names: dict[str, Any] = {}
    exec(PRELUDE + dedent(program), names)
    return [float(number) for number in np.atleast_1d(np.asarray(names["y"], dtype=np.float64))]


def schedules_of(program: str) -> list[Schedule]:
    facts = facts_of(PRELUDE + dedent(program))
    assert facts.errors == ()
    return list(facts.seen.schedules)


def same(value: Value | None, wanted: list[float]) -> None:
    numbers = tables.numbers_of(value)
    assert numbers is not None, value
    np.testing.assert_allclose(numbers, wanted, rtol=2e-4, atol=1e-6)


PROGRAMS = {
    "linspace": "y = torch.linspace(1e-4, 0.02, 1000)",
    "linspace by keywords": "y = torch.linspace(start=0.5, end=-2, steps=17)",
    "one step": "y = torch.linspace(3, 5, 1)",
    "numpy's linspace without its end": "y = np.linspace(0, 1, 20, endpoint=False)",
    "numpy's linspace by name": "y = np.linspace(0., 1., num=12)",
    "the default number of NumPy": "y = np.linspace(0., 1.)",
    "logspace": "y = torch.logspace(-3, 1, 30)",
    "arange": "y = torch.arange(12)",
    "arange with a step": "y = np.arange(10, -3, -0.7)",
    "roots": "y = torch.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000, dtype=torch.float64) ** 2",
    "a running product": "y = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), dim=0)",
    "a method": "y = (1 - torch.linspace(1e-4, 0.02, 100)).cumprod(0).sqrt()",
    "a running product of logarithms": "y = torch.log(1 - torch.linspace(1e-4, 0.02, 100)).cumsum(dim=0).exp()",
    "the table before": "a = np.cumprod(1 - np.linspace(1e-4, 0.02, 50))\ny = np.append(1.0, a[:-1])",
    "padding": "a = torch.linspace(0.9, 0.1, 9)\ny = F.pad(a[:-1], (1, 0), value=1.0)",
    "joined": "a = torch.linspace(0.9, 0.1, 9)\ny = torch.cat([torch.ones(1), a[:-1]])",
    "joined with a list": "a = torch.linspace(0.9, 0.1, 9)\ny = torch.cat((torch.tensor([1.0]), a[:-1]), dim=0)",
    "reversed": "y = torch.linspace(0, 1, 9).flip(0)",
    "reversed by a slice": "y = np.linspace(0, 1, 9)[::-1]",
    "every other one": "y = torch.linspace(0, 1, 9)[1::2]",
    "the last one": "y = torch.linspace(0, 1, 9)[-1]",
    "picked by a table": "y = torch.linspace(0, 1, 9)[torch.arange(0, 9, 3)]",
    "clipped": "y = torch.clip(torch.linspace(-1, 2, 9), 0, 0.999)",
    "clamped above": "y = torch.linspace(-1, 2, 9).clamp(max=0.5)",
    "clamped in place": "y = torch.linspace(-1, 2, 9)\ny.clamp_(min=0.5)",
    "one entry replaced": "y = np.linspace(0, 1, 9)\ny[0] = 7.0",
    "changed in place": "y = torch.linspace(0, 1, 9)\ny *= 3",
    "cosine": """
        t = torch.linspace(0, 100, 101) / 100
        a = torch.cos((t + 0.008) / 1.008 * math.pi * 0.5) ** 2
        a = a / a[0]
        y = torch.clip(1 - a[1:] / a[:-1], 0, 0.999)
        """,
    "sigmoid": "y = torch.sigmoid(torch.linspace(-6, 6, 50)) * (0.02 - 1e-4) + 1e-4",
    "the sigmoid of a number": "y = torch.tensor(0.3).sigmoid() * torch.ones(1)",
    "a list of numbers": "y = np.array([0.1, 0.2, 0.3]) * 2 + 1",
    "a list and its product": "y = torch.cumprod(torch.tensor([0.9, 0.8, 0.7]), 0)",
    "a loop": """
        bar = lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
        y = []
        for i in range(200):
            t1 = i / 200
            t2 = (i + 1) / 200
            y.append(min(1 - bar(t2) / bar(t1), 0.999))
        y = np.array(y)
        """,
    "the rounds before": "y = [1.0]\nfor i in range(20):\n    y.append(i * 2)\ny = torch.tensor(y)",
    "what a loop leaves": "z = []\nfor i in range(20):\n    b = i * 0.5\n    z.append(b)\ny = b + i",
    "a comprehension": """
        a = [math.cos(i / 50) for i in range(51)]
        y = torch.tensor([min(1 - a[t + 1] / a[t], 0.999) for t in range(50)])
        """,
    "noise levels": """
        i = torch.arange(18, dtype=torch.float64)
        y = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
        """,
    "lists are glued": "y = [i * 0.1 for i in range(20)] + [i * 0.2 for i in range(20)]",
    "whole numbers": "y = torch.linspace(0, 999, 50).long()",
    "minus": "y = -torch.linspace(0, 1, 9)",
    "in the middle": "y = 0.5 * (np.linspace(0, 1, 9) + np.linspace(1, 2, 9)) / 2",
    "numpy from torch and back": "y = torch.from_numpy(np.linspace(0, 1, 9)).float().numpy().tolist()",
    "how many": "y = torch.linspace(0, 1, 9).shape[0] + len(np.arange(20))",
    "the largest": "y = torch.linspace(0, 1, 9).max() + 1",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_table_holds_what_torch_and_numpy_compute(program: str) -> None:
    same(computed(program), real(program))


VAGUE = {
    "an unknown length": "y = torch.linspace(0, 1, n)",
    "an unknown entry replaced": "y = torch.linspace(0, 1, 20)\ny[k] = 0.5",
    "an unknown factor": "y = torch.linspace(0, 1, 20) * k",
    "an axis more": "a = torch.linspace(0, 1, 20)\ny = a[:, None] * a",
    "another shape": "a = torch.linspace(0, 1, 20)\ny = a.view(4, 5).cumsum(0)",
    "another length": "y = torch.linspace(0, 1, 20) * torch.linspace(0, 1, 19)",
    "more than anybody follows": "y = torch.linspace(0, 1, 100000)",
    "half precision": "y = torch.linspace(0, 1, 20).half()",
    "a loop that carries": "y = []\nz = 1.0\nfor i in range(20):\n    z = z * 0.9\n    y.append(z)",
    "a loop that branches": "y = []\nfor i in range(20):\n    if i > 3:\n        y.append(i)",
    "a function that branches": """
        def f(t):
            if t < 0.5:
                return t
            return 1.0
        y = [f(i / 20) for i in range(20)]
        """,
    "a list that is read": "y = [1.0]\nfor i in range(20):\n    y.append(y[-1] * 0.9)",
    "sorted somehow": "y = [i * 0.1 for i in range(20)]\ny.insert(0, 1)",
    "a loop without end": "y = []\nfor i in range(10 ** 30):\n    y.append(i * 0.5)",
    "a comprehension without end": "y = [i * 0.5 for i in range(10 ** 9)]",
    "one of a table": "y = torch.linspace(0, 1, 20)[k]",
}


@pytest.mark.parametrize("program", VAGUE.values(), ids=VAGUE)
def test_no_numbers_are_claimed_where_they_are_not_known(program: str) -> None:
    value = computed(program)
    assert not isinstance(value, Table | Const)


STEPS = ["y * 2", "1 - y", "y / 3", "y + y", "y * y", "y ** 2", "torch.exp(-y)", "torch.cos(y)", "y.abs()", "y.flip(0)"]
MORE = ["torch.sqrt(y.abs())", "y.clamp(-1, 1)", "y.sigmoid()", "torch.cumsum(y, 0)", "y / (1 + y ** 2)", "y[1:]"]


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-2, 2, width=32),
    st.floats(-2, 2, width=32),
    st.integers(5, 30),
    st.lists(st.sampled_from(STEPS + MORE), max_size=4),
)
def test_any_chain_of_operations_gives_the_numbers_of_torch(low: float, high: float, n: int, steps: list[str]) -> None:
    program = f"y = torch.linspace({low}, {high}, {n}, dtype=torch.float64)\n"
    program += "".join(f"y = {step}\n" for step in steps)
    same(computed(program), real(program))


BUILT = {
    "linear": ("torch.linspace(1e-4, 0.02, 1000)", ("linear", 1000, 1e-4, 0.02)),
    "scaled by T": ("np.linspace(1000 / 250 * 1e-4, 1000 / 250 * 0.02, 250)", ("linear", 250, 4e-4, 0.08)),
    "scaled linear": ("torch.linspace(0.00085**.5, 0.012**.5, 1000) ** 2", ("scaled_linear", 1000, 0.00085, 0.012)),
    "sigmoid": ("torch.sigmoid(torch.linspace(-6, 6, 100)) * (0.02 - 1e-4) + 1e-4", ("sigmoid", 100, 1e-4, 0.02)),
    "constant": ("torch.linspace(0.01, 0.01, 40)", ("constant", 40, 0.01, 0.01)),
    "custom": ("torch.linspace(0.01, 0.5, 40) ** 3", ("custom", 40, 1e-6, 0.125)),
}


@pytest.mark.parametrize(("betas", "wanted"), BUILT.values(), ids=BUILT)
def test_a_schedule_is_told_from_its_numbers(betas: str, wanted: tuple[str, int, float, float]) -> None:
    (found,) = schedules_of(f"q = {betas}\nbar = (1 - q).cumprod(0)\n")
    assert (found.name, found.T) == wanted[:2]
    assert (found.beta_start, found.beta_end) == pytest.approx(wanted[2:], rel=1e-4)
    bars = real(f"q = {betas}\ny = (1 - q).cumprod(0)")
    assert (found.alpha_bar_first, found.alpha_bar_last) == pytest.approx((bars[0], bars[-1]), rel=1e-3)


def test_a_table_with_an_entry_for_the_picture_itself_has_one_step_less() -> None:
    text = "b = (0.02 - 1e-4) * torch.arange(0, 1001) / 1000 + 1e-4\nbar = torch.cumsum(torch.log(1 - b), 0).exp()"
    assert [(s.name, s.T) for s in schedules_of(text)] == [("linear", 1000)]


def test_a_zero_before_the_first_beta_is_no_step() -> None:
    text = "b = torch.linspace(1e-4, 0.02, 1000)\nbar = (1 - torch.cat([torch.zeros(1), b])).cumprod(0)"
    assert [(s.name, s.T, s.beta_start) for s in schedules_of(text)] == [("linear", 1000, 1e-4)]


def test_a_table_that_may_be_two_is_both() -> None:
    text = """
        def betas(kind):
            if kind == "linear":
                return torch.linspace(1e-4, 0.02, 1000)
            return torch.linspace(1e-2, 0.14, 1000) ** 2
        bar = torch.cumprod(1 - betas(unknown), 0)
        """
    assert [s.name for s in schedules_of(text)] == ["linear", "scaled_linear"]


@pytest.mark.parametrize("text", ["q = torch.linspace(1e-4, 0.02, 1000)", "q = np.cumprod(np.arange(1, 20))", "q = 1"])
def test_numbers_that_nobody_multiplies_up_are_no_schedule(text: str) -> None:
    assert schedules_of(text) == []


@pytest.mark.parametrize("name", ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"])
def test_the_formulas_are_those_of_diffusers(name: str) -> None:
    made: Any = diffusers.DDPMScheduler
    wanted = made(200, beta_schedule=name, beta_start=1e-3, beta_end=0.05)
    text = f"from diffusers import DDPMScheduler\ns = DDPMScheduler(num_train_timesteps=200, beta_schedule='{name}', "
    (found,) = schedules_of(f"{text}beta_start=1e-3, beta_end=0.05)")
    assert (found.beta_first, found.beta_last) == pytest.approx(
        (float(wanted.betas[0]), float(wanted.betas[-1])), rel=1e-3
    )
    assert found.alpha_bar_last == pytest.approx(float(wanted.alphas_cumprod[-1]), rel=1e-2)
    assert schedules.of_betas([float(b) for b in wanted.betas.double()], None) == found or name != "linear"


def test_the_noise_levels_of_karras_are_seen() -> None:
    facts = facts_of("""
        def levels(n, low=0.002, high=80, rho=7):
            i = torch.arange(n)
            return (high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho
        levels(18)
        """)
    (found,) = facts.seen.sigmas
    assert (found.T, found.sigma_max, found.sigma_min, found.rho) == (18, 80, 0.002, 7)


def test_a_table_scales_a_picture_as_any_coefficient_does() -> None:
    table = "t = torch.linspace(0.1, 0.9, 20)\nsave_image(x * t[3] + t[4], 'a.png')"
    assert at_sink(table) == at_sink(table.replace("20", "steps")) == {"unknown"}


def test_constants_of_math_are_exact() -> None:
    text = "import math\nsave_image(x * math.sqrt(4) - torch.tensor(1.0).to('cpu'), 'a.png')"
    assert at_sink(text) == {"[-1, 1]"}


def test_many_tables_are_any_coefficient() -> None:
    assert join(Table((float(n), 2.0)) for n in range(9)) == COEFFICIENT
    assert not math.isnan(hash(Table((1.0,))))
