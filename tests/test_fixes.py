"""Fixes: from what a check means to the text of a file, in every form a report takes."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from difflint import places
from difflint.errors import ConfirmError
from difflint.exchange import finding_to_json, findings_from_json
from difflint.findings import Edit, Fix, Place
from tests.conftest import Run
from tests.samples import FINDING

Difflint = Callable[..., Run]

FIX = Fix("unsafe", "Undo it.", (Edit(Place("src/my model.py", 3, 16, 3, 17), "(x + 1) / 2"),))
FIXABLE = replace(FINDING, fix=FIX)


def test_a_fix_survives_the_way_through_json() -> None:
    in_cell = replace(FIX.edits[0], place=replace(FIX.edits[0].place, cell=2))
    for fix in (FIX, replace(FIX, safety="safe", edits=(in_cell, *FIX.edits)), None):
        finding = replace(FINDING, fix=fix)
        document = {"version": 1, "findings": [finding_to_json(finding)]}
        assert findings_from_json(document, "report")[0].fix == fix


@pytest.mark.parametrize(
    "broken", [7, {}, {"safety": "safe", "title": "x"}, {"safety": "odd", "title": "", "edits": []}]
)
def test_a_broken_fix_is_named(broken: object) -> None:
    document = {"version": 1, "findings": [finding_to_json(FIXABLE) | {"fix": broken}]}
    with pytest.raises(ConfirmError, match=r"^report: findings\[0\]: fix"):
        findings_from_json(document, "report")


RULES = ("DFL101", "DFL103", "DFL104", "DFL105", "DFL301")
FIXTURES = places.ROOT / "fixtures"
BAD = [case for rule in RULES for case in sorted((FIXTURES / rule).glob("bad_*"))]
# What no edit in one place repairs: values in lists, constants for each channel, transforms in a Compose, parameters in
# half precision, casts before the sink. A fixture is struck off this list when a check learns to fix it.
UNFIXED = {
    "DFL101": {"albumentations_preview", "fromarray_unit_bytes", "imageio_dict", "washed_out_range"},
    "DFL103": {
        "compose_lambda", "cv2_255_then_127", "inplace_two_files", "partial_in_dict", "postprocessed_twice",
        "value_range_after_inverse", "wrapper_normalizes",
    },
    "DFL104": {"v2_to_dtype"},
    "DFL105": {"imagenet_constants", "numpy_dataset_bytes", "reverse_compose"},
    "DFL301": {
        "autocast_instance_enter", "class_own_network_half", "context_attribute", "decorated_training_step",
        "decorator_on_forward", "dtype_constant", "model_half_adam", "nullcontext_choice", "precision_dict_argparse",
        "to_device_and_dtype", "to_float16", "torch_amp_autocast_th",
    },
}  # fmt: skip


def copied(case: Path, folder: Path) -> Path:
    """A fixture where it may be changed."""
    target = folder / case.name
    (shutil.copytree if case.is_dir() else shutil.copy)(case, target)
    return target


def contents(path: Path) -> dict[str, bytes]:
    files = path.rglob("*") if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files if file.suffix in (".py", ".ipynb")}


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_fix_does_what_it_should_and_nothing_else(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difflint: Difflint
) -> None:
    """Its finding goes, the file parses, the second time changes nothing, and few lines are touched."""
    monkeypatch.chdir(tmp_path)
    rule, file = case.parent.name, copied(case, tmp_path)
    before = contents(file)
    run = difflint("--no-cache", "--preview", "--fix", "--unsafe-fixes", file.name)
    after = contents(file)
    if case.stem.removeprefix("bad_") in UNFIXED[rule]:
        assert run.code == 1 and after == before
        return
    assert run.code == 0 and f": {rule} " in run.err
    changed = [line for line in difflib.ndiff(_lines(before), _lines(after)) if line[0] in "+-"]
    assert 1 <= len(changed) <= 3 * len(run.err.splitlines())
    assert difflint("--no-cache", "--preview", "--fix", "--unsafe-fixes", file.name).err == ""
    assert contents(file) == after


def _lines(files: Mapping[str, bytes]) -> list[str]:
    return [line for name in sorted(files) for line in files[name].decode().splitlines()]
