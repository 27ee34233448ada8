"""Finds and validates the configuration: paths and command-line choices in, frozen `Settings` out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from difflint.discovery import DEFAULT_EXCLUDE, is_pattern
from difflint.errors import ConfigError
from difflint.files import absolute
from difflint.rules import Rule, check_codes, matches

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Settings:
    """What is linted and which rules run; patterns are relative to ``root``, the configuration file's folder."""

    root: Path = field(default_factory=Path.cwd)
    select: tuple[str, ...] = ()  # empty: every stable rule
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    preview: bool = False
    origin: str = "command line"

    @property
    def excludes(self) -> tuple[str, ...]:
        """All patterns of files that discovery leaves out."""
        return (*self.exclude, *self.extend_exclude)

    def active(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """The rules that run: those selected, less those ignored; preview rules need --preview or their full code."""
        return tuple(rule for rule in rules if self._selects(rule) and not _any_match(self.ignore, rule))

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """The codes that per-file-ignores switches off for the file shown as ``path``."""
        if not self.per_file_ignores:
            return ()
        from pathspec import GitIgnoreSpec

        location = absolute(path)
        name = location.relative_to(self.root) if location.is_relative_to(self.root) else location
        patterns = self.per_file_ignores.items()
        specs = ((GitIgnoreSpec.from_lines([pattern]), codes) for pattern, codes in patterns)
        return tuple(code for spec, codes in specs if spec.match_file(name) for code in codes)

    def runs(self, rule_id: str, path: str) -> bool:
        """Whether findings of an active rule are reported in this file."""
        return not any(matches(code, rule_id) for code in self.ignored_in(path))

    def _selects(self, rule: Rule) -> bool:
        asked = (*self.select, *self.extend_select)
        if rule.preview and not self.preview:
            return rule.id in asked
        return not self.select or _any_match(asked, rule)


def load_settings(paths: Sequence[str], rules: Sequence[Rule], choices: Mapping[str, Any]) -> Settings:
    """The settings for ``paths``: the nearest configuration file, overridden by the ``choices`` that are given."""
    settings = _read_nearest(_common_folder(paths))
    for key in ("select", "extend_select", "ignore"):
        check_codes(getattr(settings, key), rules, f"{settings.origin}: {key.replace('_', '-')}")
        check_codes(choices.get(key) or (), rules, f"--{key.replace('_', '-')}")
    for codes in settings.per_file_ignores.values():
        check_codes(codes, rules, f"{settings.origin}: per-file-ignores")
    return replace(settings, **{key: value for key, value in choices.items() if value})


def _any_match(codes: Iterable[str], rule: Rule) -> bool:
    return any(matches(code, rule.id) for code in codes)


def _common_folder(paths: Sequence[str]) -> Path:
    places = [str(absolute(path)) for path in paths] or [str(Path.cwd())]
    try:
        common = Path(os.path.commonpath(places))
    except ValueError:  # paths on different Windows drives
        return Path.cwd()
    return common if common.is_dir() else common.parent


def _read_nearest(start: Path) -> Settings:
    for folder in (start, *start.parents):
        for file in (folder / ".difflint.toml", folder / "pyproject.toml"):
            table = _table(file) if file.is_file() else None
            if table is not None:
                return _settings(table, file)
    return Settings()


def _table(file: Path) -> Any:
    """difflint's own table of ``file``, or None when the file does not speak of difflint."""
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error
    if file.name == ".difflint.toml":
        return content
    tools = content.get("tool", {})
    return tools.get("difflint") if isinstance(tools, dict) else None


def _settings(table: Any, file: Path) -> Settings:
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: [tool.difflint] must be a table")
    values = {key.replace("-", "_"): _value(key, value, file) for key, value in table.items()}
    return Settings(root=file.parent, origin=str(file), **values)


def _value(key: str, value: Any, file: Path) -> Any:
    if key not in _READERS:
        close = get_close_matches(key, _READERS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(_READERS)}"
        raise ConfigError(f"{file}: unknown key {key!r} in [tool.difflint]; {hint}")
    try:
        return _READERS[key](value)
    except TypeError as error:
        raise ConfigError(f"{file}: key {key!r} must be {error}") from error


def _patterns(value: Any) -> tuple[str, ...]:
    patterns = _strings(value)
    broken = [pattern for pattern in patterns if not is_pattern(pattern)]
    if broken:
        raise TypeError(f"a list of patterns as in .gitignore; {broken[0]!r} is not one")
    return patterns


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("a list of strings")
    return tuple(value)


def _string_lists(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not all(isinstance(item, list) for item in value.values()):
        raise TypeError("a table from file patterns to lists of codes")
    _patterns(list(value))
    return {pattern: _strings(codes) for pattern, codes in value.items()}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


_READERS: Mapping[str, Any] = {
    "select": _strings,
    "extend-select": _strings,
    "ignore": _strings,
    "exclude": _patterns,
    "extend-exclude": _patterns,
    "per-file-ignores": _string_lists,
    "preview": _flag,
}
