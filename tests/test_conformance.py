"""Every API row that carries an example is run for real and by the interpreter, and both must agree.

What the interpreter says of a value has to contain what the library really gives, and must not be much wider; what a
sink shows has to be the bytes that its row promises for values inside and outside of what it takes."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from difflint import places
from difflint.facts.analysis import interpret
from difflint.facts.events import Sink
from difflint.facts.interval import Interval
from difflint.facts.library import Case, Library, Row, load_rows
from difflint.facts.values import Tensor, tensors
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


@dataclass(frozen=True)
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

    @property
    def container(self) -> str:
        return "pil" if self.pil else ("array" if self.array else "tensor")


@cache
def library() -> Library:
    return load_rows(places.RULES / "apis")


def examples() -> Iterator[Example]:
    rows = {row.api: row for row in library().rows.values()}
    for row in rows.values():
        given = row.example if isinstance(row.example, list) else [row.example] if row.example else []
        for entry in given:
            yield Example(row, **{**entry, "x": tuple(entry["x"]), "shape": tuple(entry.get("shape", (3, 8, 8)))})


def is_exact(example: Example) -> bool:
    """Whether the row says precisely what happens, so that its range has to be tight."""
    transfers = [transfer for case in example.row.cases for transfer in case.transfer]
    return {transfer if isinstance(transfer, str) else next(iter(transfer)) for transfer in transfers} <= EXACT | LOST


EVERY = tuple(examples())
VALUES = [example for example in EVERY if not example.shows]
SINKS = [example for example in EVERY if example.shows]


def ids(example: Example) -> str:
    return f"{example.code} in {list(example.x)} {example.dtype}"


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
    random = np.random.default_rng(0)
    values = random.uniform(low, high, example.shape)
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x, eval(example.code, {**known, "x": x, "path": path})


def numbers(value: Any) -> Any:
    """Every number in a tensor, array, picture or list of them."""
    if isinstance(value, list | tuple):
        return np.concatenate([numbers(item) for item in value])
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


def sinks(example: Example) -> list[Sink]:
    """Interpret the example; its value ends in a sink of our own, which comes last."""
    imports = sorted({f"import {dotted.split('.')[0]}" for dotted in DOTTED.findall(example.code)})
    text = "\n".join(["import conformance", *imports, "x = conformance.x()", f"conformance.seen({example.code})", ""])
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


@pytest.mark.parametrize("example", VALUES, ids=ids)
def test_what_a_call_gives_lies_in_the_range_that_the_row_says(example: Example) -> None:
    result = numbers(run(example)[1])
    for value in abstract(example):
        slack = 1e-5 * max(1.0, abs(result).max()) + (1.01 if value.dtype == "uint8" else 0)
        assert value.nominal is not None
        for said in (value.nominal, value.hard or value.nominal):
            assert said.low - slack <= result.min() and result.max() <= said.high + slack


@pytest.mark.parametrize("example", [example for example in VALUES if is_exact(example)], ids=ids)
def test_the_range_of_an_exact_row_is_not_twice_as_wide_as_what_the_call_gives(example: Example) -> None:
    result = numbers(run(example)[1])
    for value in abstract(example):
        assert value.nominal is not None
        assert value.nominal.width <= 2 * float(result.max() - result.min()) + 1e-6


@pytest.mark.parametrize("example", VALUES, ids=ids)
def test_a_call_gives_bytes_exactly_where_the_row_says_so(example: Example) -> None:
    result = run(example)[1]
    first = result[0] if isinstance(result, list | tuple) else result
    for value in abstract(example):
        said = value.dtype == "uint8"
        assert str(getattr(first, "dtype", "uint8")).endswith("uint8") is said


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


def test_at_least_sixty_examples_are_executed() -> None:
    assert len(EVERY) >= 60
