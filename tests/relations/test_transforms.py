"""Lists of transforms as they are written, and the numbers in them."""

from __future__ import annotations

import ast

import pytest

from difflint.relations import File
from difflint.relations.opening import Opener
from difflint.relations.terms import Term
from difflint.relations.transforms import chains, name_of, numbers

IMPORTS = "from torchvision import transforms as T\nimport torch\n"


def opened(text: str) -> File:
    return File("made.py", IMPORTS + text, ast.parse(IMPORTS + text))


def value(text: str) -> tuple[float, ...] | None:
    file = opened(f"MEAN, STD = (0.5, 0.2), (0.25, 0.5)\nx = {text}\n")
    term: Term = file.body.ends["x"]
    return numbers(Opener(file), term)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5", (0.5,)),
        ("[0.5] * 3", (0.5, 0.5, 0.5)),
        ("MEAN", (0.5, 0.2)),
        ("torch.tensor([1, 2])", (1, 2)),
        ("[-m / s for m, s in zip(MEAN, STD)]", (-2.0, -0.4)),
        ("tuple(1 / s for s in STD)", (4.0, 2.0)),
        ("[f(m) for m in MEAN]", None),
        ("[1, n]", None),
    ],
)
def test_numbers_are_read_however_they_are_written(text: str, expected: tuple[float, ...] | None) -> None:
    found = value(text)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("T.Compose([T.Resize(8), T.ToTensor()])", ["Resize", "ToTensor"]),
        ("T.Compose([T.Resize(8)] + [T.ToTensor()])", ["Resize", "ToTensor"]),
        ("T.Compose([*steps, T.ToTensor()])", ["Resize", "", "ToTensor"]),
        ("T.Compose([T.Compose([T.Resize(8)]), T.ToTensor()])", ["Resize", "ToTensor"]),
        ("T.Compose([mine(), T.ToTensor()])", ["", "ToTensor"]),
    ],
)
def test_a_chain_holds_its_transforms_in_order(text: str, names: list[str]) -> None:
    file = opened(f"steps = [T.Resize(8), mine()]\ntf = {text}\n")
    assert [name_of(item) for item in list(chains(file))[-1].items] == names
