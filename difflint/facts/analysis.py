"""The analysis of a set of files: interpret every module, then every entry point, then whatever nobody called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import libcst as cst

from difflint.facts import calls
from difflint.facts.events import Observations
from difflint.facts.expressions import EVALUATORS
from difflint.facts.library import Library
from difflint.facts.machine import Arguments, Machine
from difflint.facts.project import Module, Project
from difflint.facts.scope import Frame
from difflint.facts.statements import EXECUTORS
from difflint.facts.steps import Site
from difflint.facts.values import Class
from difflint.files import SourceFile


@dataclass(frozen=True)
class Failure:
    """A file whose analysis could not be finished, and why in one line."""

    path: str
    message: str


@dataclass(frozen=True)
class Analysis:
    """Everything observed, the modules it was observed in, and what went wrong."""

    seen: Observations
    project: Project
    failures: tuple[Failure, ...]
    unknown_calls: tuple[tuple[str, int], ...] = ()


def interpret(
    sources: Sequence[SourceFile], knowledge: Library, read: Callable[[Path], tuple[str, str] | None]
) -> Analysis:
    """Interpret the given files as one project."""
    project = Project(read)
    modules = [project.add(s.path, s.text, s.location, s.project) for s in sources]
    failures: list[Failure] = []
    running = Machine(project, knowledge, EVALUATORS, EXECUTORS, calls.call, _importer(failures))
    for module in modules:
        running.importer(running, module)
    _run_entries(running)
    _run_uncalled(running)
    return Analysis(running.seen, project, tuple(failures), tuple(running.unknown_calls.most_common()))


def _importer(failures: list[Failure]) -> Callable[[Machine, Module], None]:
    def interpret_module(running: Machine, module: Module) -> None:
        """Run a module's body once; a cyclic import sees what is there so far."""
        if module.state != "new":
            return
        module.state = "running"
        try:
            tree = module.tree
        except cst.ParserSyntaxError as error:
            failures.append(
                Failure(module.path, f"syntax error in line {error.raw_line}: {error.message.splitlines()[0]}")
            )
            module.state = "done"
            return
        steps, running.steps = running.steps, 0
        running.execute(Frame(module.scope, module.path), tree.body)
        running.steps = steps
        module.state = "done"

    return interpret_module


def _run_entries(running: Machine) -> None:
    """The ``if __name__ == "__main__"`` blocks."""
    for module, node in running.entries:
        running.steps = 0
        running.execute(Frame(module.scope, module.path), [node.body])


def _run_uncalled(running: Machine) -> None:
    """Functions and methods that no entry point reached, with unknown arguments and their defaults."""
    for cls in running.classes:
        calls.typical_object(running, Frame(cls.module.scope, cls.module.path), cls)
    for function in list(running.defined):
        if id(function.node) in running.visited or function.module.stub:
            continue
        running.steps = 0
        frame = Frame(function.module.scope, function.module.path)
        if isinstance(function.owner, Class) and "staticmethod" not in function.decorators:
            function = replace(function, bound=calls.typical_object(running, frame, function.owner))
        running.call(frame, function, Arguments(), Site(function.module.path, function.node))


__all__ = ["Analysis", "Failure", "interpret"]
