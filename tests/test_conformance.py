"""Every API row that carries an example is run for real and by the interpreter, and both must agree.

What the interpreter says of a value has to contain what the library really gives, and must not be much wider; what a
sink shows has to be the bytes that its row promises for values inside and outside of what it takes. Of an ``unknown``
example nothing may be said but bounds that hold; one that ``raises`` really does."""

from __future__ import annotations

import ast
import importlib
import inspect
import random
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from difflint import places
from difflint.facts.analysis import interpret
from difflint.facts.events import Sink
from difflint.facts.interval import UNBOUNDED, Interval
from difflint.facts.library import Case, Library, Row, load_rows
from difflint.facts.values import Const, Tensor, choices, tensors
from difflint.files import SourceFile
from tests import torchvision_shim

np = pytest.importorskip("numpy")
EXACT = {
    "keep",
    "affine",
    "normalize",
    "clamp",
    "rescale",
    "cast",
    "to",
    "convert",
    "round",
    "stretch",
    "binary",
    "join",
}
LOST = {"unknown", "opaque"}  # other cases of a row may lose the range; then there is none to be tight
DOTTED = re.compile(r"(?<![\w.)'])(?!x\b)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)")


@dataclass(frozen=True, eq=False)
class Example:
    """One example of a row: the expression over ``x``, and what ``x`` is."""

    row: Row
    code: str
    x: tuple[float, float]
    dtype: str = "float32"
    array: bool = False
    pil: bool = False
    shape: tuple[int, ...] = (3, 8, 8)
    shows: Any = None
    unknown: bool = False  # nothing but bounds may be said of the result
    raises: bool = False
    overshoots: bool = False  # the range that is meant may be left
    file: str | None = None  # a picture file of this kind lies at ``path``

    @property
    def container(self) -> str:
        return "pil" if self.pil else ("array" if self.array else "tensor")


@cache
def library() -> Library:
    return load_rows(places.RULES / "apis")


def examples() -> Iterator[Example]:
    for row in (row for name, row in library().rows.items() if name == row.api):
        given = row.example if isinstance(row.example, list) else [row.example] if row.example else []
        for entry in given:
            codes = entry["code"] if isinstance(entry["code"], list) else [entry["code"]]
            x, shape = tuple(entry.get("x", (0, 1))), tuple(entry.get("shape", (3, 8, 8)))
            for code in codes:
                yield Example(row, **{**entry, "code": code, "x": x, "shape": shape})


def is_exact(example: Example) -> bool:
    """Whether the row says precisely what happens, so that its range has to be tight."""
    transfers = [transfer for case in example.row.cases for transfer in case.transfer]
    return {transfer if isinstance(transfer, str) else next(iter(transfer)) for transfer in transfers} <= EXACT | LOST


SCHEDULER = "diffusers.DDPMScheduler"
EVERY = tuple(examples())
VALUES = [e for e in EVERY if not (e.shows or e.unknown or e.raises)]
SINKS = [e for e in EVERY if e.shows]
UNKNOWN = [e for e in EVERY if e.unknown]
RAISING = [e for e in EVERY if e.raises]


def ids(example: Example) -> str:
    return f"{example.code} in {list(example.x)} {example.dtype} {example.container}"


# --- the real thing


def modules(code: str) -> dict[str, Any]:
    """The packages an expression names, with the submodules it reaches; skips the test where one is not installed."""
    torchvision_shim.install()
    found: dict[str, Any] = {}
    for dotted in DOTTED.findall(code):
        root, *rest = dotted.split(".")
        found[root] = reached = pytest.importorskip(root, exc_type=ImportError)
        for part in rest:
            if not hasattr(reached, part):
                importlib.import_module(f"{reached.__name__}.{part}")
            reached = getattr(reached, part)
            if not isinstance(reached, ModuleType):
                break
    return found


def concrete(example: Example) -> Any:
    """Random values of the example's range, its end points among them."""
    low, high = example.x
    values = np.random.default_rng(0).uniform(low, high, example.shape)
    values.flat[0], values.flat[-1] = low, high
    values = values.astype(example.dtype) if example.dtype != "uint8" else np.round(values).astype("uint8")
    if example.array or example.pil:
        values = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    if example.pil:
        return importlib.import_module("PIL.Image").fromarray(values)
    return values if example.array else importlib.import_module("torch").from_numpy(values)


def run(example: Example, path: str = "") -> tuple[Any, Any]:
    """The argument and the result of running the example's code."""
    needs = {"pil": "PIL.Image", "array": "", "tensor": "torch.Tensor"}[example.container]
    known = modules(f"{example.code} {needs}")
    if "matplotlib" in known:
        known["matplotlib"].use("Agg")
    x = concrete(example)
    if example.file:
        importlib.import_module("PIL.Image").fromarray(np.moveaxis(pictured_bytes(), 0, -1)).save(path)
    seeded(known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x, eval(example.code, {**known, "x": x, "path": path})


OUTCOMES: dict[Example, Any] = {}


def outcome(example: Example, path: str) -> Any:
    """The result of running the example's code, once for all tests."""
    if example not in OUTCOMES:
        OUTCOMES[example] = run(example, path)[1]
    return OUTCOMES[example]


def seeded(known: Mapping[str, Any]) -> None:
    """What draws numbers draws the same ones in each run."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in known:
        known["torch"].manual_seed(0)


def pictured_bytes() -> Any:
    """A picture that uses every byte from 0 to 255."""
    return np.resize(np.arange(256, dtype="uint8"), (3, 16, 16))


def numbers(value: Any) -> Any:
    """Every number in a tensor, array, picture or list of them."""
    if isinstance(value, dict):
        return numbers(list(value.values()))
    if isinstance(value, list | tuple):
        return np.concatenate([numbers(item) for item in value]) if value else np.zeros(0)
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value).astype("float64").ravel()


# --- what the interpreter says


def source_row(example: Example) -> Row:
    """A call without arguments that gives the example's x."""
    gives = {"kind": "data", "nominal": example.x, "hard": example.x, "dtype": example.dtype, "layout": "HWC"}
    return Row("conformance.x", (), None, "x", (Case({}, (), {**gives, "container": example.container}),))


ANY_SINK = {"takes": {"float": [0, 1]}, "outside": "clamp"}
SEEN = Row("conformance.seen", (("value", None),), None, "value", (Case({}, (), None, ANY_SINK),))


@cache
def sinks(example: Example) -> list[Sink]:
    """Interpret the example; its value ends in a sink of our own, which comes last."""
    imports = sorted({f"import {dotted.split('.')[0]}" for dotted in DOTTED.findall(example.code)})
    given = ["x = conformance.x()", f"path = 'shown.{example.file or 'png'}'"]
    text = "\n".join(["import conformance", *imports, *given, f"conformance.seen({example.code})", ""])
    rows: Mapping[str, Row] = {**library().rows, "conformance.x": source_row(example), "conformance.seen": SEEN}
    source = SourceFile("example.py", text, Path("example.py"), Path("."))
    analysis = interpret([source], Library(rows), lambda path: None)
    assert not analysis.failures
    return list(analysis.seen.sinks)


def abstract(example: Example) -> Sequence[Tensor]:
    found = tensors(sinks(example)[-1].value)
    assert found, f"the interpreter knows nothing of {example.code}: {sinks(example)[-1].value}"
    return found


# --- the tests


@pytest.fixture
def path(tmp_path: Path) -> Callable[[Example], str]:
    """Where an example reads or writes its file."""
    return lambda example: str(tmp_path / f"shown.{example.file or 'png'}")


Place = Callable[[Example], str]


@pytest.mark.parametrize("example", VALUES, ids=ids)
def test_what_a_call_gives_lies_in_the_range_that_the_row_says(example: Example, path: Place) -> None:
    result = numbers(outcome(example, path(example)))
    for value in abstract(example):
        slack = 1e-5 * max(1.0, abs(result).max()) + (1.01 if value.dtype == "uint8" else 0)
        assert value.nominal is not None
        for said in (value.nominal, value.hard or value.nominal):
            inside = said.low - slack <= result.min() and result.max() <= said.high + slack
            assert inside is not example.overshoots
        assert value.hard is None or not example.overshoots


@pytest.mark.parametrize("example", [example for example in VALUES if is_exact(example)], ids=ids)
def test_the_range_of_an_exact_row_is_not_twice_as_wide_as_what_the_call_gives(example: Example, path: Place) -> None:
    result = numbers(outcome(example, path(example)))
    for value in abstract(example):
        assert value.nominal is not None
        assert value.nominal.width <= 2 * float(result.max() - result.min()) + 1e-6


@pytest.mark.parametrize("example", VALUES, ids=ids)
def test_a_call_gives_bytes_exactly_where_the_row_says_so(example: Example, path: Place) -> None:
    result = outcome(example, path(example))
    first = result[0] if isinstance(result, list | tuple) else result
    for value in abstract(example):
        said = value.dtype == "uint8"
        assert str(getattr(first, "dtype", None) or np.asarray(first).dtype).endswith("uint8") is said


@pytest.mark.parametrize("example", UNKNOWN, ids=ids)
def test_of_what_a_row_leaves_open_only_bounds_are_said_and_they_hold(example: Example, path: Place) -> None:
    result = run(example, path(example))[1]
    for value in (v for seen in sinks(example)[-1:] for v in choices(seen.value)):
        assert not isinstance(value, Tensor) or value.nominal is None
        said = value.hard if isinstance(value, Tensor) else None
        if isinstance(value, Const) and isinstance(value.value, int | float):
            said = Interval(value.value, value.value)
        if said is not None and said != UNBOUNDED:
            found = numbers(result)
            assert said.low - 1e-5 <= np.nanmin(found) and np.nanmax(found) <= said.high + 1e-5


@pytest.mark.parametrize("example", RAISING, ids=ids)
def test_what_a_row_says_to_raise_does(example: Example, path: Place) -> None:
    with pytest.raises(Exception, match=r"."):
        run(example, path(example))


@pytest.mark.parametrize("example", SINKS, ids=ids)
def test_a_sink_shows_the_bytes_that_its_row_promises(example: Example, tmp_path: Path) -> None:
    path = str(tmp_path / "shown.png")
    sink = sinks(example)[0]
    given = next(iter(tensors(sink.value)))
    takes = sink.takes_of(given)
    assert takes is not None
    reached = given.nominal
    assert reached is not None
    if sink.outside == "raise" and not reached.within(takes):
        with pytest.raises((ValueError, TypeError, OSError)):
            run(example, path)
        return
    x, result = run(example, path)
    expected = promised(pictured(x, example), example, given, takes, sink.outside)
    shown = displayed(result, path, example)
    assert np.abs(circular(shown - expected, sink.outside)).max() <= 1


def pictured(x: Any, example: Example) -> Any:
    """The argument as an H x W x C array of floats."""
    values = x.numpy() if hasattr(x, "numpy") else np.asarray(x)
    values = values.reshape(values.shape[-3:]).astype("float64")
    return values if example.array or example.pil else np.moveaxis(values, 0, -1)


def promised(values: Any, example: Example, given: Tensor, takes: Interval, outside: str) -> Any:
    """The bytes of these values: the way to the sink, its range mapped to [0, 255], then what it does outside."""
    for step in (link.step.to_json() for link in given.links):
        if step["op"] == "clamp":
            values = np.clip(values, step["low"], step["high"])
        else:
            values = values * step["scale"][0] + step["shift"][0]
    as_bytes = (values - takes.low) / takes.width * 255
    return np.trunc(as_bytes) % 256 if outside == "wrap" else np.clip(as_bytes, 0, 255)


def circular(difference: Any, outside: str) -> Any:
    """How far two bytes are apart; 255 and 0 are neighbours for a sink that wraps."""
    return (difference + 128) % 256 - 128 if outside == "wrap" else difference


def displayed(result: Any, path: str, example: Example) -> Any:
    """The bytes that a reader sees: of the file, of the figure, or of the picture that came back."""
    result = result[0] if isinstance(result, list) and result else result
    if hasattr(result, "to_rgba"):
        values = result.to_rgba(result.get_array(), bytes=True)
    elif Path(path).exists():
        values = np.asarray(importlib.import_module("PIL.Image").open(path).convert("RGB"))
    else:
        values = np.asarray(result)
    values = values[..., :3].astype("float64")
    return values[..., ::-1] if example.shows == "bgr" else values


# --- names and reasons

UNTESTED = {
    "needs a network connection",
    "needs another library",
    "needs a data set on disk",
    "needs a GPU",
    "needs other processes",
    "changes the process or the disk",
    "needs a display",
    "is a name of our own",
}
ROWS = tuple(row for name, row in library().rows.items() if name == row.api)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.api)
def test_a_row_has_an_example_or_a_reason_for_having_none(row: Row) -> None:
    assert bool(row.example) is not (row.untested in UNTESTED), row.api


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.acts_as == SCHEDULER and row.example], ids=lambda row: row.api
)
def test_a_scheduler_is_made_with_the_defaults_that_its_row_says(row: Row) -> None:
    diffusers = pytest.importorskip("diffusers")
    given = inspect.signature(getattr(diffusers, row.api.rpartition(".")[2]).__init__).parameters
    found = {name: p.default for name, p in given.items() if name not in ("self", "kwargs")}
    said = {name: inspect.Parameter.empty if d is None else ast.literal_eval(d) for name, d in row.parameters}
    assert said == found
    assert list(said) == list(found)


def test_at_least_four_hundred_examples_are_executed() -> None:
    assert len(EVERY) >= 400
