"""Notebooks: which text of theirs is Python, where a reader finds it, and what happens when they are broken."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difflint.exchange import findings_from_json
from difflint.files import read_source, syntax_error
from difflint.magics import plain_python
from difflint.notebooks import NotANotebook, read_notebook
from tests.conftest import DEFECT, Project, Run

Difflint = Callable[..., Run]
IMPORTS, DATA, SINK = "".join(DEFECT.splitlines(True)[:3]), *DEFECT.splitlines()[3:]
LONG = 6 * 2**20


def code(source: str | list[str], **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source} | more


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook(*cells: str | dict[str, Any], **metadata: Any) -> str:
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made})


def python_of(document: str | bytes) -> str:
    return read_notebook(document.encode() if isinstance(document, str) else document, syntax_error).text


DEFECTIVE = notebook(text("# A heading"), IMPORTS, DATA, text("words"), f"%matplotlib inline\n\n{SINK}")
WHERE = "nb.ipynb:cell 5:3:1"

# --- what of a cell is Python -----------------------------------------------------------------------------------------

MAGICS = {
    "python": ("x = 1\ny = x % 2\n", "x = 1\ny = x % 2\n"),
    "a trailing semicolon": ("plt.plot(x);", "plt.plot(x);"),
    "await": ("await f()", "await f()"),
    "a line magic": ("%matplotlib inline\nx = 1", "pass\nx = 1"),
    "a shell command": ("x = 1\n!pip install 'a\n", "x = 1\npass\n"),
    "two exclamation marks": ("!!ls", "pass"),
    "inside a block": ('if x:\n    !ls "\n    y = 1', "if x:\n    pass\n    y = 1"),
    "over several lines": ("!pip install \\\n  a \\\n  b\nx = 1", "pass\n\n\nx = 1"),
    "help": ("?f\nf?\nf.g??\n", "pass\npass\npass\n"),
    "what a command prints": ("x = !ls -l\n", "x = get_ipython()\n"),
    "what a magic gives": ("a, b.c = %magic 1\n", "a, b.c = get_ipython()\n"),
    "a timed statement": ("%time x = f()\n!ls", "pass; x = f()\npass"),
    "a timed loop": ("%time for x in y: pass", "pass"),
    "many times": ("%timeit x = f()", "pass"),
    "without a percent sign": ("pip install a\ncd data\nx = 1", "pass\npass\nx = 1"),
    "in a string": ('x = """\n%matplotlib\n!ls\n"""\n!ls', 'x = """\n%matplotlib\n!ls\n"""\npass'),
    "in brackets": ("x = (a\n%b\n)\n%c", "x = (a\n%b\n)\npass"),
    "a quote in a comment": ("# don't\n%a\n# isn't", "# don't\npass\n# isn't"),
    "a bracket in a string": ("x = '('\n%a", "x = '('\npass"),
    "a comparison": ("x = y != 1\n%a", "x = y != 1\npass"),
    "a timed cell": ("%%time\nx = 1", "\nx = 1"),
    "a captured cell": ("\n# title\n%%capture out\n!ls\nx = 1", "\n# title\n\npass\nx = 1"),
    "another language": ("%%bash\nls", None),
    "a file": ("# title\n%%writefile a.py\nx = 1", None),
    "a process of its own": ("%%python3\nx = 1", None),
    "no text": ("", ""),
}


@pytest.mark.parametrize("name", MAGICS)
def test_magics_give_way_and_lines_stay(name: str) -> None:
    cell, python = MAGICS[name]
    assert plain_python(cell, syntax_error) == python


@given(st.text(st.sampled_from("x=1\n\\%!?'\"()#[] \t;:"), max_size=60))
def test_whatever_a_cell_holds_its_lines_are_kept(cell: str) -> None:
    plain = plain_python(cell, syntax_error)
    assert plain is None or plain.count("\n") == cell.count("\n")
    assert plain is None or syntax_error(cell) is not None or plain == cell


# --- from the file to one text ----------------------------------------------------------------------------------------


def test_cells_come_in_order_as_one_text() -> None:
    assert python_of(notebook("a = 1", text("b = 2"), "c = 3\n", code(["d = 4\n", "e = 5"]))) == (
        "a = 1\nc = 3\nd = 4\ne = 5\n"
    )


def test_format_3_keeps_its_cells_in_worksheets() -> None:
    cell = {"cell_type": "code", "language": "python", "input": ["x = 1"], "outputs": []}
    heading = {"cell_type": "heading", "level": 1, "source": "x = 0"}
    sheets = [{"cells": [heading, cell]}, {"cells": [cell]}]
    document = json.dumps({"nbformat": 3, "metadata": {}, "worksheets": sheets})
    assert python_of(document) == "x = 1\nx = 1\n"


LEFT_OUT = {
    "a tag": notebook("x = 1", code("y = 2", metadata={"tags": ["skip-execution"]})),
    "another language": notebook("x = 1", code("y = 2", metadata={"vscode": {"languageId": "r"}})),
    "a language of format 3": notebook("x = 1", code("y = 2", language="ruby")),
    "raw": notebook("x = 1", {"cell_type": "raw", "source": "y = 2"}),
    "a shell": notebook("x = 1", "%%sh\ny = 2"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_cells_that_do_not_run_here_are_left_out(name: str) -> None:
    assert python_of(LEFT_OUT[name]) == "x = 1\n"


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"language": "julia", "name": "julia-1.9"}},
        {"language_info": {"name": "R"}},
    ],
)
def test_a_notebook_of_another_language_has_no_python(metadata: dict[str, Any]) -> None:
    assert python_of(notebook("x <- 1", **metadata)) == ""


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf", notebook().encode(), notebook(text("x")).encode()])
def test_a_notebook_without_code_is_fine(content: bytes) -> None:
    assert python_of(content) == ""


def test_a_byte_order_mark_and_windows_lines_are_read() -> None:
    assert python_of(b"\xef\xbb\xbf" + notebook("x = 1\r\ny = 'é'").encode()) == "x = 1\ny = 'é'\n"


def test_an_indented_cell_is_moved_to_the_margin_and_back(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(IMPORTS, f"    {DATA}\n    {SINK}")})
    assert python_of(notebook("  x = 1\n  if x:\n    y = 2")) == "x = 1\nif x:\n  y = 2\n"
    run = difflint("nb.ipynb")
    assert run.out.startswith("nb.ipynb:cell 2:2:5: error DFL101")
    assert f"  2 |     {SINK}\n    |     ^^^^" in run.out


# --- what cannot be read ----------------------------------------------------------------------------------------------

NO_NOTEBOOKS = {
    "no JSON": (b"x = 1", "Expecting value in line 1 of the JSON"),
    "a merge conflict": (b'{"cells": [\n<<<<<<< HEAD\n]}', "Expecting value in line 2 of the JSON"),
    "cut off": (DEFECTIVE[:200].encode(), "of the JSON"),
    "other bytes": (b'{"cells": ["\xe9"]}', "is not utf-8 text (byte 12)"),
    "a list": (b"[]", "the JSON is no object"),
    "another object": (b'{"a": 1}', "it has no list of cells"),
    "cells are no list": (b'{"cells": {}}', "it has no list of cells"),
    "worksheets are no list": (b'{"worksheets": 1}', "it has no list of worksheets"),
    "a worksheet is no object": (b'{"worksheets": [1]}', "it has no list of cells"),
    "a cell is no object": (b'{"cells": [1]}', "cell 1 has no 'cell_type'"),
    "a cell without text": (notebook("x", code(3)).encode(), "cell 2 has no text"),  # type: ignore[arg-type]
    "lines that are no text": (notebook(code([1])).encode(), "cell 1 has no text"),  # type: ignore[list-item]
    "deep": (b"[" * 200_000, "is not a notebook"),
    "a long number": (b'{"cells": ' + b"1" * 10_000 + b"}", "is not a notebook"),
}


@pytest.mark.parametrize("name", NO_NOTEBOOKS)
def test_what_is_no_notebook_is_one_line_and_the_rest_is_linted(
    project: Project, difflint: Difflint, name: str
) -> None:
    content, cause = NO_NOTEBOOKS[name]
    project({"bad.py": DEFECT, "nb.ipynb": content})
    run = difflint(".")
    assert run.code == 2
    assert "bad.py:5:1: error DFL101" in run.out
    assert run.err.startswith("difflint: nb.ipynb: is not ")
    assert cause in run.err
    assert run.err.count("\n") == 1


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | (
    st.dictionaries(st.sampled_from(["cells", "worksheets", "metadata", "cell_type", "source", "tags"]), inner)
)))  # fmt: skip
def test_any_json_is_a_notebook_or_is_refused(document: Any) -> None:
    try:
        read_notebook(json.dumps(document).encode(), syntax_error)
    except NotANotebook as error:
        assert "\n" not in str(error)


def test_a_broken_cell_is_an_error_and_the_others_are_linted(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(IMPORTS, "%pip install x\ny = = 1", DATA, "z = 'a\x00'", f"a = [\n\n{SINK}", SINK)})
    run = difflint("nb.ipynb")
    assert run.code == 2
    assert run.out.startswith("nb.ipynb:cell 6:1:1: error DFL101")
    assert run.err.splitlines()[0] == "difflint: nb.ipynb: cell 2: syntax error in line 2: invalid syntax"
    assert [line.split(":")[2] for line in run.err.splitlines()] == [" cell 2", " cell 4", " cell 5"]


def test_megabytes_of_outputs_are_no_code(project: Project, difflint: Difflint) -> None:
    plot = {"output_type": "display_data", "data": {"image/png": "iVBOR" * (LONG // 5)}, "metadata": {}}
    project({"nb.ipynb": notebook(IMPORTS, code("1 + 1", outputs=[plot]), f"{DATA}\n{SINK}")})
    assert difflint("nb.ipynb").out.startswith("nb.ipynb:cell 3:2:1: error DFL101")


def test_megabytes_of_code_are_refused(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook("#" * LONG)})
    assert difflint("nb.ipynb") == Run(2, "No findings in 0 files; 1 error.\n", (
        "difflint: nb.ipynb: holds more than 5 MB of code\n"
    ))  # fmt: skip


def test_words_in_outputs_and_headings_do_not_count(project: Project, difflint: Difflint) -> None:
    said = {"output_type": "stream", "text": "import torch; randn"}
    project({"nb.ipynb": notebook(text("torch and save_image"), code("x = 1", outputs=[said]))})
    stats = json.loads(difflint("nb.ipynb", "--format", "json").out)["stats"]
    assert (stats["files"], stats["analysed"]) == (1, 0)


# --- in reports -------------------------------------------------------------------------------------------------------


def test_text_names_cell_and_line(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": DEFECTIVE})
    run = difflint(".")
    assert (run.code, run.err) == (1, "")
    assert run.out.startswith(f"{WHERE}: error DFL101 range-at-sink\n")
    assert f"\n  3 | {SINK}\n    | ^^^^" in run.out
    assert '\n    nb.ipynb:cell 3:1  to_tensor(Image.open("cat.png"))' in run.out
    assert "\n    nb.ipynb:cell 5:3  save_image takes" in run.out


def test_concise_names_cell_line_and_column(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": DEFECTIVE})
    assert difflint("--format", "concise", ".").out.startswith(f"{WHERE}: DFL101 save_image takes")


def test_json_has_cells_and_they_are_read_again(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": DEFECTIVE})
    document = json.loads(difflint("--format", "json", "nb.ipynb").out)
    (finding,) = document["findings"]
    assert (finding["cell"], finding["line"], finding["column"], finding["end_line"]) == (5, 3, 1, 3)
    assert [(step["cell"], step["line"]) for step in finding["trace"]] == [(3, 1), (3, 1), (5, 3)]
    (again,) = findings_from_json(document, "report.json")
    assert again.place.where == WHERE
    assert again.trace[-1].where == "nb.ipynb:cell 5:3"


@pytest.mark.parametrize("cell", ["3", True, 1.5])
def test_a_cell_in_a_findings_file_is_a_number(project: Project, difflint: Difflint, cell: Any) -> None:
    project({"nb.ipynb": DEFECTIVE})
    document = json.loads(difflint("--format", "json", "nb.ipynb").out)
    document["findings"][0]["cell"] = cell
    Path("findings.json").write_text(json.dumps(document), "utf-8")
    run = difflint("confirm", "--from", "findings.json")
    assert run == Run(2, "", "difflint: findings.json: findings[0]: 'cell' must be a whole number\n")


def test_files_have_no_cell_in_json(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    (finding,) = json.loads(difflint("--format", "json", "bad.py").out)["findings"]
    assert "cell" not in finding
    assert all(set(step) == {"path", "line", "what"} for step in finding["trace"])


def test_annotations_name_the_cell_and_no_line_of_the_json(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": DEFECTIVE})
    annotation = difflint("--format", "github", ".").out
    assert annotation.startswith(f"::error file=nb.ipynb,title=DFL101 range-at-sink::{WHERE}: save_image takes")
    (result,) = json.loads(difflint("--format", "sarif", ".").out)["runs"][0]["results"]
    assert result["message"]["text"].startswith("cell 5, line 3: save_image takes")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert steps[0]["location"]["message"]["text"].startswith("cell 3, line 1: ")


def test_findings_are_in_the_order_of_the_cells(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(IMPORTS, f"{DATA}\n\n\n{SINK}", SINK, f"\n{SINK}")})
    lines = difflint("--format", "concise", ".").out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"nb.ipynb:cell {at}" for at in ("2:4:1", "3:1:1", "4:2:1")]


# --- suppressions, names, other files ---------------------------------------------------------------------------------


def test_a_comment_in_a_cell_silences_its_line_only(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(IMPORTS, DATA, f"{SINK}  # difflint: ignore[DFL101]", SINK)})
    run = difflint("--format", "concise", ".")
    assert run.out.startswith("nb.ipynb:cell 4:1:1: DFL101")
    assert run.out.count("\n") == 1


def test_ignore_file_in_the_first_cell_silences_all(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook("# difflint: ignore-file[DFL101]", IMPORTS, DATA, SINK, SINK)})
    assert difflint(".") == Run(0, "No findings in 1 file, 2 suppressed.\n", "")


def test_an_unused_comment_is_reported_in_its_cell(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(IMPORTS, text("x"), f"%time\n{DATA}  # difflint: ignore[DFL101]")})
    run = difflint("--format", "concise", ".")
    assert run.out == f"nb.ipynb:cell 3:2:{len(DATA) + 3}: DFL001 {run.out.split('DFL001 ')[1]}"


def test_a_notebook_imports_the_modules_beside_it(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(f"{IMPORTS}from data import picture", SINK), "data.py": f"{IMPORTS}{DATA}\n"})
    run = difflint("nb.ipynb")
    assert run.out.startswith("nb.ipynb:cell 2:1:1: error DFL101")
    assert "\n    data.py:4          to_tensor(Image.open" in run.out


def test_a_notebook_named_like_a_script_is_another_module(project: Project, difflint: Difflint) -> None:
    project({"nb.ipynb": notebook(IMPORTS, DATA, SINK), "nb.py": DEFECT})
    assert [line.split(": ")[0] for line in difflint("--format", "concise", ".").out.splitlines()] == [
        "nb.ipynb:cell 3:1:1",
        "nb.py:5:1",
    ]


def test_discovery_finds_notebooks_and_leaves_copies_out(project: Project, difflint: Difflint) -> None:
    project({
        "a/nb.ipynb": DEFECTIVE, ".ipynb_checkpoints/nb-checkpoint.ipynb": DEFECTIVE, "b/out.ipynb": DEFECTIVE,
        ".difflint.toml": 'extend-exclude = ["b/"]',
    })  # fmt: skip
    assert difflint("--format", "concise").out.startswith(f"a/{WHERE}")
    assert "1 finding (1 error) in 1 file." in difflint(".").out
    assert difflint("--format", "concise", "b/out.ipynb").out.startswith("b/out.ipynb:cell 5:3:1")


def test_a_notebook_from_standard_input(project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch) -> None:
    project({})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DEFECTIVE.encode())))
    run = difflint("--format", "concise", "--stdin-filename", "nb.ipynb")
    assert run.out.startswith(f"{WHERE}: DFL101")


def test_the_lines_of_a_cell_are_its_own(project: Project) -> None:
    root = project({"nb.ipynb": notebook("a = 1", text("x"), "%magic\nb = 2", "c = 3")})
    source = read_source(root / "nb.ipynb")
    assert source.lines(3) == ["pass", "b = 2"]
    assert source.lines(2) == []
