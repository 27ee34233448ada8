"""Which releases of a library a project runs with, as its requirements, metadata and lock files say it.

Everything is read as text or data, nothing is run. A lock names the release; otherwise the files that mention a library
hold together. What a project does not mention is taken to be current, what it mentions without a version may be any."""

from __future__ import annotations

import configparser
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from difflint.facts.releases import ALL, CURRENT, Releases, gathered, normal, releases, requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Said = dict[str, Releases]
LARGEST = 5 * 1024 * 1024


class Versions:
    """The releases that the projects of one run allow, read when first asked for."""

    def __init__(self, consulted: set[str]) -> None:
        self._consulted = consulted
        self._said: dict[Path, Said] = {}

    def satisfy(self, root: Path, wanted: Mapping[str, str]) -> bool | None:
        """Whether a project's releases are all among those of ``{library: ">=0.29"}``; None where only some are.

        ``stated >=0.29`` holds only where the project itself says so."""
        answers = [self._one(root, library, text) for library, text in wanted.items()]
        return False if False in answers else (None if None in answers else True)

    def _one(self, root: Path, library: str, text: str) -> bool | None:
        found = self.of(root, library)
        _, stated, range_ = text.rpartition("stated ")
        return False if stated and found == CURRENT else found.lie_in(releases(range_))

    def of(self, root: Path, library: str) -> Releases:
        """The releases of a library that the project at ``root`` may run with."""
        if root not in self._said:
            self._said[root] = read(root, self._consulted)
        return self._said[root].get(normal(library), CURRENT)


def read(root: Path, consulted: set[str]) -> Said:
    """Every library that the files in ``root`` name; each file that was or would have been read is noted."""
    locks = [_of_file(root / name, reader, consulted) for name, reader in LOCKS.items()]
    named = [_of_file(file, reader, consulted) for name, reader in FILES.items() for file in _files(root, name)]
    return {**_together(named), **_together(locks)}


def _files(root: Path, name: str) -> list[Path]:
    """The file of that name, and for ``requirements.txt`` all that are called like it."""
    stem, _, ending = name.rpartition(".")
    try:
        alike = sorted(root.glob(f"{stem}*.{ending}")) if name in PATTERNS else []
    except OSError:
        alike = []
    return alike if root / name in alike else [root / name, *alike]


def _together(every: Iterable[Said]) -> Said:
    """What all files say of each library."""
    names = {name for said in every for name in said}
    return {name: reduce(Releases.both, [said[name] for said in every if name in said]) for name in names}


def _of_file(file: Path, reader: Callable[[str], Iterator[Any]], consulted: set[str]) -> Said:
    consulted.add(str(file))
    try:
        if file.stat().st_size > LARGEST:
            return {}
        return gathered(reader(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, *BROKEN):
        return {}  # a file that its own tools could not read either decides nothing


BROKEN = (yaml.YAMLError, configparser.Error)
Found = Iterator["tuple[str, Releases] | None"]


def _lines(text: str) -> Found:
    joined = re.sub(r"\\\n", " ", text)
    yield from (requirement(line) for line in joined.splitlines())


def _pyproject(text: str) -> Found:
    content = tomllib.loads(text)
    project, tool = content.get("project", {}), content.get("tool", {})
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    lists += content.get("dependency-groups", {}).values()
    yield from (requirement(line) for lines in lists for line in lines if isinstance(line, str))
    poetry = tool.get("poetry", {})
    groups = [poetry, *poetry.get("group", {}).values()]
    for table in [group.get(kind, {}) for group in groups for kind in ("dependencies", "dev-dependencies")]:
        yield from _table(table)


def _table(table: Mapping[str, Any]) -> Found:
    """``name = "^1.2"`` or ``name = {version = "^1.2"}``."""
    for name, given in table.items():
        version = given.get("version", "") if isinstance(given, dict) else given
        yield normal(name), releases(version) if isinstance(version, str) else ALL


def _pipfile(text: str) -> Found:
    content = tomllib.loads(text)
    yield from _table({**content.get("dev-packages", {}), **content.get("packages", {})})


def _setup_cfg(text: str) -> Found:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    lists = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        lists += [value for _, value in parser.items("options.extras_require")]
    yield from (requirement(line) for lines in lists for line in lines.splitlines())


REQUIRES = re.compile(r"install_requires\s*=\s*\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]")
LITERAL = re.compile(r"""(["'])([A-Za-z0-9][^"'\n]*)\1""")


def _setup_py(text: str) -> Found:
    """Strings that name a version anywhere, and the bare names in ``install_requires=[...]``."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    listed = " ".join(REQUIRES.findall(code))
    bare = [text for _, text in LITERAL.findall(listed)]
    bound = [text for _, text in LITERAL.findall(code) if re.match(r"[\w.\-\[\]]+\s*[<>=!~]=?\s*\d", text)]
    yield from (requirement(line) for line in dict.fromkeys([*bare, *bound]))


def _environment(text: str) -> Found:
    """conda's ``environment.yml``: ``channel::name=1.2=build``, and pip's lines below."""
    for entry in _yaml(text).get("dependencies") or ():
        lines = entry.get("pip") or () if isinstance(entry, dict) else ()
        yield from (requirement(line) for line in lines)
        if isinstance(entry, str):
            parts = entry.rpartition("::")[2].split("=") if "==" not in entry and ">" not in entry else [entry]
            exact = len(parts) >= 2 and not re.search(r"[<>!~*]", entry)
            yield requirement(f"{parts[0]}={parts[1]}" if exact else entry.rpartition("::")[2])


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}


def _toml_lock(text: str) -> Found:
    yield from (_exactly(entry["name"], entry["version"]) for entry in tomllib.loads(text).get("package", ()))


def _conda_lock(text: str) -> Found:
    yield from (_exactly(entry["name"], entry["version"]) for entry in _yaml(text).get("package", ()))


def _pipfile_lock(text: str) -> Found:
    content = json.loads(text)
    yield from _table({**content.get("develop", {}), **content.get("default", {})})


def _exactly(name: str, version: str) -> tuple[str, Releases]:
    return normal(name), releases(f"=={version}")


FILES: dict[str, Callable[[str], Found]] = {
    "requirements.txt": _lines,
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "environment.yml": _environment,
    "environment.yaml": _environment,
    "Pipfile": _pipfile,
}
PATTERNS = ("requirements.txt", "environment.yml", "environment.yaml")
LOCKS: dict[str, Callable[[str], Found]] = {
    "poetry.lock": _toml_lock,
    "uv.lock": _toml_lock,
    "Pipfile.lock": _pipfile_lock,
    "conda-lock.yml": _conda_lock,
}
