"""Configuration files of the project: where a path leads, and YAML, JSON and TOML as values.

Nothing here executes what it reads; what is broken, too large or tagged with a class is unknown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from difflint.facts.project import Module, Project
from difflint.facts.values import (
    ANY,
    MAX_CHOICES,
    Choice,
    Const,
    Elements,
    Items,
    LibraryObject,
    Record,
    Unknown,
    Value,
    choices,
    constant,
    is_ordinary,
    join,
)

LARGEST = 250_000  # bytes; larger files are data
MOST_ENTRIES = 20_000
MOST_FILES = 32  # that one path with unknown parts may lead to
DEEPEST = 30
LONGEST = 200  # items of a list that are told apart
FOLDERS = ("config", "configs", "conf", "cfg", "cfgs", "options", "experiments")
FLOAT = re.compile(r"[-+]?(?:\d[\d_]*)(?:\.\d*)?[eE][-+]?\d+$|[-+]?\.\d+(?:[eE][-+]?\d+)?$")


class Broken(Exception):
    """A file that says nothing."""


class Pattern(Unknown):
    """A text some parts of which are unknown, written ``*``: ``configs/*.yaml``."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__("string")
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def pattern(parts: Iterable[Value], between: str = "") -> Value:
    """Texts put together; unknown parts may be anything."""
    texts = [p.text if isinstance(p, Pattern) else constant(p) for p in parts]
    known = between.join("*" if text is None else str(text) for text in texts)
    if all(text is not None for text in texts):
        return Pattern(known) if any(isinstance(p, Pattern) for p in parts) else Const(known)
    return Pattern(known) if known.strip("*/") else Unknown("string")


def load(project: Project, module: Module, where: Value | None, kind: str) -> Value:
    """What is in the file (or the few files) that a path, an open file or its text leads to."""
    places = (
        dict.fromkeys(place for path in choices(where) for place in paths(project, module, path, kind)) if where else {}
    )
    return together([read(project, place, kind) for place in places])


def together(found: Sequence[Value]) -> Value:
    """One of several configurations: a few are kept apart, of more what they agree on is known."""
    distinct = list(dict.fromkeys(found))
    if not distinct or len(distinct) > MOST_FILES:
        return ANY
    return join(distinct) if len(distinct) <= MAX_CHOICES else merged_alternatives(distinct)


def merged_alternatives(found: Sequence[Value]) -> Value:
    """What is true of every one of many configurations; keys that only some have are unknown."""
    if not all(isinstance(v, Record) for v in found):
        return join(found)
    records = [v for v in found if isinstance(v, Record)]
    keys = [key for key, _ in records[0].entries if all(key in dict(r.entries) for r in records)]
    same = all(len(r.entries) == len(keys) for r in records)
    entries = tuple((key, merged_alternatives([dict(r.entries)[key] for r in records])) for key in keys)
    return Record(entries, None if same else ANY)


def paths(project: Project, module: Module, where: Value, kind: str) -> list[Path]:
    """The files that a path may mean, looked for beside the module and in every folder above it in the project."""
    if isinstance(where, LibraryObject):
        return paths(project, module, where.argument("file") or ANY, kind)
    text = where.text if isinstance(where, Pattern) else constant(where)
    if isinstance(text, str):
        return _found(project, module, text)
    whole = isinstance(where, Unknown) and kind == "omegaconf"
    return _usual(project, module) if whole else []


def _found(project: Project, module: Module, text: str) -> list[Path]:
    """The first folder upward in which the path leads somewhere."""
    for base in bases(module):
        target = Path(os.path.normpath(base / text))
        if not target.is_relative_to(module.root):
            continue
        found = _matching(project, target) if "*" in text else [target] * _is_file(project, target)
        if found:
            return found
    return []


def bases(module: Module) -> list[Path]:
    """The folder of a module and those above it, up to the project's root."""
    above = [module.location.parent]
    while above[-1] != module.root and above[-1] != above[-1].parent:
        above.append(above[-1].parent)
    return above


def _matching(project: Project, target: Path) -> list[Path]:
    """The files that fit a pattern in one folder; a file without ending is a configuration only with one."""
    folder, name = target.parent, target.name
    project.consulted.add(str(folder))
    if "*" in str(folder) or not folder.is_dir():
        return []
    wanted = re.compile(".*".join(map(re.escape, name.split("*"))))
    names = sorted(n for n in os.listdir(folder) if wanted.fullmatch(n) and n.endswith(ENDINGS))
    found = [folder / n for n in names]
    project.consulted.update(map(str, found))
    return found


ENDINGS = (".yaml", ".yml", ".json", ".toml")


def _is_file(project: Project, target: Path) -> bool:
    project.consulted.add(str(target))
    return target.is_file()


def _usual(project: Project, module: Module) -> list[Path]:
    """All configurations of the project, where a program takes any."""
    found: list[Path] = []
    for name in FOLDERS:
        found += _matching(project, module.root / name / "*.yaml") + _matching(project, module.root / name / "*.yml")
    return found


def read(project: Project, place: Path, kind: str) -> Value:
    """The content of one file as a value; anything but a file that can be read is unknown."""
    project.consulted.add(str(place))
    try:
        if not place.is_file() or place.stat().st_size > LARGEST:
            return ANY
        text = place.read_text(encoding="utf-8")
        return Reader().value(_parser(kind, place.suffix)(text))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, Broken):
        return ANY


class Reader:
    """Turns parsed data into values, as long as there is not too much of it (an alias in YAML repeats a whole tree)."""

    def __init__(self) -> None:
        self.entries = 0

    def value(self, data: Any, depth: int = 0) -> Value:
        self.entries += 1
        if self.entries > MOST_ENTRIES or depth > DEEPEST:
            raise Broken
        if isinstance(data, dict):
            return Record(tuple((key, self.value(item, depth + 1)) for key, item in data.items() if _is_key(key)))
        if isinstance(data, list):
            items = tuple(self.value(item, depth + 1) for item in data)
            return Items(items) if len(items) <= LONGEST else Elements(join(items))
        known = data is None or isinstance(data, bool | str) or is_ordinary(data)
        return Const(data) if known else Unknown("configured")


def _is_key(key: Any) -> bool:
    return isinstance(key, str | int | float | bool)


def _parser(kind: str, ending: str) -> Callable[[str], Any]:
    if kind == "any":
        kind = {".json": "json", ".toml": "toml"}.get(ending, "yaml")
    parsers: dict[str, Callable[[str], Any]] = {"json": json.loads, "toml": _toml, "omegaconf": _omegaconf}
    return parsers.get(kind, _yaml)


def _toml(text: str) -> Any:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib as toml
    else:
        import tomli as toml
    return toml.loads(text)


def _yaml(text: str) -> Any:
    return _load_yaml(text, "plain")


def _omegaconf(text: str) -> Any:
    """YAML as OmegaConf reads it: 1e-4 is a number."""
    return _load_yaml(text, "omegaconf")


def _load_yaml(text: str, flavour: str) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=_loader(flavour))
    except yaml.YAMLError as error:
        raise Broken from error


@cache
def _loader(flavour: str) -> Any:
    """A safe loader that takes what is tagged with a class for unknown."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        pass

    Loader.add_multi_constructor("", lambda loader, suffix, node: ...)
    if flavour == "omegaconf":
        Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789."))
    return Loader


def updated(base: Value, other: Value) -> Value:
    """``OmegaConf.merge``: dicts are merged key by key, anything else is replaced."""
    if isinstance(base, Choice) or isinstance(other, Choice):
        return join(updated(a, b) for a in choices(base) for b in choices(other))
    if not isinstance(base, Record) or not isinstance(other, Record):
        return other
    for key, value in other.entries:
        old = dict(base.entries).get(key)
        base = base.put(key, value if old is None else updated(old, value))
    return base if other.rest is None else Record(base.entries, other.rest)


REFERENCE = re.compile(r"\$\{([\w.\[\]]+)\}")


def resolved(root: Value, value: Value | None = None, depth: int = 0) -> Value:
    """A configuration with its references ``${a.b}`` replaced; what is computed or missing is unknown."""
    value = root if value is None else value
    if isinstance(value, Choice):
        return join(resolved(v) for v in value.values)
    if isinstance(value, Record):
        return Record(tuple((key, resolved(root, item, depth)) for key, item in value.entries), value.rest)
    if isinstance(value, Items):
        return Items(tuple(resolved(root, item, depth) for item in value.items), value.kind)
    text = constant(value)
    if text == "???":
        return Unknown("configured")
    return _interpolated(root, text, depth) if isinstance(text, str) and "${" in text else value


def _interpolated(root: Value, text: str, depth: int) -> Value:
    whole = REFERENCE.fullmatch(text)
    if depth > 4 or (whole is None and REFERENCE.sub("", text).count("${")):
        return Unknown("configured")
    if whole is not None:
        return resolved(root, at(root, whole[1]), depth + 1)
    parts = [
        Const(p) if i % 2 == 0 else resolved(root, at(root, p), depth + 1) for i, p in enumerate(REFERENCE.split(text))
    ]
    return pattern(parts)


def at(root: Value, path: str) -> Value:
    """``OmegaConf.select(root, "a.b")``."""
    for key in path.split("."):
        entry = dict(root.entries).get(key) if isinstance(root, Record) else None
        if entry is None:
            return Unknown("configured")
        root = entry
    return root
