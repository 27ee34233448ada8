"""The process answers each finding with one line, in order, whatever happens to its experiment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[2]
SINK = {"name": "save_image", "takes": [0, 1], "outside": "clamp"}
RANGE = {"kind": "sink_range", "domain": [-1, 1], "steps": [], "sink": SINK}


def finding(rule: str, experiment: dict[str, Any]) -> dict[str, Any]:
    return {"rule": rule, "name": "a-defect", "path": "train.py", "line": 3, "experiment": experiment}


def ask(**request: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime"]
    return subprocess.run(command, input=json.dumps(request), cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_each_finding_gets_its_verdict_in_order(tmp_path: Path) -> None:
    findings = [
        finding("DFL101", RANGE),
        finding("DFL101", RANGE | {"domain": [0, 1]}),
        finding("DFL999", {"kind": "nonsense"}),
        finding("DFL101", RANGE | {"steps": [{"op": "affine", "scale": "wrong", "shift": [0]}]}),
        finding("DFL998", {}),
    ]
    done = ask(version=1, device="cpu", budget=100, report=str(tmp_path), seed=5, findings=findings)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [verdict["index"] for verdict in verdicts] == [0, 1, 2, 3, 4]
    assert [verdict["verdict"] for verdict in verdicts] == ["confirmed", "refuted", *["undecided"] * 3]
    assert verdicts[0]["symptom"] == "black"
    assert verdicts[0]["arms"]["as_written"]["black"] > 0.4 > verdicts[0]["arms"]["repaired"]["black"]
    assert verdicts[0]["seeds"] == [5, 6, 7]
    assert (verdicts[0]["device"], verdicts[0]["dtype"]) == ("cpu", "float32")
    assert verdicts[0]["constants"]["domain"] == [-1, 1]
    assert "schedule" in verdicts[0]["constants"]["defaults"]
    assert "nonsense" in verdicts[2]["reason"]
    assert "failed" in verdicts[3]["reason"]
    assert "Traceback" in done.stderr
    strip = Path(verdicts[0]["images"]["strip"])
    assert strip == tmp_path / "00-DFL101.png"
    with Image.open(strip) as picture:
        assert picture.size[0] > picture.size[1] > 200


def test_the_same_request_gets_the_same_answer() -> None:
    def answer() -> list[dict[str, Any]]:
        lines = ask(version=1, device="cpu", findings=[finding("DFL101", RANGE)]).stdout.splitlines()
        return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]

    assert answer() == answer() != []


def test_what_the_budget_leaves_out_is_undecided() -> None:
    verdict = json.loads(ask(version=1, budget=0, findings=[finding("DFL101", RANGE)]).stdout)
    assert verdict["verdict"] == "undecided"
    assert "budget" in verdict["reason"]


def test_an_experiment_that_runs_out_of_time_is_undecided() -> None:
    training = {"kind": "bounded_noise", "target": "eps"}
    verdict = json.loads(ask(version=1, budget=0.5, findings=[finding("DFL202", training)]).stdout)
    assert verdict["verdict"] == "undecided"
    assert "time" in verdict["reason"]


def test_a_request_that_is_not_one_exits_with_2() -> None:
    assert ask(version=7, findings=[]).returncode == 2
    assert ask(version=1, device="abacus", findings=[]).returncode == 2
