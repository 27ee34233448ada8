"""Each output format is pinned once, on a result that holds every kind of entry."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from difflint.exchange import findings_from_json
from difflint.report import FORMATS, reporter
from difflint.report.style import ansi
from difflint.report.text import render as text
from difflint.result import Result
from tests.samples import FINDING, RESULT, RULE

DATA = Path(__file__).parent / "data"


def test_text_shows_place_message_code_chain_and_repair() -> None:
    assert text(RESULT).splitlines() == [
        "src/my model.py:3:5: error DFL101 range-at-sink",
        "  save_image takes [0, 1]: 50% is cut,",
        "  to black.",
        "",
        "  3 | \tif y: save_image(x)",
        "    | \t   ^^^^^^^^^^",
        "",
        "    src/data.py:12     Normalize  [-1, 1]",
        "    src/my model.py:3  save_image",
        "  repair: save_image(x * 0.5 + 0.5)",
        "",
        "1 finding (1 error) in 2 files, 1 suppressed; 1 error.",
    ]


def test_colour_changes_no_word() -> None:
    coloured = text(RESULT, ansi)
    assert "\x1b[" in coloured
    for style in ("31;1", "33;1", "1", "2", "32;1", "36", "0"):
        coloured = coloured.replace(f"\x1b[{style}m", "")
    assert coloured == text(RESULT)


def test_concise_is_one_line_a_finding() -> None:
    assert reporter("concise")(RESULT) == "src/my model.py:3:5: DFL101 save_image takes [0, 1]: 50% is cut, to black.\n"


def test_github_escapes_newlines_percent_signs_and_separators() -> None:
    finding, error = reporter("github")(RESULT).splitlines()
    assert finding == (
        "::error file=src/my model.py,line=3,endLine=3,col=5,endColumn=15,title=DFL101 range-at-sink::"
        "save_image takes [0, 1]: 50%25 is cut,%0Ato black.%0A%0Asrc/data.py:12  Normalize  [-1, 1]%0A"
        "src/my model.py:3  save_image%0A%0Asave_image(x * 0.5 + 0.5)"
    )
    assert error == "::error file=src/bad.py,title=difflint::is a binary file (it holds a null byte)"


def test_github_escapes_colons_and_commas_in_file_names() -> None:
    finding = replace(FINDING, place=replace(FINDING.place, path="a,b:c.py"))
    assert "file=a%2Cb%3Ac.py," in reporter("github")(Result(findings=(finding,)))


def test_json_holds_the_documented_keys() -> None:
    document = json.loads(reporter("json")(RESULT))
    assert list(document) == ["version", "findings", "errors", "stats"]
    assert list(document["findings"][0]) == [
        *("rule", "name", "severity", "confidence", "path", "line", "column", "end_line", "end_column"),
        *("message", "repair", "trace", "fix", "experiment"),
    ]
    assert document["errors"] == [{"path": "src/bad.py", "message": "is a binary file (it holds a null byte)"}]
    counts = {"files": 2, "analysed": 1, "findings": 1, "suppressed": 1, "accepted": 0}
    assert document["stats"] == {**counts, "rules": {"DFL101": 1}}


def test_findings_survive_the_way_through_json() -> None:
    (finding,) = findings_from_json(json.loads(reporter("json")(RESULT)), "test")
    assert finding == FINDING
    assert finding.experiment == FINDING.experiment


def test_an_unbounded_end_is_null_in_json() -> None:
    finding = replace(FINDING, experiment={"hard": [float("-inf"), 1.0], "steps": ({"low": float("nan")},)})
    record = json.loads(reporter("json")(Result(findings=(finding,))))["findings"][0]
    assert record["experiment"] == {"hard": [None, 1.0], "steps": [{"low": None}]}


@pytest.mark.parametrize("result", [RESULT, Result()], ids=["full", "empty"])
def test_sarif_is_valid_by_the_official_schema(result: Result) -> None:
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text("utf-8"))
    jsonschema.Draft4Validator(schema).validate(json.loads(reporter("sarif")(result)))


def test_sarif_tells_the_chain_as_a_code_flow_with_relative_uris() -> None:
    run: dict[str, Any] = json.loads(reporter("sarif")(RESULT))["runs"][0]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "DFL101"
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [step.what for step in FINDING.trace]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "src/my%20model.py", "uriBaseId": "%SRCROOT%"}
    assert not run["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_takes_an_empty_result(style: str) -> None:
    reporter(style)(Result())


def test_gitlab_knows_a_finding_again_when_lines_have_moved() -> None:
    moved = replace(FINDING, place=replace(FINDING.place, line=30, end_line=30))
    again = replace(RESULT, findings=(moved,), lines={moved.place: "  if y:   save_image(x)"}, errors=())
    before, after = (json.loads(reporter("gitlab")(result)) for result in (RESULT, again))
    assert before[0]["fingerprint"] == after[0]["fingerprint"] != before[1]["fingerprint"]
    assert (before[0]["location"], before[0]["severity"]) == (
        {"path": "src/my model.py", "lines": {"begin": 3}},
        "major",
    )
    assert before[1]["severity"] == "blocker"


def test_gitlab_tells_findings_apart_that_look_the_same() -> None:
    other = replace(FINDING, place=replace(FINDING.place, line=30, end_line=30))
    twice = replace(RESULT, findings=(FINDING, other), lines={f.place: "save_image(x)" for f in (FINDING, other)})
    prints = [entry["fingerprint"] for entry in json.loads(reporter("gitlab")(twice))]
    assert len(set(prints)) == len(prints) == 3


def test_junit_is_xml_whatever_the_code_holds() -> None:
    odd = replace(FINDING, message='a < b & "c" \x0c\ud800', place=replace(FINDING.place, path="a<b>.py"))
    suite = ElementTree.fromstring(reporter("junit")(replace(RESULT, findings=(odd,))).encode()).find("testsuite")
    assert suite is not None and dict(suite.attrib) == {
        "name": "difflint",
        "tests": "2",
        "failures": "1",
        "errors": "1",
    }
    failure, error = (case[0] for case in suite)
    assert failure.attrib == {"type": "DFL101", "message": 'a < b & "c" ?'} and "src/data.py:12" in str(failure.text)
    assert (suite[0].attrib["file"], suite[0].attrib["line"], error.tag) == ("a<b>.py", "3", "error")
    passed = ElementTree.fromstring(reporter("junit")(Result()))
    assert passed.attrib["tests"] == "1" and not list(passed.iter("failure"))


def test_html_escapes_what_it_shows_and_loads_nothing() -> None:
    odd = replace(FINDING, message="<script>", trace=(replace(FINDING.trace[0], what="a<b>&c"),))
    page = reporter("html")(replace(RESULT, findings=(odd,)))
    assert "<script" not in page and "&lt;script&gt;" in page and "a&lt;b&gt;&amp;c" in page
    assert "src/my model.py:3:5" in page and "is a binary file" in page and RULE.summary in page
    assert not re.search(r"(src|href)=|@import|url\(", page)
