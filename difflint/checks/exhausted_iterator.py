"""DFL809: an iterator that gives its items once is gone through twice; the second time there is nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.edits import wrap
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.model import value_set

ONCE = ("filter", "map", "zip", "reversed")
OF_MODULES = ("parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children")
WHOLE = (  # calls that go through all of an argument
    *("list", "tuple", "set", "sum", "any", "all", "max", "min", "sorted", "dict", "len"),
    *("clip_grad_norm_", "clip_grad_value_", "clip_grad_norm", "zip", "enumerate", "cat", "stack", "copy_params"),
    *("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "AdamW8bit", "Lion", "Adafactor", "Adam8bit", "RAdam", "NAdam"),
)


def check_file(file: File) -> Iterator[Problem]:
    for function in file.all_functions:
        for event in function.assigned:
            if (
                event.kind == "assign"
                and "." not in event.target
                and "[" not in event.target
                and is_iterator(event.term)
            ):
                yield from _twice(file, function, event)
    for owner in [*file.classes.values()]:
        for name, set_at in owner.attributes.items():
            if len(set_at) == 1 and is_iterator(value_set(set_at[0][1])):
                yield from _attribute_twice(file, [*owner.methods.values()], name, set_at[0][1])


def is_iterator(term: Term) -> bool:
    """Whether it gives its items once only."""
    if term.op == "comp":
        return bool(term.value == "GeneratorExp")
    if term.op != "call":
        return False
    builtin = term.args[0].op == "name" and term.called in ONCE
    return builtin or (term.args[0].op == "attr" and term.called in OF_MODULES and not term.positional)


def _twice(file: File, function: Function, made: Event) -> Iterator[Problem]:
    later = [e for e in function.assigned if e.target == made.target and e.order > made.order]
    end = later[0].order if later else len(function.events)
    uses = [(e, node) for e in function.events if made.order < e.order < end for node in _consumed(e, made.target)]
    yield from _problem(file, made, made.target, [(e, n) for e, n in uses if not _elsewhere(e, made)], made)


def _elsewhere(event: Event, made: Event) -> bool:
    """Whether the use stands in another branch than the iterator itself."""
    return any(c not in event.context for c in made.branches)


def _attribute_twice(file: File, methods: list[Function], name: str, made: Event) -> Iterator[Problem]:
    uses = [(e, node) for method in methods for e in method.events for node in _consumed(e, f"self.{name}")]
    if len({id(node) for _, node in uses}) > 1:
        yield from _problem(file, made, f"self.{name}", uses, None)


def _consumed(event: Event, name: str) -> Iterator[ast.AST]:
    """Where an event goes through all items of a name."""
    if event.kind == "for":
        source = _source(event)
        if source is None:
            return
        if ast.unparse(source) == name:
            yield source
        elif isinstance(source, ast.Call) and _is_whole(source):
            yield from (a for a in source.args if ast.unparse(a) == name)
    elif event.kind == "call" and isinstance(event.node, ast.Call) and _is_whole(event.node):
        inside_for = any(isinstance(c.node, ast.For) and c.node.iter is event.node for c in event.context)
        if not inside_for and event.term.called not in ("zip", "enumerate"):
            given = (*event.node.args, *(k.value for k in event.node.keywords))
            yield from (a for a in given if isinstance(a, ast.Name | ast.Attribute) and ast.unparse(a) == name)


def _source(event: Event) -> ast.expr | None:
    """What a loop or a comprehension goes through."""
    if isinstance(event.node, ast.For):
        return event.node.iter
    made = next((c.node for c in reversed(event.context) if c.kind == "comp"), None)
    return next((part.iter for part in getattr(made, "generators", ()) if part.target is event.node), None)


def _is_whole(call: ast.Call) -> bool:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return called in WHOLE


def _problem(
    file: File, made: Event, name: str, uses: list[tuple[Event, ast.AST]], of: Event | None
) -> Iterator[Problem]:
    """The second use, or the one use in a loop that the iterator is made outside of."""
    places = list({id(node): (event, node) for event, node in uses}.values())
    apart = [use for use in places[1:] if not _alternative(places[0][0], use[0])]
    looped = [use for use in places[:1] if of is not None and _rounds(use, of)]
    for event, node in (looped or apart)[:1]:
        value = made.term if made.kind != "call" else value_set(made)
        what = "in every round of the loop" if looped else "again"
        fix = Fix(
            "safe" if not looped else "unsafe", "Keep the items in a list.", (wrap(file.place(value), "list({})"),)
        )
        yield Problem(
            file.place(node),
            {"name": name, "what": what, "made": file.code(value)},
            (
                file.step(made, f"{name} gives its items once: {file.code(value)}"),
                *(() if looped else (file.step(places[0][1], "here it is used up"),)),
                file.step(node, f"here it is gone through {what}, and is empty"),
            ),
            f"{name} = list({file.code(value)})",
            fix=fix,
        )
        del event


def _alternative(first: Event, second: Event) -> bool:
    """Whether only one of the two happens: in two branches of one if, or the first leaves."""
    mine = {(id(c.node), c.kind) for c in first.branches}
    other = {(id(c.node), c.kind) for c in second.branches}
    opposite = any((node, "else" if kind == "if" else "if") in other for node, kind in mine)
    return opposite or bool(mine - other)


def _rounds(use: tuple[Event, ast.AST], made: Event) -> bool:
    """Whether the use is in a loop that the iterator is made before."""
    event, node = use
    loops = [c for c in event.loops if c not in made.loops]
    if event.kind == "for":
        loops = [
            c
            for c in loops
            if not (isinstance(c.node, ast.For) and (c.node.iter is node or node in ast.walk(c.node.iter)))
        ]
    return bool(loops)
