"""Several files: names go from one to the other however they are imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facts.interpreting import SIGNED, UNIT, at_sink, at_sinks

SHOW = 'save_image(f(x), "a.png")'
DEFINES = "def f(t): return t * 2 - 1"


@pytest.mark.parametrize(
    "line",
    [
        "from other import f",
        "from other import *",
        "from other import f as g; f = g",
        "import other; f = other.f",
        "import other as o; f = o.f",
        "from .other import f",
        "from . import other; f = other.f",
        "def late():\n  from other import f\n  return f\nf = late()",
    ],
)
def test_a_function_of_another_file_is_run_however_it_is_imported(line: str, tmp_path: Path) -> None:
    assert at_sink(f"{line}\n{SHOW}", tmp_path, other=DEFINES) == {SIGNED}


def test_a_package_passes_on_what_its_init_imports(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("from .inner import f", "utf-8")
    assert at_sink(f"from pack import f\n{SHOW}", tmp_path, pack__inner=DEFINES) == {SIGNED}


def test_files_that_import_each_other_are_both_run(tmp_path: Path) -> None:
    first = "from second import s\ndef f(t): return t * s - 1"
    second = "s = 2\nimport first\ndef g(t): return first.f(t)"
    assert at_sink('from second import g\nsave_image(g(x), "a.png")', tmp_path, first=first, second=second) == {SIGNED}


def test_a_constant_of_another_file_is_that_constant(tmp_path: Path) -> None:
    text = 'import config\nsave_image(x * config.SCALE - 1, "a.png")'
    assert at_sink(text, tmp_path, config="SCALE = 2") == {SIGNED}


def test_a_missing_file_makes_its_names_unknown(tmp_path: Path) -> None:
    assert at_sink(f"from .missing import f\n{SHOW}", tmp_path) == {"unknown"}


def test_a_broken_file_makes_only_its_own_names_unknown(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def f(t: return", "utf-8")
    with pytest.raises(AssertionError):  # its syntax error is reported
        at_sink(f"from other import f\n{SHOW}", tmp_path)


def test_pictures_of_one_batch_stay_apart() -> None:
    assert at_sinks('save_image(torch.cat([x, x * 2 - 1]), "a.png")') == [{UNIT}, {SIGNED}]
