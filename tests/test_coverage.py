"""The coverage names what was not understood, each place once, and says why a sink's range is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from difflint.config import Settings
from difflint.coverage import Coverage, Frequency, Share
from difflint.engine import lint
from difflint.findings import Place
from difflint.report.coverage import SHOWN
from tests.conftest import DEFECT, Project, Run
from tests.test_notebooks import notebook

Difflint = Callable[..., Run]
HEAD = "import torch, somelib\nfrom torchvision.utils import save_image\n"


def covered(*paths: str) -> Coverage:
    coverage = lint(paths or (".",), Settings(root=Path.cwd()), coverage=True).coverage
    assert coverage is not None
    return coverage


def sinks(project: Project, text: str) -> list[tuple[str, bool, bool, list[str]]]:
    """For each sink of a program: its name, whether it is known, whether only partly, and the causes."""
    project({"a.py": HEAD + text})
    return [(s.sink, s.known, s.partly, [cause.what for cause in s.why]) for s in covered("a.py").sinks]


def test_an_unknown_call_counts_once_a_place_however_often_it_runs(project: Project) -> None:
    project(
        {"a.py": HEAD + "def f(x):\n    return somelib.g(x)\nf(1)\nf(2)\nfor i in range(3):\n    f(i)\nsomelib.g(3)\n"}
    )
    assert covered().most_frequent() == (Frequency("somelib.g", 2, Place("a.py", 4, 12, 4, 24)),)


def test_the_most_frequent_call_comes_first_and_then_the_alphabet(project: Project) -> None:
    project({"a.py": HEAD + "somelib.c()\nsomelib.a()\nsomelib.b()\nsomelib.b()\nsave_image(torch.rand(3), 'x')\n"})
    assert [(call.name, call.count) for call in covered().most_frequent()] == [
        ("somelib.b", 2),
        ("somelib.a", 1),
        ("somelib.c", 1),
    ]


def test_calls_that_are_modelled_are_not_unknown(project: Project) -> None:
    project({"a.py": DEFECT})
    assert covered().calls == ()


def test_a_known_range_is_known(project: Project) -> None:
    assert sinks(project, "save_image(torch.rand(3, 8, 8), 'x')\n") == [("save_image", True, False, [])]


def test_an_unknown_range_names_the_call_it_comes_from(project: Project) -> None:
    assert sinks(project, "save_image(somelib.read() * 2, 'x')\n") == [("save_image", False, False, ["somelib.read"])]


def test_an_item_is_named_by_its_code(project: Project) -> None:
    assert sinks(project, "def f(batch):\n    save_image(batch['a'] / 2, 'x')\n") == [
        ("save_image", False, False, ["batch['a']"])
    ]


def test_a_clamped_sample_is_known(project: Project) -> None:
    sampler = """
def sample(model, beta):
    x = torch.randn(4, 3, 8, 8)
    for t in range(10):
        x = x - beta * model(x, t)
    save_image(x, 'x')
    save_image(x.clamp(-1, 1), 'x')
"""
    raw, clamped = sinks(project, sampler)
    assert raw == ("save_image", False, False, ["model, whose training was not seen"])
    assert clamped == ("save_image", True, False, [])


def test_a_sink_known_for_one_caller_only_is_partly_known(project: Project) -> None:
    text = "def show(x):\n    save_image(x, 'x')\nshow(torch.rand(3, 8, 8))\nshow(somelib.read())\n"
    assert sinks(project, text) == [("save_image", True, True, ["somelib.read"])]


def test_what_is_no_picture_says_so(project: Project) -> None:
    assert sinks(project, "save_image(3, 'y')\n") == [("save_image", False, False, ["a const, not a picture"])]


def test_shares_are_counted_by_sink_and_by_project(project: Project) -> None:
    shown = "save_image(torch.rand(3, 8, 8), 'x')\n"
    project({
        "one/setup.py": "", "one/a.py": f"{HEAD}{shown}{shown}save_image(somelib.read(), 'x')\n",
        "two/setup.py": "", "two/a.py": f"{HEAD}from PIL import Image\nImage.fromarray(somelib.read())\n",
    })  # fmt: skip
    coverage = covered()
    assert coverage.by_sink() == (Share("save_image", 2, 0, 3), Share("fromarray", 0, 0, 1))
    assert coverage.by_project() == (Share("one", 2, 0, 3), Share("two", 0, 0, 1))
    assert coverage.whole == Share("all", 2, 0, 4)
    assert coverage.causes()[0].count == 2


def test_only_the_files_asked_about_are_covered(project: Project) -> None:
    project({"a.py": f"{HEAD}import b\nsave_image(b.x, 'x')\n", "b.py": f"{HEAD}x = somelib.read()\nsomelib.g()\n"})
    coverage = covered("a.py")
    assert coverage.calls == ()
    (sink,) = coverage.sinks
    assert [(cause.what, cause.place and cause.place.where) for cause in sink.why] == [("somelib.read", "b.py:3:5")]


def test_notebooks_are_covered_by_cell(project: Project) -> None:
    project({"nb.ipynb": notebook(HEAD, "\nsave_image(somelib.read(), 'x')")})
    (call,), (sink,) = covered().calls, covered().sinks
    assert (call.place.where, sink.place.where) == ("nb.ipynb:cell 2:2:12", "nb.ipynb:cell 2:2:1")
    assert sink.why[0].place == call.place


def test_nothing_to_cover_is_no_error(project: Project) -> None:
    project({"a.py": "x = 1\n", "broken.py": "x = (\n"})
    assert covered() == Coverage()


def test_the_text_follows_the_findings(project: Project, difflint: Difflint) -> None:
    project({"a.py": f"{DEFECT}import somelib\nsave_image(somelib.read(), 'x')\n"})
    run = difflint("--coverage", "a.py")
    findings, coverage = run.out.split("Fixable: 1 with --fix --unsafe-fixes.\n\n")
    assert run.code == 1
    assert findings.startswith("a.py:5:1: error DFL101")
    assert coverage.splitlines() == [
        "Unknown calls: 1 name at 1 place.",
        "      1  somelib.read  a.py:7",
        "",
        "Sinks with a known range: 1 of 2.",
        "  save_image  1 of 2",
        "What the others show:",
        "      1  somelib.read  a.py:7",
        "Where:",
        "  a.py:7:1: save_image: unknown",
        "      somelib.read, a.py:7",
    ]


def test_a_long_list_is_cut_in_text_and_whole_in_json(project: Project, difflint: Difflint) -> None:
    calls = "".join(f"somelib.f{number}()\n" for number in range(SHOWN + 3))
    project({"a.py": f"{HEAD}save_image(torch.rand(3), 'x')\n{calls}"})
    assert "         and 3 more (--format json has them all)\n" in difflint("--coverage", "a.py").out
    document = json.loads(difflint("--coverage", "--format", "json", "a.py").out)
    assert len(document["coverage"]["calls"]) == SHOWN + 3


def test_json_has_the_same_and_stays_as_it_was_without(project: Project, difflint: Difflint) -> None:
    project({"a.py": f"{HEAD}save_image(somelib.read(), 'x')\n"})
    document = json.loads(difflint("--coverage", "--format", "json", "a.py").out)
    place: dict[str, Any] = {"path": "a.py", "line": 3, "column": 12}
    frequency = {"name": "somelib.read", "count": 1, "example": place}
    share = {"known": 0, "partly": 0, "total": 1}
    assert document.pop("coverage") == {
        "calls": [frequency],
        "causes": [frequency],
        "sinks": [{"name": "save_image"} | share],
        "projects": [{"name": "."} | share],
        "unknown": [
            {"sink": "save_image", "known": False, "place": place | {"column": 1},
             "why": [{"what": "somelib.read", "place": place}]},
        ],
    }  # fmt: skip
    assert document == json.loads(difflint("--format", "json", "a.py").out)


@pytest.mark.parametrize("style", ["concise", "github", "sarif"])
def test_formats_without_room_for_it_refuse_it(project: Project, difflint: Difflint, style: str) -> None:
    project({"a.py": DEFECT})
    run = difflint("--coverage", "--format", style, "a.py")
    assert (run.code, run.out) == (2, "")
    assert "--coverage goes with --format text or json" in run.err
