"""The benchmark of planted defects stands on correct programs and on operators that fit them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from benchmarks.mutation import mutants as planting
from benchmarks.mutation.mutants import MisfitError, content, files, mutants, plant, programs
from benchmarks.mutation.run import run
from benchmarks.mutation.smoke import ways
from difflint.config import Settings
from difflint.engine import lint


@pytest.mark.parametrize("program", programs())
def test_difflint_is_silent_on_the_correct_program(program: str) -> None:
    folder = planting.PROGRAMS / program
    result = lint([str(folder)], Settings(root=folder, preview=True))
    assert result.errors == ()
    assert [(finding.place.where, finding.rule, finding.message) for finding in result.findings] == []


@pytest.mark.parametrize("program", programs())
def test_every_operator_fits_and_leaves_a_program_that_parses(program: str) -> None:
    texts, known = files(program), planting.families()
    results = set()
    for mutant in mutants(program):
        planted = plant(mutant, texts)
        assert mutant.family in known
        assert planted.lines
        for name, text in planted.texts.items():
            parses(content(program, name, text), name)
        results.add(tuple(sorted(planted.texts.items())))
    assert len(results) == len(list(mutants(program))), "two operators plant the same"
    assert tuple(sorted(texts.items())) not in results
    assert not any(dict(result).items() <= texts.items() for result in results), "an operator changes nothing"


def parses(text: str, name: str) -> None:
    if name.endswith(".py"):
        ast.parse(text)
    elif name.endswith(".ipynb"):
        cells = [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        ast.parse("".join(line.rstrip("\n") + "\n" for cell in cells for line in cell if line[0] not in "%!"))


def test_every_family_is_planted_somewhere() -> None:
    planted = {mutant.family for program in programs() for mutant in mutants(program)}
    assert planted == planting.families().keys()


def test_what_the_programs_are_made_to_end_early_with_is_in_them() -> None:
    assert ways().keys() == set(programs())
    for program, runs in ways().items():
        texts = files(program)
        for way in runs:
            assert way.file in texts
            assert all(any(old in text for text in texts.values()) for old in way.smaller)


@pytest.mark.parametrize("program", ["script_ddpm", "notebook_ddpm", "gaussian_diffusion"])
def test_a_picture_that_is_shown_as_it_is_is_found_at_its_place(program: str) -> None:
    outcome = next(run(program, ["missing-denormalise"], planting.families()))
    assert outcome.found
    assert outcome.others == ()
    assert outcome.errors == ()


def test_a_finding_elsewhere_is_not_the_planted_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    operators = "file: train.py\nmissing-denormalise:\n- |\n  -EPOCHS = 20\n  +EPOCHS = 21\n  @\n"
    operators += "  -images = (images.clamp(-1, 1) + 1) / 2\n  +images = images.clamp(-1, 1)\n"
    (tmp_path / "script_ddpm.yaml").write_text(operators)
    monkeypatch.setattr(planting, "OPERATORS", tmp_path)
    (near,) = run("script_ddpm", ["missing-denormalise"], planting.families())
    (tmp_path / "script_ddpm.yaml").write_text(operators.replace("  @\n", "- |\n"))
    far, same = run("script_ddpm", ["missing-denormalise"], planting.families())
    assert near.found and same.found
    assert not far.found


def test_a_hunk_that_fits_nowhere_or_twice_is_an_error() -> None:
    texts = {"a.py": "x = 1\nif x:\n    y = 2\nelse:\n    y = 2\n"}
    for spelling in ("-z = 1", "-y = 2"):
        mutant = planting.Mutant("p", "f", 1, tuple(planting.parse(spelling, "a.py")))
        with pytest.raises(MisfitError):
            plant(mutant, texts)


def test_lines_are_counted_in_the_changed_file() -> None:
    texts = {"a.py": "a\nb\n    c\n    d\ne"}
    spelling = "-a\n+a1\n+a2\n@\n=c\n-d\n+if d:\n+    d2\n@\n-e\n+f\n! b"
    planted = plant(planting.Mutant("p", "f", 1, tuple(planting.parse(spelling, "a.py"))), texts)
    assert planted.texts["a.py"].split("\n") == ["a1", "a2", "b", "    c", "    if d:", "        d2", "f"]
    assert planted.lines == {("a.py", line) for line in (1, 2, 3, 5, 6, 7)}
    assert not planted.anywhere


def test_what_is_only_taken_away_may_be_missed_anywhere_in_its_file() -> None:
    texts = {"a.py": "a\nb\nc", "b.py": "a\nb"}
    planted = plant(planting.Mutant("p", "f", 1, tuple(planting.parse("=a\n-b\n@ b.py\n-b\n+c", "a.py"))), texts)
    assert planted.texts == {"a.py": "a\nc", "b.py": "a\nc"}
    assert planted.anywhere == {"a.py"}
