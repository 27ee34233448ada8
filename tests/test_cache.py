"""What is kept between runs changes nothing but the time: results stay the same, and follow every file they hang on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from difflint import places
from difflint.facts.units import Observer, Unit

HELPER = "def to_unit(x):\n    return {}\n"
TRAIN = """
from torchvision import transforms
from torchvision.utils import save_image
from helper import to_unit
def show(path):
    from PIL import Image
    picture = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])(Image.open(path))
    save_image(to_unit(picture), "out.png")
show("a.png")
"""
OTHER = (
    "from torchvision.utils import save_image\nimport torch\ndef f():\n    save_image(torch.rand(3, 4, 4), 'x.png')\n"
)
Made = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(project: Made) -> Path:
    return project({"helper.py": HELPER.format("x"), "train.py": TRAIN, "other.py": OTHER})


def run(*arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """difflint in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(places.ROOT)}
    command = [sys.executable, "-m", "difflint", "--format", "concise", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are analysed and not taken from the cache."""
    names: list[str] = []
    observe = Observer.observe

    def noting(self: Observer, unit: Unit) -> object:
        names.append(unit.source.path)
        return observe(self, unit)

    monkeypatch.setattr(Observer, "observe", noting)
    return names


def test_a_second_run_says_the_same_and_analyses_nothing(
    tree: Path, difflint: Callable[..., object], observed: list[str]
) -> None:
    first = difflint(".")
    assert "DFL101" in str(first) and observed
    observed.clear()
    assert difflint(".") == first and observed == []


def test_a_second_run_does_without_libcst(tree: Path) -> None:
    first = run(".", cwd=tree)
    code = (
        "import sys; from difflint.cli import main; main(['.', '--format', 'concise']); print('libcst' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(places.ROOT)}
    again = subprocess.run([sys.executable, "-c", code], cwd=tree, env=environment, capture_output=True, text=True)
    assert again.stdout == f"{first[1]}False\n"


def test_what_a_file_imports_is_part_of_it(tree: Path, difflint: Callable[..., object], observed: list[str]) -> None:
    assert "train.py" in str(difflint("."))
    (tree / "helper.py").write_text(HELPER.format("x * 0.5 + 0.5"), "utf-8")
    observed.clear()
    assert "train.py" not in str(difflint("."))
    assert "other.py" not in observed and "train.py" in observed


def test_a_file_that_comes_to_stand_before_another_is_noticed(tree: Path, difflint: Callable[..., object]) -> None:
    assert "DFL101" in str(difflint("train.py"))
    (tree / "helper.py").rename(tree / "hidden.txt")
    (tree / "helper").mkdir()
    (tree / "helper" / "__init__.py").write_text(HELPER.format("x / 2 + 0.5"), "utf-8")
    assert "DFL101" not in str(difflint("train.py"))


def test_a_broken_cache_is_worked_out_again(tree: Path, difflint: Callable[..., object]) -> None:
    first = difflint(".")
    kept = [*(tree / ".difflint_cache").rglob("*.json")]
    for number, file in enumerate(kept):
        file.write_text(["", "{", "x\n[]", file.read_text("utf-8")[:-9], "null"][number % 5], "utf-8")
    assert kept and difflint(".") == first


def test_a_cache_that_cannot_be_written_is_said_in_one_line(tree: Path) -> None:
    (tree / "taken").write_text("", "utf-8")
    code, out, err = run(".", "--cache-dir", "taken/inner", cwd=tree)
    assert (code, out) == run(".", "--no-cache", cwd=tree)[:2]
    assert len(err.strip().splitlines()) == 1 and "taken" in err


def test_no_cache_leaves_nothing_behind(tree: Path, difflint: Callable[..., object]) -> None:
    difflint(".", "--no-cache")
    assert not (tree / ".difflint_cache").exists()


def test_jobs_and_folders_change_nothing(tmp_path: Path) -> None:
    root = places.ROOT / "fixtures" / "DFL105"
    alone = run(".", "--no-cache", "--jobs", "1", cwd=root)
    assert alone[0] == 1 and run(".", "--no-cache", "--jobs", "4", cwd=root) == alone
    elsewhere = run(str(root), "--no-cache", "--format", "json", cwd=tmp_path)[1]
    paths = sorted({Path(f["path"]).relative_to(root).as_posix() for f in json.loads(elsewhere)["findings"]})
    assert paths == sorted({line.split(":")[0] for line in alone[1].splitlines()})
