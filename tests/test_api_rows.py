"""The tables of library knowledge: every row can be read and used, and a broken one stops with its file and key."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from difflint import places
from difflint.facts.intrinsics import INTRINSICS
from difflint.facts.library import TRANSFERS, Library, Row, RowError, load_rows
from difflint.facts.stubs import FOLDER as STUBS
from difflint.facts.transfers import TRANSFERS as TAKEN

APIS = places.RULES / "apis"
LIBRARY = load_rows(APIS)
ROWS = tuple({id(row): row for row in LIBRARY.rows.values()}.values())
SINK_KEYS = {"takes", "outside"}
VALUE_KEYS = {"dtype", "range", "container", "dtype_is"}
OUTSIDE = {"clamp", "wrap", "wrap-cast", "raise", "stretch", "collapse"}


def broken(folder: Path, text: str) -> str:
    """What the loader says of this table."""
    (folder / "table.yaml").write_text(text)
    with pytest.raises(RowError) as raised:
        load_rows(folder)
    return str(raised.value)


def test_the_tables_describe_at_least_150_calls() -> None:
    assert len(ROWS) >= 150


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("- {api: a.b, colour: red}", "colour"),
        ("- {api: a.b, transfer: melt}", "melt"),
        ("- {api: a.b, transfer: [{melt: 3}]}", "melt"),
        ("- {api: a.b, signature: x}", "signature"),
        ("- {api: a.b, also: [3]}", "also"),
        ("- {api: a.b, modules: [3]}", "modules"),
        ("- {transfer: keep}", "api"),
        ("- {api: a.b, cases: [keep]}", "case"),
        ("api: a.b", "list"),
        ("- {api: [", ""),
    ],
)
def test_a_broken_row_stops_with_the_file_and_the_key(tmp_path: Path, text: str, key: str) -> None:
    message = broken(tmp_path, text)
    assert "table.yaml" in message
    assert key in message


AGAIN = ["{api: a.b}", "{api: c.d, also: [a.b]}", "{api: c.b, modules: [a]}", "{api: a, made_by: [b]}"]


@pytest.mark.parametrize("again", AGAIN)
def test_a_name_described_twice_stops_with_that_name(tmp_path: Path, again: str) -> None:
    assert "a.b" in broken(tmp_path, f"- {{api: a.b}}\n- {again}\n")


def test_a_row_answers_to_its_aliases_in_every_module_and_by_every_maker(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text("- {api: a.X, also: [a.Y], modules: [b], made_by: [load]}\n")
    assert set(load_rows(tmp_path).rows) == {"a.X", "a.Y", "b.X", "b.Y", "a.X.load", "a.Y.load", "b.X.load", "b.Y.load"}


def test_the_loader_and_the_interpreter_know_the_same_transfers() -> None:
    assert set(TAKEN) | {"join", "pass"} == set(TRANSFERS)


@pytest.mark.parametrize("row", [row for row in ROWS if row.stub], ids=lambda row: row.api)
def test_the_stub_that_a_row_names_is_written(row: Row) -> None:
    stem, _, name = str(row.stub).partition(".")
    body = ast.parse((STUBS / f"{stem}.pystub").read_text()).body
    assert name in {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}


@pytest.mark.parametrize("row", [row for row in ROWS if row.intrinsic], ids=lambda row: row.api)
def test_a_row_that_promises_an_intrinsic_has_one(row: Row) -> None:
    assert row.api in INTRINSICS


@pytest.mark.parametrize("name", INTRINSICS)
def test_an_intrinsic_can_be_reached(name: str) -> None:
    owner, _, last = name.rpartition(".")
    if owner == "difflint":
        assert any(re.search(rf"difflint\.{last}\b", stub.read_text()) for stub in STUBS.glob("*.pystub"))
    else:
        made = LIBRARY.find(owner)  # a method of an object is looked up under the object's canonical name
        assert made is None or (made.makes_object and made.api == owner)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.api)
def test_the_parts_of_a_row_fit_together(row: Row) -> None:
    names = {name.lstrip("*") for name, _ in (*row.parameters, *(row.call_parameters or ()))}
    assert row.subject.lstrip("*") in names or not names
    for case in row.cases:
        assert {key for key in case.when if not key.startswith("self.")} <= names | VALUE_KEYS
        if case.sink is not None:
            assert set(case.sink) == SINK_KEYS
            assert case.sink["outside"] in OUTSIDE
            assert all(low < high for low, high in case.sink["takes"].values())
    if row.loss is not None:
        assert set(row.loss) <= names


def test_a_name_of_a_library_is_found_under_its_aliases() -> None:
    assert LIBRARY.find("diffusers.schedulers.DDIMScheduler.from_pretrained") is LIBRARY.find("diffusers.DDPMScheduler")
    assert LIBRARY.find("torchvision.transforms.v2.Normalize") is LIBRARY.find("torchvision.transforms.Normalize")


def test_an_empty_library_knows_nothing() -> None:
    assert not Library({}).knows("torch.clamp")
