"""The command line, on real code: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from difflint import __version__, places
from difflint.rules import load_rules
from tests.conftest import CLEAN, DEFECT, DEFECT_LINE, Project, Run

Difflint = Callable[..., Run]
HEAD = f"bad.py:{DEFECT_LINE}:1: error DFL101 range-at-sink"


def test_a_finding_is_shown_and_exits_1(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    run = difflint("bad.py")
    assert run.code == 1
    assert run.out.startswith(f"{HEAD}\n")
    assert f'  {DEFECT_LINE} | save_image(picture, "picture.png")\n' in run.out
    assert "repair: " in run.out
    assert run.err == ""


def test_clean_code_exits_0(project: Project, difflint: Difflint) -> None:
    project({"good.py": CLEAN})
    assert difflint("good.py") == Run(0, "No findings in 1 file.\n", "")


def test_check_is_the_default_command_and_the_current_folder_its_default(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    assert difflint("check") == difflint("check", ".") == difflint(".") == difflint("--format", "text")
    assert difflint(".").code == 1


def test_exit_zero_reports_but_exits_0(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    run = difflint("--exit-zero", "bad.py")
    assert run.code == 0
    assert HEAD in run.out


BROKEN = {
    "syntax.py": (b"import torch\nx = torch.randn(\n", "syntax.py: "),
    "deep.py": (b"import torch\nx = torch.randn(" + b"(" * 3000 + b")" * 3000 + b")", "deep.py: is nested too deeply"),
    "long.py": (b"import torch\nx = torch.randn(3)" + b" + x" * 20_000, "long.py: is nested too deeply"),
    "binary.py": (b"\x00\x01", "binary.py: is a binary file"),
    "latin.py": (b"# \xe9\n", "latin.py: cannot be decoded"),
    "coding.py": (b"# coding: no-such\n", "coding.py: cannot be decoded: unknown encoding"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_and_the_rest_is_linted(project: Project, difflint: Difflint, name: str) -> None:
    content, message = BROKEN[name]
    project({"bad.py": DEFECT, name: content})
    run = difflint(".")
    assert run.code == 2
    assert HEAD in run.out
    assert run.err.startswith(f"difflint: {message}")
    assert run.err.count("\n") == 1


def test_missing_paths_and_dangling_links_are_one_line_each(project: Project, difflint: Difflint) -> None:
    root = project({"bad.py": DEFECT})
    os.symlink("nowhere.py", root / "link.py")
    os.symlink("loop.py", root / "loop.py")
    run = difflint(".", "missing.py")
    assert run.code == 2
    assert HEAD in run.out
    assert run.err == (
        "difflint: link.py: is a dangling symbolic link\n"
        "difflint: loop.py: cannot be read: Too many levels of symbolic links\n"
        "difflint: missing.py: does not exist\n"
    )  # fmt: skip


def test_files_that_are_merely_unusual_are_linted(project: Project, difflint: Difflint) -> None:
    project({
        "bom.py": b"\xef\xbb\xbf" + DEFECT.encode(),
        "crlf.py": DEFECT.replace("\n", "\r\n"),
        "empty.py": "",
        "folder.py/inner.py": DEFECT,
        "latin.py": b"# coding: latin-1\n# \xe9\n" + DEFECT.encode(),
        "no_newline.py": DEFECT.rstrip("\n"),
        "tabs and spaces.py": DEFECT.replace("save_image(pic", "if True:\n\tsave_image(pic"),
    })  # fmt: skip
    run = difflint("--format", "concise", ".")
    assert (run.code, run.err) == (1, "")
    lines = ["bom.py:5:1", "crlf.py:5:1", "folder.py/inner.py:5:1", "latin.py:7:1", "no_newline.py:5:1"]
    assert [line.partition(": ")[0] for line in run.out.splitlines()] == [*lines, "tabs and spaces.py:6:2"]


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
def test_an_unknown_code_is_one_line_and_exits_2(project: Project, difflint: Difflint, option: str) -> None:
    project({"bad.py": DEFECT})
    run = difflint(option, "DFL101,DFL999", "bad.py")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"difflint: {option}: unknown rule code 'DFL999'; ")
    assert run.err.count("\n") == 1


def test_rules_are_selected_and_ignored_by_code_and_beginning(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    assert difflint("--select", "DFL1", "bad.py").code == 1
    assert difflint("--select", "dfl101", "bad.py").code == 1
    assert difflint("--select", "DFL2,DFL301", "bad.py").code == 0
    assert difflint("--ignore", "DFL10", "bad.py").code == 0


def test_a_broken_rule_file_stops_the_program(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"bad.py": DEFECT, "rules/DFL900-broken.yaml": "id: DFL900\n"})
    monkeypatch.setattr(load_rules.__wrapped__, "__defaults__", (root / "rules",))
    load_rules.cache_clear()
    run = difflint("bad.py")
    load_rules.cache_clear()
    assert (run.code, run.out) == (2, "")
    assert run.err == f"difflint: {root}/rules/DFL900-broken.yaml: missing key 'name'\n"


def test_suppressed_findings_are_counted_and_unused_suppressions_reported(project: Project, difflint: Difflint) -> None:
    silenced = DEFECT.replace('picture.png")', 'picture.png")  # difflint: ignore[DFL101]')
    project({"silent.py": silenced})
    assert difflint("silent.py") == Run(0, "No findings in 1 file, 1 suppressed.\n", "")
    project({"silent.py": silenced.replace(" * 2 - 1", "")})
    run = difflint("--format", "concise", "silent.py")
    assert run.code == 1
    assert run.out.startswith(f"silent.py:{DEFECT_LINE}:37: DFL001 This comment suppresses DFL101")
    assert difflint("--ignore", "DFL001", "silent.py").code == 0
    assert difflint("--ignore", "DFL101", "silent.py").code == 0


def test_an_unused_suppression_in_a_file_without_any_library_is_reported(project: Project, difflint: Difflint) -> None:
    project({"plain.py": "x = 1  # difflint: ignore\n"})
    assert difflint("--format", "concise", "plain.py").out.startswith("plain.py:1:8: DFL001 ")


def test_per_file_ignores_switch_a_rule_off(project: Project, difflint: Difflint) -> None:
    project({"a/bad.py": DEFECT, ".difflint.toml": '[per-file-ignores]\n"a/*" = ["DFL101"]\n'})
    assert difflint("a").code == 0


def test_a_report_goes_to_a_file_whole_or_not_at_all(project: Project, difflint: Difflint) -> None:
    root = project({"bad.py": DEFECT})
    run = difflint("--format", "json", "--output", "report.json", "bad.py")
    assert (run.code, run.out) == (1, "")
    assert len(json.loads((root / "report.json").read_text("utf-8"))["findings"]) == 1
    run = difflint("--output", "no/such/folder.txt", "bad.py")
    assert run.code == 2
    assert run.err == "difflint: no/such/folder.txt: cannot be written: No such file or directory\n"
    assert sorted(file.name for file in root.iterdir() if file.suffix) == ["bad.py", "report.json"]


def test_a_report_goes_through_links_and_to_devices_without_replacing_them(
    project: Project, difflint: Difflint
) -> None:
    root = project({"bad.py": DEFECT, "real.txt": ""})
    os.symlink("real.txt", root / "link.txt")
    assert difflint("--output", "link.txt", "bad.py").code == 1
    assert (root / "link.txt").is_symlink()
    assert HEAD in (root / "real.txt").read_text("utf-8")
    os.symlink("/dev/full", root / "full.txt")
    assert difflint("--output", "full.txt", "bad.py").err.endswith(
        "full.txt: cannot be written: No space left on device\n"
    )
    assert difflint("--output", "", "bad.py").err == "difflint: .: cannot be written: Is a directory\n"
    assert sorted(file.name for file in root.iterdir() if file.suffix) == ["bad.py", "full.txt", "link.txt", "real.txt"]


def test_a_report_folder_that_cannot_be_made_is_one_line(project: Project, difflint: Difflint) -> None:
    pytest.importorskip("torch")
    project({"bad.py": DEFECT, "taken": ""})
    run = difflint("confirm", "bad.py", "--report", "taken/verdicts")
    assert (run.code, run.out) == (2, "")
    assert run.err == "difflint: taken/verdicts: cannot be made: Not a directory\n"


def test_statistics_count_findings_for_each_rule(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT, "worse.py": DEFECT})
    assert difflint("--statistics", ".").out.endswith("     2  DFL101  range-at-sink\n")
    assert difflint("--statistics", "--format", "json", ".").code == 2


def test_standard_input_is_linted_under_its_name(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"src/other.py": DEFECT})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DEFECT.encode())))
    run = difflint("--stdin-filename", "src/bad.py", "--format", "concise")
    assert run.code == 1
    assert [line.partition(": ")[0] for line in run.out.splitlines()] == [f"src/bad.py:{DEFECT_LINE}:1"]


@pytest.mark.parametrize("style", ["json", "sarif", "github", "concise", "text"])
def test_the_same_input_gives_the_same_bytes(project: Project, difflint: Difflint, style: str) -> None:
    project({"a.py": DEFECT, "b.py": DEFECT})
    assert difflint("--format", style, ".") == difflint("--format", style, "b.py", "a.py")


def test_rules_are_listed_in_every_format(difflint: Difflint) -> None:
    ids = [rule.id for rule in load_rules()]
    assert [line[:6] for line in difflint("rules").out.splitlines()] == ids
    assert [rule["id"] for rule in json.loads(difflint("rules", "--format", "json").out)["rules"]] == ids
    assert [line[2:8] for line in difflint("rules", "--format", "markdown").out.splitlines()[2:]] == ids


def test_the_table_of_rules_in_the_docs_is_the_generated_one(difflint: Difflint) -> None:
    assert difflint("rules", "--format", "markdown").out in (places.ROOT / "docs" / "rules.md").read_text("utf-8")


def test_the_table_of_causes_in_the_docs_is_the_generated_one(difflint: Difflint) -> None:
    assert difflint("rules", "--format", "causes").out in (places.ROOT / "docs" / "coverage.md").read_text("utf-8")


def test_every_rule_stands_for_some_cause(difflint: Difflint) -> None:
    table = difflint("rules", "--format", "causes").out
    assert [rule.id for rule in load_rules() if rule.id not in table] == []


def test_the_example_in_the_readme_is_what_is_printed(difflint: Difflint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(places.ROOT / "fixtures" / "DFL105" / "bad_checkpoint_project")
    printed = difflint(".").out.replace("  # expect: DFL105", "")
    assert textwrap.indent(printed, "    ") in (places.ROOT / "README.md").read_text("utf-8")


def test_explain_says_what_the_yaml_says(difflint: Difflint) -> None:
    for rule in load_rules():
        run = difflint("explain", rule.id)
        assert run.code == 0
        assert all(part in run.out for part in (rule.name, rule.summary, rule.why, rule.fix, *rule.references))
    assert difflint("explain", "range-at-sink") == difflint("explain", "dfl101")


def test_explaining_an_unknown_rule_is_one_line(difflint: Difflint) -> None:
    assert difflint("explain", "DFL100").code == 2
    assert difflint("explain", "zzz").err == "difflint: unknown rule code 'zzz'; 'difflint rules' lists them\n"


def test_version_and_help(difflint: Difflint) -> None:
    assert difflint("--version").out == f"difflint {__version__}\n"
    assert "confirm" in difflint("--help").out
    assert difflint().code == 2
    assert difflint("--no-such-option").code == 2


def test_confirm_takes_paths_or_a_file_and_not_both(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    run = difflint("confirm", "bad.py", "--from", "findings.json")
    assert run.code == 2
    assert "give PATHS or --from, not both." in run.err


def test_an_interrupted_run_says_so_in_one_line(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    project({"bad.py": DEFECT})
    monkeypatch.setattr("difflint.engine.lint", interrupt)
    run = difflint("bad.py")
    assert (run.code, run.out, run.err.strip()) == (2, "", "difflint: interrupted")  # click begins a line after ^C


def test_a_defect_of_difflint_exits_2_and_not_1(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    project({"bad.py": DEFECT})
    monkeypatch.setattr("difflint.engine.lint", fail)
    run = difflint("bad.py")
    assert (run.code, run.out) == (2, "")
    assert "Traceback" in run.err


def test_a_broken_row_of_library_knowledge_stops_the_program(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from difflint import facts

    root = project({"bad.py": DEFECT, "rules/apis/torch.yaml": "- [\n"})
    facts.knowledge.cache_clear()
    monkeypatch.setattr(places, "RULES", root / "rules")
    run = difflint("bad.py")
    facts.knowledge.cache_clear()
    assert (run.code, run.out) == (2, "")
    assert "torch.yaml" in run.err
    assert run.err.count("\n") == 1


def test_a_reader_that_stops_early_is_no_error(project: Project) -> None:
    project({f"bad{index}.py": DEFECT for index in range(3)})
    command = f"{sys.executable} -m difflint . | true"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=_environment(), check=False)
    assert run.stderr == ""


def test_one_file_of_300_lines_is_linted_in_half_a_second(project: Project) -> None:
    body = "\n".join(f"def step_{i}(x):\n    y = x * {i}\n    return torch.tanh(y)\n" for i in range(74))
    root = project({"bad.py": DEFECT + body})
    run = min(_seconds(root / "bytecode", "-m", "difflint", "bad.py", code=1) for _ in range(4))
    # A machine that is busy with other work is slow at everything: `import libcst` takes 0.2 s on one that is not.
    yardstick = min(_seconds(root / "bytecode", "-c", "import libcst") for _ in range(2))
    assert run < max(0.5, 2.5 * yardstick)


def _seconds(bytecode: Path, *arguments: str, code: int = 0) -> float:
    """Processor time of one run of Python, its start included."""
    environment = {**_environment(), "PYTHONPYCACHEPREFIX": str(bytecode)}  # an installed package is compiled
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = os.times()
    run = subprocess.run([sys.executable, *arguments], capture_output=True, env=environment, check=False)
    after = os.times()
    assert run.returncode == code
    return after.children_user + after.children_system - before.children_user - before.children_system


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(places.PACKAGE).parent)}
