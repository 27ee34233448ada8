"""Library knowledge: the rows of ``rules/apis/*.yaml``, read once and looked up by full dotted name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from difflint.facts.values import Const, Value
from difflint.facts.values import Library as Name

if TYPE_CHECKING:
    from difflint.facts.machine import Machine

# fmt: off
KEYS = frozenset([
    "api", "also", "signature", "call", "cases", "when", "transfer", "gives", "then", "sink", "outside", "subject",
    "stub", "intrinsic", "loss", "example", "versions", "modules", "made_by", "past", "acts_as", "needs", "untested",
    "judged",
])
# fmt: on


CONSTANTS: dict[str, Any] = {
    "typing.TYPE_CHECKING": False,
    **{f"{module}.pi": math.pi for module in ("math", "numpy", "torch")},
    **{f"{module}.e": math.e for module in ("math", "numpy", "torch")},
}


class RowError(ValueError):
    """A row of the API tables is broken; the message names the file and the key."""


@dataclass(frozen=True)
class Case:
    """What a call does when its guard holds."""

    when: Mapping[str, Any]
    transfer: tuple[Any, ...] = ()
    gives: Mapping[str, Any] | None = None
    sink: Mapping[str, Any] | None = None
    then: tuple[Any, ...] = ()  # what the call does after it has shown the value
    versions: Mapping[str, str] | None = None  # the releases that do so, by library


@dataclass(frozen=True)
class Row:
    """One library function, class or method."""

    api: str
    parameters: tuple[tuple[str, str | None], ...]
    call_parameters: tuple[tuple[str, str | None], ...] | None
    subject: str
    cases: tuple[Case, ...]
    stub: str | None = None
    intrinsic: str | None = None
    loss: tuple[str, str] | None = None
    example: Any = None
    acts_as: str | None = None  # the row whose methods its objects have
    needs: Mapping[str, Any] | None = None  # by dtype: the range a measure is defined for
    untested: str | None = None  # why no example can run here
    judged: tuple[str, ...] = ()  # the arguments by which rules judge a call

    @property
    def makes_object(self) -> bool:
        """Whether calling it only makes the thing that is called later (``nn.Sigmoid()``)."""
        return self.call_parameters is not None


GENERAL = frozenset(("show", "Image"))  # of a figure, of Pillow


class Library:
    """All rows by name, and the stub bodies that some names stand for."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows = rows

    @property
    def sinks(self) -> frozenset[str]:
        """The last names of what shows or saves pictures, without those that say nothing by themselves."""
        shown = {name for name, row in self.rows.items() if any(case.sink is not None for case in row.cases)}
        return frozenset(name.rpartition(".")[2] for name in shown) - GENERAL

    @property
    def judged(self) -> frozenset[str]:
        """The last names of what rules judge by its arguments; methods left out, whose object one of these makes."""
        names = {name for name, row in self.rows.items() if row.judged and row.parameters[0][0] != "self"}
        return frozenset(name.rpartition(".")[2] for name in names)

    def knows(self, name: str) -> bool:
        return name in self.rows

    def find(self, name: str) -> Row | None:
        return self.rows.get(name)

    def resolve(self, machine: Machine, name: str) -> Value:
        """The value of a library name: a stub body where there is one, else the name itself."""
        from difflint.facts.tablecalls import knows as computes

        row = self.rows.get(name)
        if name in CONSTANTS:
            return Const(CONSTANTS[name])
        if row is None or row.stub is None:
            return Name(row.api if row is not None and not computes(name) else name, name)
        if row.stub not in machine.stubs:
            from difflint.facts.stubs import load

            machine.stubs[row.stub] = load(machine, row.stub)
        return machine.stubs[row.stub]


def load_rows(folder: Path) -> Library:
    """Read every table; raises RowError for the first broken row."""
    rows: dict[str, Row] = {}
    for file in sorted(folder.glob("*.yaml")):
        for entry in _entries(file):
            row = _row(entry, file)
            configured = replace(row, parameters=())  # made from a file: nobody knows its arguments
            for name, maker in _names(row.api, entry, file):
                if name in rows:
                    raise RowError(f"{file}: {name}: described twice")
                rows[name] = configured if maker else row
    return Library(rows)


def _names(api: str, entry: Mapping[str, Any], file: Path) -> Iterable[tuple[str, bool]]:
    """Every name a row answers to, and whether it is a maker: ``modules`` repeat the names, ``past`` holds those of
    other releases, ``made_by`` are class methods that make the same."""
    keys = ("also", "modules", "past", "made_by")
    also, modules, past, made_by = (_strings(entry.get(key, ()), key, file) for key in keys)
    names = [api, *also]
    names += [f"{module}.{name.rpartition('.')[2]}" for module in modules for name in names] + past
    makers = [f"{name}.{maker}" for maker in made_by for name in names]
    return [*((name, False) for name in dict.fromkeys(names)), *((name, True) for name in dict.fromkeys(makers))]


def _entries(file: Path) -> Iterable[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise RowError(f"{file}: {' '.join(str(error).split())}") from error
    if not isinstance(content, list):
        raise RowError(f"{file}: a list of rows is expected")
    return content


def _row(entry: Any, file: Path) -> Row:
    if not isinstance(entry, dict) or not isinstance(entry.get("api"), str):
        raise RowError(f"{file}: a row needs the key 'api': {str(entry)[:60]}")
    api = entry["api"]
    for key in entry:
        if key not in KEYS:
            raise RowError(f"{file}: {api}: unknown key {key!r}")
    parameters = _signature(entry.get("signature", "(input)"), api, file)
    call = _signature(entry["call"], api, file) if "call" in entry else None
    first = (call or parameters or (("input", None),))[0][0]
    cases = entry.get("cases") or [entry]
    loss = entry.get("loss")
    return Row(
        api,
        parameters,
        call,
        entry.get("subject", first),
        tuple(_case(case, api, file) for case in cases),
        entry.get("stub"),
        entry.get("intrinsic"),
        (loss[0], loss[1]) if loss else None,
        entry.get("example"),
        entry.get("acts_as"),
        entry.get("needs"),
        entry.get("untested"),
        tuple(entry.get("judged", ())),
    )


def _case(entry: Any, api: str, file: Path) -> Case:
    if not isinstance(entry, dict):
        raise RowError(f"{file}: {api}: a case must be a mapping")
    transfer = entry.get("transfer", ())
    steps = transfer if isinstance(transfer, list) else ((transfer,) if transfer else ())
    for step in steps:
        if (step if isinstance(step, str) else next(iter(step), "")) not in TRANSFERS:
            raise RowError(f"{file}: {api}: unknown transfer {step!r}")
    then = tuple(entry.get("then", ()))
    return Case(entry.get("when", {}), tuple(steps), entry.get("gives"), entry.get("sink"), then, entry.get("versions"))


# fmt: off
TRANSFERS = frozenset([
    "keep", "axes", "contract", "copy", "like", "affine", "normalize",
    "denormalize", "clamp", "bounded", "cast", "to", "stretch", "rescale", "round",
    "opaque", "join", "binary", "feature", "statistic", "unknown", "coefficient", "pass", "begin", "convert", "blank",
    "blend", "number", "within", "overshoot", "fill",
])
# fmt: on


def _signature(text: Any, api: str, file: Path) -> tuple[tuple[str, str | None], ...]:
    """``(input, min=None)`` as names and default texts."""
    if not isinstance(text, str) or not text.startswith("("):
        raise RowError(f"{file}: {api}: signature must look like '(input, min=None)'")
    parts = [part.strip() for part in _split(text.strip()[1:-1])]
    named = (part.partition("=") for part in parts if part)
    return tuple((name.strip(), default.strip() if mark else None) for name, mark, default in named)


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def _strings(value: Any, key: str, file: Path) -> list[str]:
    if not all(isinstance(v, str) for v in value):
        raise RowError(f"{file}: {key}: a list of names is expected")
    return list(value)
