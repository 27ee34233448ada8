"""DFL802: a name is read that nothing in the file gives a value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import ClassInfo, File, Function
from difflint.relations.names import Space

FRAGMENT = 6  # a file with more undefined names than this is a piece that something else completes
CLOSE = 0.84
NOTEBOOK = ".ipynb"  # its state may be older than its cells


def check_file(file: File) -> Iterator[Problem]:
    found: dict[tuple[str, object], tuple[ast.Name, Space]] = {}
    for read, space in file.names.undefined():
        found.setdefault((read.id, space.function()), (read, space))
    whole = len({name for name, _ in found}) <= FRAGMENT and not file.path.endswith(NOTEBOOK)
    for read, space in found.values() if whole else ():
        yield _undefined(file, read, space)
    for owner in [*file.classes.values()] if whole else ():
        yield from _forgotten_attributes(file, owner)


def _undefined(file: File, read: ast.Name, space: Space) -> Problem:
    meant = _meant(file, read, space)
    function = space.function()
    trace = [file.step(read, f"{read.id} is read, and nothing gives it a value")]
    if function is not None and hasattr(function, "name"):
        trace.insert(0, file.step(function, f"{function.name} has no {read.id}, nor has the file"))
    repair = f"Write {meant}." if meant else f"Give {read.id} a value before, or take it as a parameter."
    place = file.place(read)
    fix = Fix("unsafe", f"Write {meant} instead of {read.id}.", (replace(place, meant),)) if meant else None
    return Problem(
        place, {"name": read.id, "meant": f" (is {meant} meant?)" if meant else ""}, tuple(trace), repair, fix=fix
    )


def _meant(file: File, read: ast.Name, space: Space) -> str:
    """What the writer most likely had in mind: the attribute of that name, or a name that is almost the same."""
    function = space.function()
    for owner in file.classes.values():
        method = next((m for m in owner.methods.values() if m.node is function), None)
        kept = any(a.value is read for a in file.nodes(ast.Assign))  # self.x = x
        if method is not None and read.id in owner.attributes and method.node.args.args and not kept:
            return f"{method.node.args.args[0].arg}.{read.id}"
    close = get_close_matches(read.id, sorted(space.visible()), 1, CLOSE)
    return close[0] if close and len(read.id) > 2 else ""


def _forgotten_attributes(file: File, owner: ClassInfo) -> Iterator[Problem]:
    """`__init__` takes ``theta`` and does not keep it, and another method reads ``self.theta``."""
    begin = owner.methods.get("__init__")
    if begin is None or any(a.attr in ("save_hyperparameters", "__dict__") for a in file.nodes(ast.Attribute)):
        return
    unread = {d.name: d.node for d in begin.definitions if d.kind == "param" and not d.used}
    wanted = [name for name in begin.params if name in unread and not _is_set(file, name)]
    for name in wanted:
        read = _read_of(owner, name)
        if read is not None:
            yield _forgotten(file, begin, name, read)


def _is_set(file: File, name: str) -> bool:
    """Whether anything in the file sets such an attribute or is a member of that name."""
    members = any(name in owner.members for owner in file.classes.values())
    written = any(a.attr == name and not isinstance(a.ctx, ast.Load) for a in file.nodes(ast.Attribute))
    return members or written or any(name in owner.attributes for owner in file.classes.values())


def _read_of(owner: ClassInfo, name: str) -> ast.Attribute | None:
    for method in owner.methods.values():
        me = method.node.args.args[0].arg if method.node.args.args else ""
        for part in ast.walk(method.node):
            if isinstance(part, ast.Attribute) and part.attr == name and getattr(part.value, "id", None) == me:
                return part
    return None


def _forgotten(file: File, begin: Function, name: str, read: ast.Attribute) -> Problem:
    return Problem(
        file.place(read),
        {"name": file.code(read), "meant": f": __init__ takes {name} and does not keep it"},
        (
            file.step(begin.node, f"__init__ takes {name} and never reads it"),
            file.step(read, f"{file.code(read)} is read, and nothing sets it"),
        ),
        f"Keep it in __init__: self.{name} = {name}",
    )
