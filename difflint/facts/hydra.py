"""Hydra's composition: a primary configuration and the groups that its defaults list names."""

from __future__ import annotations

from pathlib import Path

from difflint.facts import configs
from difflint.facts.project import Module, Project
from difflint.facts.values import ANY, Const, Items, Record, Value, constant

DEEPEST = 6
SELF = Const("_self_")


def compose(project: Project, module: Module, folder: Value | None, name: Value | None) -> Value:
    """What ``@hydra.main(config_path=folder, config_name=name)`` gives its function; unknown without such a file."""
    path, stem = constant(folder), constant(name)
    if not isinstance(stem, str) or not isinstance(path, str):
        return ANY
    base = module.location.parent / path
    if not base.resolve().is_relative_to(module.root.resolve()):
        return ANY
    found = _Composition(project, base).file(stem)
    return configs.resolved(found)


class _Composition:
    def __init__(self, project: Project, base: Path) -> None:
        self.project = project
        self.base = base

    def file(self, name: str, depth: int = 0) -> Value:
        """One file with all that its defaults list adds, under the keys where they belong."""
        place = self.base / (name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
        own = configs.read(self.project, place, "omegaconf")
        if not isinstance(own, Record) or depth > DEEPEST:
            return ANY
        defaults = own.get("defaults")
        own = Record(tuple(entry for entry in own.entries if entry[0] != "defaults"), own.rest)
        group = name.rpartition("/")[0]
        return self._with(own, defaults, group, depth) if isinstance(defaults, Items) else own

    def _with(self, own: Record, defaults: Items, group: str, depth: int) -> Value:
        """The defaults in their order; the file itself where ``_self_`` stands, else last (or, before 1.1, first)."""
        if SELF in defaults.items:
            return self._in_order(own, defaults.items, group, depth)
        orders = ((*defaults.items, SELF), (SELF, *defaults.items))
        return configs.merged_alternatives([self._in_order(own, order, group, depth) for order in orders])

    def _in_order(self, own: Record, order: tuple[Value, ...], group: str, depth: int) -> Value:
        result: Value = Record()
        for item in order:
            part = own if item == SELF else self._entry(item, group, depth)
            result = Record(rest=ANY) if part == ANY else configs.updated(result, part)
        return result

    def _entry(self, item: Value, group: str, depth: int) -> Value:
        """One line of the defaults list: ``name``, ``group: name``, ``/group@package: name``."""
        if isinstance(item, Record) and len(item.entries) == 1:
            (key, chosen), *_ = item.entries
            return self._group(str(key), chosen, group, depth)
        name = constant(item)
        if not isinstance(name, str) or "@" in name:
            return ANY
        return self.file(name.lstrip("/") if name.startswith("/") else _below(group, name), depth + 1)

    def _group(self, key: str, chosen: Value, group: str, depth: int) -> Value:
        words = key.split()
        if "override" in words:
            return Record() if words[-1].startswith("hydra/") else ANY
        target, _, package = words[-1].partition("@")
        path = target.lstrip("/") if target.startswith("/") else _below(group, target)
        option = constant(chosen)
        if chosen == Const(None) or (isinstance(option, str) and path.startswith("hydra/")):
            return Record()
        if not isinstance(option, str):
            return _nested(path, ANY)
        header = _package(self.base / path / f"{option.removesuffix('.yaml')}.yaml")
        where = header or package or target.replace("/", ".")
        if group and (header or package or target.startswith("/")):
            return ANY  # it belongs somewhere else than below the file that names it
        found = self.file(f"{path}/{option}", depth + 1)
        if found == ANY and "optional" in words:
            return Record()
        return found if where == "_global_" else _nested(where.strip(".").replace(".", "/"), found)


def _below(group: str, name: str) -> str:
    return f"{group}/{name}" if group else name


def _nested(path: str, value: Value) -> Value:
    for key in reversed(path.split("/")):
        value = Record(((key, value),))
    return value


def _package(place: Path) -> str | None:
    """The package that the first lines of a group's file ask for: ``# @package _global_``."""
    try:
        head = place.read_text(encoding="utf-8")[:500]
    except (OSError, UnicodeDecodeError):
        return None
    for line in head.splitlines():
        if line.startswith("# @package"):
            return line.removeprefix("# @package").strip()
    return None
