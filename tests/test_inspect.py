"""``difflint inspect``: what it prints in both formats, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.conftest import Project, Run
from tests.facts.test_card import NETWORK, SCRIPT

Difflint = Callable[..., Run]


def test_a_card_is_a_block_of_topics_values_and_places(project: Project, difflint: Difflint) -> None:
    project({"ddpm.py": NETWORK + SCRIPT})
    run = difflint("inspect", "ddpm.py")
    assert (run.code, run.err) == (0, "")
    blocks = run.out.split("\n\n")
    assert [block.split("(")[0] for block in blocks[:2]] == ["training: train ", "sampling: sample "]
    assert blocks[-1] == "1 training path and 1 sampling path.\n"
    line = next(line for line in blocks[0].splitlines() if line.startswith("  optimizer "))
    number = next(n for n, code in enumerate((NETWORK + SCRIPT).splitlines(), 1) if "AdamW" in code)
    assert line.split() == ["optimizer", "AdamW(lr=0.0002)", f"ddpm.py:{number}"]


def test_json_has_every_line_with_null_for_what_is_unknown(project: Project, difflint: Difflint) -> None:
    project({"ddpm.py": NETWORK + SCRIPT.replace("transforms.Resize(32), ", "transforms.Resize(pick()), ")})
    document = json.loads(difflint("inspect", "--format", "json", "ddpm.py").out)
    assert (document.keys(), document["version"], document["errors"]) == ({"version", "cards", "errors"}, 1, [])
    for card in document["cards"]:
        assert card.keys() == {"kind", "name", "path", "line", "lines"}
        for line in card["lines"]:
            assert line.keys() == {"topic", "value", "path", "line"}
            assert isinstance(line["value"], str | None)
            assert (line["path"] is None) == (line["line"] is None)
    assert [card["kind"] for card in document["cards"]] == ["training", "sampling"]


def test_nothing_to_inspect_is_no_failure(project: Project, difflint: Difflint) -> None:
    project({"plain.py": "print(1)\n"})
    assert difflint("inspect") == Run(0, "0 training paths and 0 sampling paths.\n", "")


def test_what_cannot_be_read_is_one_line_and_exits_2(project: Project, difflint: Difflint) -> None:
    project({"ddpm.py": NETWORK + SCRIPT, "broken.py": "import torch\nx = torch.randn(\n"})
    run = difflint("inspect", ".")
    assert run.code == 2
    assert run.err.startswith("difflint: broken.py: syntax error") and run.err.count("\n") == 1
    assert "training: train" in run.out


def test_the_cards_go_to_a_file(project: Project, difflint: Difflint) -> None:
    folder = project({"ddpm.py": NETWORK + SCRIPT})
    printed = difflint("inspect", ".").out
    assert difflint("inspect", ".", "--output", "card.txt") == Run(0, "", "")
    assert (folder / "card.txt").read_text("utf-8") == printed
