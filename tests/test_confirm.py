"""Confirming: what the runtime says is passed on, and what it fails to say is undecided with the reason.

The runtime here is a small stand-in program; the real one is tested in tests/runtime.
"""

from __future__ import annotations

import base64
import json
import os
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from difflint import confirm, places
from difflint.confirm import Options
from difflint.errors import ConfirmError
from difflint.exchange import Verdict
from difflint.report.page import page
from difflint.report.verdicts import block, summary, to_json
from tests.samples import FINDING

FINDINGS = [replace(FINDING, message=f"number {index}") for index in range(2)]
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ANSWER = """
    import json, os, subprocess, sys, time
    request = json.loads(sys.stdin.readline())
    def answer(index, **more):
        print(json.dumps({"index": index, "verdict": "confirmed", "reason": "seen", **more}), flush=True)
"""

Runtime = Callable[[str], list[Verdict]]


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Confirms two findings with this program as the runtime."""
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(places, "RUNTIME_MODULE", "stand_in")
    monkeypatch.setattr(confirm, "GRACE", 2.0)

    def run(program: str) -> list[Verdict]:
        text = textwrap.dedent(ANSWER) + textwrap.dedent(program)
        (tmp_path / "stand_in.py").write_text(text, "utf-8")
        return list(confirm.confirm(FINDINGS, Options(budget=1.0, report=tmp_path)))

    return run


def told(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    return [(verdict.verdict, verdict.reason) for verdict in verdicts]


def test_verdicts_come_in_order_with_their_findings(runtime: Runtime) -> None:
    verdicts = runtime("for i, f in enumerate(request['findings']): answer(i, reason=f['message'])")
    assert [verdict.finding for verdict in verdicts] == FINDINGS
    assert told(verdicts) == [("confirmed", "number 0"), ("confirmed", "number 1")]


def test_the_request_holds_what_the_contract_names(runtime: Runtime, tmp_path: Path) -> None:
    verdict, _ = runtime("answer(0, reason=json.dumps(request)); answer(1)")
    request = json.loads(verdict.reason)
    assert {key: request[key] for key in ("version", "device", "budget", "report", "seed")} == {
        "version": 1, "device": "auto", "budget": 1.0, "report": str(tmp_path), "seed": 0,
    }  # fmt: skip
    assert request["findings"][0]["experiment"] == FINDING.experiment


def test_a_runtime_that_dies_leaves_the_rest_undecided_with_its_last_words(runtime: Runtime) -> None:
    assert told(runtime("answer(0); sys.exit('out of memory')")) == [
        ("confirmed", "seen"),
        ("undecided", "the runtime ended with exit code 1: out of memory"),
    ]


def test_a_runtime_that_hangs_is_stopped_and_the_rest_is_undecided(runtime: Runtime) -> None:
    start = time.monotonic()
    verdicts = runtime("answer(0); time.sleep(60)")
    assert time.monotonic() - start < 20
    assert told(verdicts)[1] == ("undecided", "the runtime did not end within 3 s and was stopped")


@pytest.mark.parametrize("line", ["hello", "[]", '{"index": 1, "verdict": "confirmed"}', '{"index": 0, "verdict": 1}'])
def test_a_line_that_is_no_verdict_ends_the_conversation(runtime: Runtime, line: str) -> None:
    verdicts = runtime(f"print({line!r}, flush=True); time.sleep(60)")
    assert [verdict.verdict for verdict in verdicts] == ["undecided", "undecided"]
    assert "broke off its protocol" in verdicts[0].reason


def test_much_diagnostic_output_does_not_block_the_runtime(runtime: Runtime) -> None:
    verdicts = runtime("sys.stderr.write('x' * 2_000_000); answer(0); answer(1)")
    assert [verdict.verdict for verdict in verdicts] == ["confirmed", "confirmed"]


def test_an_interruption_ends_the_runtime_and_its_children(runtime: Runtime, tmp_path: Path) -> None:
    program = """
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        answer(0, reason=f"{os.getpid()} {child.pid}")
        time.sleep(60)
    """
    (tmp_path / "stand_in.py").write_text(textwrap.dedent(ANSWER) + textwrap.dedent(program), "utf-8")
    stream = confirm.confirm(FINDINGS, Options(budget=30.0))
    pids = [int(pid) for pid in next(stream).reason.split()]
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt())
    deadline = time.monotonic() + 5  # a killed process takes a moment to go
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(_alive, pids))


def test_findings_without_an_experiment_start_no_runtime() -> None:
    assert list(confirm.confirm([replace(FINDING, experiment={})], Options())) == []


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "REQUIRED", ("json", "no_such_library"))
    with pytest.raises(ConfirmError, match=r'confirm needs no_such_library: pip install "difflint\[runtime\]"'):
        confirm.require_runtime()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "not a difflint JSON report of version 1"),
        ('{"version": 2}', "not a difflint JSON report of version 1"),
        ('{"version": 1}', "'findings' must be a list"),
        ('{"version": 1, "findings": [1]}', "findings[0] must be an object"),
        ('{"version": 1, "findings": [{}]}', "findings[0]: 'rule' must be a text"),
    ],
)
def test_a_file_that_is_no_report_is_explained(tmp_path: Path, document: str, message: str) -> None:
    file = tmp_path / "findings.json"
    file.write_text(document, "utf-8")
    with pytest.raises(ConfirmError) as caught:
        confirm.read_findings(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_the_page_holds_everything_and_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "my model.py").write_text("a\nb\nsave_image(x < 1)\nd\n", "utf-8")
    (tmp_path / "strip.png").write_bytes(PIXEL)
    html = page([_verdict(images={"strip": str(tmp_path / "strip.png")})])
    for part in ("DFL101", "save_image(x &lt; 1)", "Normalize", "data:image/png;base64,", "white &amp; black", "0.25"):
        assert part in html
    assert "http" not in html
    assert "viewport" in html


def test_the_page_goes_without_code_and_strip_when_the_files_are_gone() -> None:
    assert "DFL101" in page([_verdict(images={"strip": "/nowhere.png"})])


def test_verdicts_read_well_as_text_and_as_json() -> None:
    verdict = _verdict(images={"strip": "/report/01.png"})
    assert block(verdict).splitlines() == [
        "src/my model.py:3:5: DFL101 range-at-sink: confirmed (white & black)",
        "  seen",
        "    repaired    saturated 0",
        "    as written  saturated 0.25",
        "    /report/01.png",
    ]
    assert summary([verdict]) == "1 finding put to the test: 1 confirmed, 0 refuted, 0 undecided."
    (record,) = json.loads(to_json([verdict]))["verdicts"]
    assert record["finding"]["rule"] == "DFL101"
    assert record["verdict"] == "confirmed"
    assert "index" not in record


def _verdict(**more: Any) -> Verdict:
    arms = {"as_written": {"saturated": 0.25}, "repaired": {"saturated": 0.0}}
    record = {"index": 0, "verdict": "confirmed", "symptom": "white & black", "reason": "seen", "arms": arms}
    return Verdict(FINDING, {**record, **more})


def _alive(pid: int) -> bool:
    """Whether the process still runs; one that waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return False
