"""The flow goes one way: each module imports only what the table allows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from difflint import places

# Module (or package, for all that lies in it) -> the parts of difflint it may import.
DATA = {"errors", "findings", "places", ""}
LAYERS: dict[str, set[str]] = {
    "": set(),
    "errors": set(),
    "findings": set(),
    "places": set(),
    "edits": {"findings"},
    "coverage": DATA,
    "magics": set(),
    "notebooks": DATA | {"magics"},
    "contents": set(),
    "files": DATA | {"contents", "notebooks"},
    "card": DATA,
    "discovery": DATA | {"files"},
    "syntax": DATA | {"files"},
    "cache": DATA | {"contents"},
    "lookups": set(),
    "workers": DATA,
    "facts": DATA | {"edits", "cache", "lookups", "files", "syntax", "coverage", "card", "workers"},
    "relations": DATA | {"lookups", "files", "syntax"},
    "checks": DATA | {"facts", "relations", "edits"},
    "rules": DATA | {"facts", "relations"},  # the types of checks, and nothing at run time
    "related": DATA | {"cache", "exchange", "facts", "files", "relations", "rules", "workers"},
    "config": DATA | {"files", "discovery", "rules"},
    "suppress": DATA,
    "result": DATA | {"rules", "coverage"},
    "writing": DATA,
    "fixes": DATA | {"contents", "files", "edits", "result", "writing"},
    "engine": DATA
    | {"files", "discovery", "facts", "rules", "config", "suppress", "result", "coverage", "card", "fixes", "related"},
    "exchange": DATA,
    "recall": DATA | {"cache", "config", "discovery", "exchange", "files", "lookups", "result", "rules"},
    "fingerprints": DATA | {"result"},
    "baseline": DATA | {"fingerprints", "result", "writing"},
    "since": DATA | {"result"},
    "report": DATA | {"fingerprints", "files", "rules", "result", "exchange", "coverage", "card"},
    "confirm": DATA | {"exchange"},
    "demo": DATA | {"files"},
    "options": {"report"},
    "session": DATA
    | {"cache", "config", "discovery", "engine", "facts", "files", "options", "recall", "result", "rules"}
    | {"baseline", "since"},
    "cli": DATA
    | {"options", "session", "rules", "config", "engine", "result", "report"}
    | {"exchange", "confirm", "demo", "card", "fixes", "writing", "baseline", "since"},
    "__main__": {"cli"},
}
HEAVY = {"torch", "torchvision", "numpy", "PIL", "diffusers", "matplotlib", "cv2", "rich", "jsonschema"}

SOURCES = sorted(places.PACKAGE.rglob("*.py"))
RUNTIME = sorted((places.ROOT / "runtime").rglob("*.py"))


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Every module that ``file`` imports, at any depth, with the level of a relative import."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in (None, "difflint"):
            yield from ((f"{node.module}.{alias.name}", node.level) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


def layer(name: str) -> str:
    """The part of difflint that a dotted module name belongs to; "" is the package itself."""
    part = name.split(".")[1] if "." in name else ""
    return part if part in LAYERS else ""


def relative(file: Path) -> str:
    return file.relative_to(places.ROOT).as_posix()


@pytest.mark.parametrize("file", SOURCES, ids=relative)
def test_a_module_imports_only_what_stands_before_it(file: Path) -> None:
    own = file.relative_to(places.PACKAGE).parts[0].removesuffix(".py").replace("__init__", "")
    assert own in LAYERS, f"difflint/{own} has no row in the table"
    for name, level in imports(file):
        assert level == 0, f"{relative(file)}: imports in difflint are absolute"
        if name.split(".")[0] == "difflint":
            assert layer(name) in LAYERS[own] | {own}, f"{relative(file)} must not import {name}"


@pytest.mark.parametrize("file", SOURCES, ids=relative)
def test_the_linter_never_imports_torch_or_its_like(file: Path) -> None:
    assert not {name.split(".")[0] for name, _ in imports(file)} & HEAVY


@pytest.mark.parametrize("file", RUNTIME, ids=relative)
def test_the_runtime_never_imports_the_linter(file: Path) -> None:
    for name, level in imports(file):
        assert name.split(".")[0] not in ("difflint", "runtime") or level, f"{relative(file)} imports {name}"


def test_no_file_outgrows_one_subject() -> None:
    assert {relative(file) for file in (*SOURCES, *RUNTIME) if len(file.read_text("utf-8").splitlines()) > 400} == set()


def test_only_the_command_line_prints_and_exits() -> None:
    for file in SOURCES:
        if file.name == "cli.py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert called not in ("print", "sys.exit", "exit", "quit", "click.echo"), f"{relative(file)} calls {called}"
