"""The analysis of a set of files: interpret every module, then every entry point, then whatever nobody called."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import libcst as cst

from difflint.facts import calls
from difflint.facts.events import Observations
from difflint.facts.expressions import EVALUATORS
from difflint.facts.library import Library
from difflint.facts.machine import SMALL_BUDGET, Arguments, Machine
from difflint.facts.memory import Memory
from difflint.facts.project import MAX_IMPORTED, Module, Project
from difflint.facts.scope import Frame, Scope
from difflint.facts.statements import EXECUTORS
from difflint.facts.steps import Site
from difflint.facts.values import Class, Function, Value
from difflint.files import SourceFile, syntax_error
from difflint.syntax.nodes import with_placed
from difflint.syntax.outline import Chunk, ClassDefinition, Definition

log = logging.getLogger(__name__)
INTERNAL = "internal error in"
OWN = 1_000_000_000  # what is born before this belongs to files that are imported
RECURSION = 5000  # Python's own limit of 1000 is less than 40 calls of the user's code need here, or a sum over a page


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
    unknown_calls: tuple[tuple[str, Site], ...] = ()
    trespassed: bool = False  # whether something that other files import has been changed for good


def interpret(
    sources: Sequence[SourceFile], knowledge: Library, read: Callable[[Path], tuple[str, str] | None]
) -> Analysis:
    """Interpret the given files as one project, every function in them."""
    failures: list[Failure] = []
    running = shared_machine(knowledge, Project(read, limit=MAX_IMPORTED), failures)
    modules = [running.project.add(s.path, s.text, s.location, s.project) for s in sources]
    _run_modules(running, modules, failures, lambda value: not value.module.stub)
    return Analysis(running.seen, running.project, tuple(failures), tuple(running.unknown_calls))


def interpret_alone(source: SourceFile, shared: Machine, lines: frozenset[int]) -> Analysis:
    """Interpret one file: its module, its entry point, and its definitions at these lines.

    What it imports is interpreted once for all files, by the machine ``shared``; `Analysis.trespassed` tells that this
    must not be used any more, since something in it has been changed."""
    project, module = shared.project.beside(source.path, source.text, source.location, source.project)
    failures: list[Failure] = []
    memory, module.scope.born = Memory(births=OWN + 1, base=OWN), OWN
    running = shared_machine(shared.knowledge, project, failures)
    own = running.importer

    def importer(running: Machine, other: Module) -> None:
        if other is module:
            own(running, other)
        else:
            shared.importer(shared, other)
            shared.default_dtype, shared.switched = "float32", False
            if other.changes_settings:
                running.default_dtype, running.grad, running.switched = None, None, True

    running.importer, running.memory, running.stubs = importer, memory, shared.stubs
    running.noting = False
    running.amp_functions, running.attributes_read = shared.amp_functions, shared.attributes_read
    _run_modules(running, [module], failures, lambda value: value.module is module and _is_at(value.node, lines))
    restored = [_restored(*trespass) for trespass in memory.trespasses]
    return Analysis(running.seen, project, tuple(failures), trespassed=not all(restored))


def _restored(space: object, name: str) -> bool:
    """Give a global name the value back that it had when its module was imported; False for anything else."""
    if not isinstance(space, Scope) or space is not space.module.scope:
        return False
    names: dict[str, Value] = space.module.imported
    if name in names:
        space.names[name] = names[name]
    else:
        space.names.pop(name, None)
    return True


def shared_machine(knowledge: Library, project: Project, failures: list[Failure]) -> Machine:
    """What interprets the files that others import; what goes wrong in them is added to ``failures``."""
    sys.setrecursionlimit(max(RECURSION, sys.getrecursionlimit()))
    evaluators, executors = with_placed(EVALUATORS), with_placed(EXECUTORS)
    return Machine(project, knowledge, evaluators, executors, calls.call, _importer(failures))


def _run_modules(
    running: Machine, modules: Sequence[Module], failures: list[Failure], chosen: Callable[[Function | Class], bool]
) -> None:
    for module in modules:
        running.importer(running, module)
    running.grad = None if running.switched else True
    _run_entries(running, failures, modules)
    _run_uncalled(running, failures, chosen)
    failures += [Failure(m.path, error) for m in modules if m.state == "done" and m.cut for error in m.outline.errors]


def _is_at(node: Any, lines: frozenset[int]) -> bool:
    """Whether a definition, or something in a class, starts at one of the lines; inner functions go with theirs."""
    if isinstance(node, ClassDefinition):
        return any(_is_at(part, lines) for part in node.parts)
    if isinstance(node, Definition):
        return node.line in lines
    return not isinstance(node, Chunk) or node.first in lines


def _importer(failures: list[Failure]) -> Callable[[Machine, Module], None]:
    def interpret_module(running: Machine, module: Module) -> None:
        """Run a module's body once; a cyclic import sees what is there so far."""
        if module.state != "new":
            return
        module.state = "running"
        try:
            body = module.outline.statements
        except (cst.ParserSyntaxError, cst.CSTValidationError) as error:
            words = " ".join(str(getattr(error, "message", error)).split())
            failures.append(Failure(module.path, syntax_error(module.text) or f"syntax error: {words:.120}"))
            module.state = "done"
            return
        frame = Frame(module.scope, module.path)
        with running.apart():
            _guarded(running, failures, module.path, "the module body", lambda: running.execute(frame, body))
        module.state = "done"
        module.imported = dict(module.scope.names)

    return interpret_module


def _guarded(running: Machine, failures: list[Failure], path: str, what: str, work: Callable[[], object]) -> None:
    """The one place that catches broadly: a defect of the interpreter costs one piece of one file, not the run."""
    stack, amp, inside = len(running.stack), len(running.amp), len(running.inside)
    loops = len(running.loops)
    grad, part, steps, layered = running.grad, running.part, running.steps, running.layered
    running.steps = running.layered = 0
    running.modes = frozenset()  # what another entry point did to a network does not hold in this one
    try:
        work()
    except RecursionError:
        failures.append(Failure(path, f"{what} is nested too deeply to be analysed"))
        del running.stack[stack:], running.amp[amp:], running.inside[inside:], running.loops[loops:]
        running.grad, running.part = grad, part
    except Exception as error:
        log.debug("%s: %s failed", path, what, exc_info=True)
        if not any(f.path == path and f.message.startswith(INTERNAL) for f in failures):
            failures.append(Failure(path, f"{INTERNAL} {what}, please report it: {error!r:.200}"))
        del running.stack[stack:], running.amp[amp:], running.inside[inside:], running.loops[loops:]
        running.grad, running.part = grad, part
    running.steps, running.layered = steps, layered
    running.grad = None if running.switched else grad


def _run_entries(running: Machine, failures: list[Failure], modules: Sequence[Module]) -> None:
    """The ``if __name__ == "__main__"`` blocks."""
    for module, node in (entry for entry in running.entries if entry[0] in modules):
        running.era += 1
        frame = Frame(module.scope, module.path)
        _guarded(running, failures, module.path, "the entry point", partial(running.execute, frame, [node.body]))


def _run_uncalled(running: Machine, failures: list[Failure], chosen: Callable[[Function | Class], bool]) -> None:
    """Functions and methods that no entry point reached, with unknown arguments and their defaults."""
    running.grad = None  # nobody knows who calls them
    classes = [cls for cls in running.classes if chosen(cls)]
    running.budget = SMALL_BUDGET
    for cls in classes:
        running.era += 1
        frame = Frame(cls.module.scope, cls.module.path)
        make = partial(calls.typical_object, running, frame, cls)
        _guarded(running, failures, cls.module.path, f"class {cls.name}", make)
    for cls in classes:
        _guarded(running, failures, cls.module.path, f"the training of {cls.name}", partial(_fit, running, cls))
    for function in list(running.defined):
        running.era += 1
        if id(function.node) not in running.visited and chosen(function):
            name = function.node.name.value
            _guarded(running, failures, function.module.path, f"function {name}", partial(_run, running, function))


def _fit(running: Machine, cls: Class) -> None:
    """What Lightning does with a module that brings its own loaders: batches go to its training step."""
    fit = cls.find("_fit")
    if isinstance(fit, Function) and fit.module.stub and cls.find("train_dataloader") is not None:
        frame = Frame(cls.module.scope, cls.module.path)
        made = calls.typical_object(running, frame, cls)
        running.call(frame, replace(fit, bound=made), Arguments(), Site(cls.module.path, cls.node))


def _run(running: Machine, function: Function) -> None:
    frame = Frame(function.module.scope, function.module.path)
    if isinstance(function.owner, Class) and "staticmethod" not in function.decorators:
        function = replace(function, bound=calls.typical_object(running, frame, function.owner))
    running.call(frame, function, Arguments(), Site(function.module.path, function.node))


__all__ = ["Analysis", "Failure", "interpret", "interpret_alone", "shared_machine"]
