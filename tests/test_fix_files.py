"""``--fix`` and ``--diff`` on files and notebooks: what is written, what never is, and what is said about it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from difflint import writing
from difflint.errors import DifflintError
from difflint.findings import Edit
from difflint.fixes import rounds
from difflint.fixes.patch import patched
from tests.conftest import DEFECT, Project, Run

Difflint = Callable[..., Run]

# One safe fix (DFL104): an autoencoder's picture is cast without a clamp.
CAST = """\
import torch
from diffusers import AutoencoderKL
vae = AutoencoderKL.from_pretrained("some/vae")
image = vae.decode(torch.load("z.pt")).sample
pixels = (image * 127.5 + 127.5).byte()
"""
CLAMPED = CAST.replace(".byte()", ".clamp(0, 255).byte()")
DIFF = """\
--- cast.py
+++ cast.py
@@ -2,4 +2,4 @@
 from diffusers import AutoencoderKL
 vae = AutoencoderKL.from_pretrained("some/vae")
 image = vae.decode(torch.load("z.pt")).sample
-pixels = (image * 127.5 + 127.5).byte()
+pixels = (image * 127.5 + 127.5).clamp(0, 255).byte()
"""


def test_a_safe_fix_is_made_and_told(project: Project, difflint: Difflint) -> None:
    root = project({"cast.py": CAST})
    assert "\n1 finding (1 error) in 1 file.\nFixable: 1 with --fix.\n" in difflint("cast.py").out
    assert " DFL104 int-cast-without-clamp [*]\n" in difflint("cast.py").out
    run = difflint("--fix", "cast.py")
    assert run == Run(0, "No findings in 1 file.\n", f"difflint: fixed cast.py:5:10: DFL104 {TITLE}\n")
    assert (root / "cast.py").read_text() == CLAMPED
    assert difflint("--fix", "cast.py") == Run(0, "No findings in 1 file.\n", "")


TITLE = "Add .clamp(0, 255) before the cast."


def test_an_unsafe_fix_needs_to_be_asked_for(project: Project, difflint: Difflint) -> None:
    root = project({"cast.py": CAST, "bad.py": DEFECT})
    run = difflint("--fix", ".")
    assert run.code == 1 and run.out.endswith(
        "1 finding (1 error) in 2 files.\nFixable: 1 with --fix --unsafe-fixes.\n"
    )
    assert (root / "bad.py").read_text() == DEFECT
    assert difflint("--fix", "--unsafe-fixes", ".").code == 0
    assert (root / "bad.py").read_text() == DEFECT.replace("(picture,", "(((picture + 1) / 2).clamp(0, 1),")


def test_a_diff_writes_nothing_and_exits_1_if_there_is_one(project: Project, difflint: Difflint) -> None:
    root = project({"cast.py": CAST, "bad.py": DEFECT})
    assert difflint("--diff", ".") == Run(1, DIFF, "")
    assert difflint("--diff", "bad.py") == Run(0, "", "")
    assert difflint("--diff", "--unsafe-fixes", "--output", "fix.patch", "bad.py") == Run(1, "", "")
    assert "+save_image(((picture + 1) / 2)" in (root / "fix.patch").read_text()
    assert ((root / "cast.py").read_text(), (root / "bad.py").read_text()) == (CAST, DEFECT)


def test_a_diff_of_a_broken_project_exits_2(project: Project, difflint: Difflint) -> None:
    project({"cast.py": CAST, "broken.py": "import torch\nx = torch.randn(\n"})
    run = difflint("--diff", ".")
    assert (run.code, run.out) == (2, DIFF) and run.err.startswith("difflint: broken.py: ")


UNUSUAL: dict[str, Callable[[str], bytes]] = {
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "bare carriage returns": lambda text: text.replace("\n", "\r").encode(),
    "latin-1": lambda text: f"# coding: latin-1\n# é\n{text}".encode("latin-1"),
    "no last newline": lambda text: text.rstrip("\n").encode(),
    "form feeds": lambda text: text.replace("vae =", "\x0c\nvae =").encode(),
    "other separators in a text": lambda text: text.replace("some/vae", "a\u2028b\u0085c").encode(),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_encodings_and_newlines_stay(project: Project, difflint: Difflint, kind: str) -> None:
    root = project({"cast.py": UNUSUAL[kind](CAST)})
    assert difflint("--fix", "cast.py").code == 0
    assert (root / "cast.py").read_bytes() == UNUSUAL[kind](CLAMPED)


def test_permissions_and_links_stay(project: Project, difflint: Difflint) -> None:
    root = project({"real/cast.py": CAST})
    (root / "real/cast.py").chmod(0o755)
    os.symlink("real/cast.py", root / "link.py")
    assert difflint("--fix", "link.py").code == 0
    assert (root / "link.py").is_symlink() and (root / "real/cast.py").read_text() == CLAMPED
    assert (root / "real/cast.py").stat().st_mode & 0o777 == 0o755


SOURCES = {
    "lines": '["import torch\\n", "# \\u00e9\\n",\n  "pixels = PIC.byte()"]',
    "one text": '"import torch\\npixels = PIC.byte()"',
    "a magic": '["%%time\\n", "!ls\\n", "pixels = PIC.byte()\\n"]',
    "an indentation": '["  import torch\\n", "  pixels = PIC.byte()\\n"]',
}
NOTEBOOK = """{"nbformat": 4,   "metadata": {}, "cells": [
 {"cell_type": "markdown", "source": "é"}, {"cell_type": "code", "source": FIRST},
 {"source": SECOND, "cell_type": "code", "outputs": [1.50]}]}
"""


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("kind", SOURCES)
def test_only_the_edited_line_of_a_notebook_changes(
    project: Project, difflint: Difflint, kind: str, mark: bytes
) -> None:
    first, second = json.dumps(CAST.split("pixels")[0]), SOURCES[kind].replace("PIC", "(image * 127.5 + 127.5)")
    notebook = NOTEBOOK.replace("FIRST", first).replace("SECOND", second)
    root = project({"look.ipynb": mark + notebook.encode()})
    assert difflint("--fix", "look.ipynb").code == 0
    assert (root / "look.ipynb").read_bytes() == mark + notebook.replace(".byte()", ".clamp(0, 255).byte()").encode()


def test_a_read_only_file_is_one_line_and_nothing_is_written(project: Project, difflint: Difflint) -> None:
    root = project({"a.py": CAST, "b.py": CAST})
    (root / "b.py").chmod(0o444)
    run = difflint("--fix", ".")
    assert run == Run(2, "", "difflint: b.py: cannot be written: is read-only\n")
    assert (root / "a.py").read_text() == CAST
    assert {file.name for file in root.glob("*.py*")} | {file.name for file in root.glob(".[!d]*")} == {"a.py", "b.py"}


def test_a_full_disk_is_one_line_and_nothing_is_written(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"a.py": CAST, "b.py": CAST})
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if ".b.py" in self.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    run = difflint("--fix", ".")
    assert run == Run(2, "", "difflint: b.py: cannot be written: No space left on device\n")
    assert sorted(file.name for file in root.iterdir() if file.name != ".difflint_cache") == ["a.py", "b.py"]
    assert (root / "a.py").read_text() == (root / "b.py").read_text() == CAST


def test_a_file_that_cannot_take_its_place_takes_the_others_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"a.py": "a", "b.py": "b"})
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if target.name == "b.py":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(DifflintError, match=r"^b\.py: cannot be written: Input/output error$"):
        writing.replace_files({Path("a.py"): b"x", Path("b.py"): b"y"})
    assert {file.name: file.read_text() for file in root.iterdir()} == {"a.py": "a", "b.py": "b"}


@pytest.mark.parametrize("when", ["_by_file", "_not_gone"])
def test_a_file_that_changes_meanwhile_is_left_alone(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    root = project({"cast.py": CAST})
    original = getattr(rounds, when)

    def interrupted(*args: object) -> object:
        (root / "cast.py").write_text(CAST + "# mine\n")
        return original(*args)

    monkeypatch.setattr(rounds, when, interrupted)
    run = difflint("--fix", "cast.py")
    assert run == Run(2, "", "difflint: cast.py: has changed since it was read; nothing was written\n")
    assert (root / "cast.py").read_text() == CAST + "# mine\n"


def test_only_the_files_that_were_named_are_fixed(project: Project, difflint: Difflint) -> None:
    helper = "def to_bytes(x):\n    return x.mul(255).byte()\n"
    main = CAST.replace("pixels = (image * 127.5 + 127.5).byte()", "from helper import to_bytes\nto_bytes(image)")
    root = project({"main.py": main, "helper.py": helper})
    run = difflint("--fix", "main.py")
    assert (run.code, run.err) == (1, "") and "helper.py:2:12: error DFL104" in run.out
    assert difflint("--fix", ".").code == 0
    assert "x.mul(255).clamp(0, 255).byte()" in (root / "helper.py").read_text()


def test_two_fixes_of_one_place_take_two_rounds(project: Project, difflint: Difflint) -> None:
    both = CAST + "from torchvision.transforms.functional import to_pil_image\nto_pil_image(pixels.div(64).byte())\n"
    nested = CAST.replace("(image * 127.5 + 127.5).byte()", "(image * 127.5 + (image * 255).byte()).byte()")
    for text in (both, nested):
        root = project({"cast.py": text})
        difflint("--fix", "cast.py")
        fixed = (root / "cast.py").read_text()
        assert difflint("--fix", "cast.py").err == "" and (root / "cast.py").read_text() == fixed


def test_a_fix_whose_finding_stays_is_taken_back(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the first of two: the second one is made all the same."""
    root = project({"a.py": CAST, "b.py": CAST})

    def wrong(content: bytes, location: Path, edits: Sequence[Edit]) -> bytes:
        new = patched(content, location, edits)
        return new.replace(b".clamp(0, 255)", b".clamp(0, 999)") if location.name == "a.py" else new

    monkeypatch.setattr(rounds, "patched", wrong)
    run = difflint("--fix", "--format", "concise", ".")
    assert run.code == 1 and run.out.startswith("a.py:5:10: DFL104") and run.err.count("fixed") == 1
    assert ((root / "a.py").read_text(), (root / "b.py").read_text()) == (CAST, CLAMPED)


def test_fixes_are_in_json_and_sarif_and_in_the_cache(project: Project, difflint: Difflint) -> None:
    project({"cast.py": CAST})
    documents = [json.loads(difflint("--format", "json", "cast.py").out) for _ in range(2)]
    place = {"path": "cast.py", "line": 5, "column": 10, "end_line": 5, "end_column": 33}
    edits = [{**place, "text": "(image * 127.5 + 127.5).clamp(0, 255)"}]
    assert [d["findings"][0]["fix"] for d in documents] == 2 * [{"safety": "safe", "title": TITLE, "edits": edits}]
    fix = json.loads(difflint("--format", "sarif", "cast.py").out)["runs"][0]["results"][0]["fixes"][0]
    region = {"startLine": 5, "startColumn": 10, "endLine": 5, "endColumn": 33}
    assert fix["artifactChanges"][0]["replacements"] == [
        {"deletedRegion": region, "insertedContent": {"text": edits[0]["text"]}}
    ]


def test_fix_needs_files(project: Project, difflint: Difflint) -> None:
    run = difflint("--fix", "--stdin-filename", "cast.py")
    assert run.code == 2 and "--fix and --diff go with files" in run.err


COMMENTS = {
    "x = 1  # difflint: ignore[DFL101]\ny = 2": "x = 1\ny = 2",
    "x = 1  # type: ignore  # noqa: DFL101\n": "x = 1  # type: ignore\n",
    "# difflint: ignore-file\n\nx = 1\n": "\nx = 1\n",
    "if x:\n    # difflint: ignore-file[DFL101]\n    pass\n": "if x:\n    pass\n",
    "x = 1  # difflint: ignore[DFL101]  because it is so\n": None,
    "x = 1  # noqa: E501, DFL101\n": None,
}


@pytest.mark.parametrize("text", COMMENTS)
def test_an_unused_suppression_goes_and_nothing_else(project: Project, difflint: Difflint, text: str) -> None:
    root = project({"plain.py": text})
    assert difflint("--fix", "plain.py").code == (COMMENTS[text] is None)
    assert (root / "plain.py").read_text() == (COMMENTS[text] or text)


def test_a_suppression_of_what_was_fixed_by_hand_goes(project: Project, difflint: Difflint) -> None:
    root = project({"cast.py": CLAMPED.rstrip("\n") + "  # difflint: ignore[DFL104]\n"})
    assert difflint("--fix", "cast.py").code == 0
    assert (root / "cast.py").read_text() == CLAMPED
