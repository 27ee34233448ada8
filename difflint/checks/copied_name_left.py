"""DFL805: of statements that were written by copying, one still holds a name of the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function
from difflint.relations.terms import Term, holds, walk
from difflint.relations.twins import Assigned, Leaf, blocks, changed_words, pairs, replaced_words
from difflint.relations.words import words

OPPOSITE = (  # settings that come in twos
    *(("height", "width"), ("h", "w"), ("mean", "std"), ("min", "max"), ("low", "high"), ("lower", "upper")),
    *(("start", "end"), ("beta_start", "beta_end"), ("sigma_min", "sigma_max"), ("cond", "uncond"), ("real", "fake")),
)
KEYED = ("key", "name", "path", "prefix")
LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


def check_file(file: File) -> Iterator[Problem]:
    for function in file.all_functions:
        place = Place(file, function)
        found = [*_twins(place), *_twice(place), *_keywords(place), *_guards(place), *_states(place)]
        found += [*_selected(place), *_with_itself(place)]
        told = set[int]()
        for problem in found:
            if problem.place.line not in told:
                told.add(problem.place.line)
                yield problem


@dataclass(frozen=True, eq=False)
class Place:
    """A function with the names that are known and read in it."""

    file: File
    function: Function

    @cached_property
    def unread(self) -> set[str]:
        """Names whose value goes nowhere: nobody reads them, or only to ask for their type or to replace them."""
        kinds = ("param", "assign", "for", "with")
        made = {d.name for d in self.function.definitions if d.kind in kinds and not d.used}
        return {name for name in made if _goes_nowhere(self, name)}

    @cached_property
    def names(self) -> dict[tuple[str, ...], str]:
        """The local names and those of the file, by their words."""
        known = [*self.file.body.ends, *(d.name for d in self.function.definitions)]
        return {words(name): name for name in known}

    @cached_property
    def attributes(self) -> dict[tuple[str, ...], str]:
        """The attributes that the class sets and that nothing in the file reads, by their words."""
        owner = self.function.owner
        read = {a.attr for a in self.file.nodes(ast.Attribute) if isinstance(a.ctx, ast.Load)}
        return {words(n): n for n in owner.attributes if n not in read} if owner is not None else {}

    @cached_property
    def blocks(self) -> list[list[ast.stmt]]:
        return [*blocks(self.function.node)]

    def reads(self, node: ast.AST, name: str) -> bool:
        return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _twins(place: Place) -> Iterator[Problem]:
    """``k = self.to_k(x)``, ``v = self.to_k(x)``, and nothing reads ``self.to_v``."""
    for block in place.blocks:
        for first, second in pairs(block):
            changed = changed_words(first.target.text, second.target.text)
            if changed is not None:
                yield from _left_over(place, first, second, *changed)
                yield from _left_over(place, second, first, changed[1], changed[0])


def _left_over(
    place: Place, model: Assigned, copy: Assigned, old: tuple[str, ...], new: tuple[str, ...]
) -> Iterator[Problem]:
    for mine, leaf in zip(model.leaves, copy.leaves, strict=True):
        expected = replaced_words(leaf.text, old, new)
        if mine.text != leaf.text or expected is None:
            continue
        meant = _unread_name(place, leaf, expected)
        told = (copy.target, model.target, *copy.leaves)
        if meant is not None and all(other.text != meant for other in told):
            yield _problem(place, leaf.node, leaf.text, meant, model.node, copy.node)
            return


def _unread_name(place: Place, leaf: Leaf, expected: tuple[str, ...]) -> str | None:
    """The name that is meant, when there is one and nobody else reads it."""
    if leaf.kind == "Name":
        name = place.names.get(expected)
        return name if name in place.unread else None
    return place.attributes.get(expected) if leaf.kind == "Attribute" else None


def _twice(place: Place) -> Iterator[Problem]:
    """``a = f(from_t)``, ``a_to = f(from_t)``, and nothing reads ``to_t``; two keys that are one text."""
    for block in place.blocks:
        for first, second in pairs(block):
            same = [leaf.text for leaf in first.leaves] == [leaf.text for leaf in second.leaves]
            if not same or ast.dump(first.value) != ast.dump(second.value):
                continue
            if isinstance(second.value, ast.JoinedStr | ast.Constant):
                yield from _one_key(place, first, second)
            elif isinstance(second.value, ast.Call):
                yield from _one_argument(place, first, second)


def _one_argument(place: Place, first: Assigned, second: Assigned) -> Iterator[Problem]:
    added = set(words(second.target.text)) - set(words(first.target.text))
    for leaf in second.leaves if leaf_names(second) else ():
        for name in sorted(place.unread & set(place.function.params)):
            alike = len(words(name)) == len(leaf.words) and set(words(name)) & set(leaf.words)
            if leaf.kind == "Name" and leaf.text in place.function.params and alike and set(words(name)) & added:
                yield _problem(place, leaf.node, leaf.text, name, first.node, second.node)
                return


def leaf_names(made: Assigned) -> bool:
    return any(leaf.kind == "Name" for leaf in made.leaves)


def _one_key(place: Place, first: Assigned, second: Assigned) -> Iterator[Problem]:
    """``scaler_key = f"scaler{i}"``, ``optimizer_key = f"scaler{i}"``."""
    mine, others = words(first.target.text), words(second.target.text)
    text = {word for leaf in second.leaves for word in leaf.words}
    if mine[-1] == others[-1] and mine[-1] in KEYED and set(mine[:-1]) <= text and not set(others[:-1]) & text:
        meant = "_".join(others[:-1])
        yield _problem(place, second.value, ast.unparse(second.value), meant, first.node, second.node, fix=False)


def _keywords(place: Place) -> Iterator[Problem]:
    """``f(height=height, width=height)`` where there is a ``width``."""
    for event in place.function.calls:
        call = event.node
        given = {k.arg: k.value for k in call.keywords if k.arg} if isinstance(call, ast.Call) else {}
        for key, value in given.items():
            name = value.id if isinstance(value, ast.Name) else ""
            twin = given.get(name)
            own = isinstance(twin, ast.Name) and twin.id == name != key
            meant = own and _is_local(place, key) and (key in place.unread or _opposite(key, name))
            if meant and place.function is not place.file.body:
                yield _problem(place, value, name, key, twin or value, call)


def _is_local(place: Place, name: str) -> bool:
    return any(d.name == name for d in place.function.definitions)


def _opposite(a: str, b: str) -> bool:
    return (a, b) in OPPOSITE or (b, a) in OPPOSITE


def _guards(place: Place) -> Iterator[Problem]:
    """``if exists(a): f(b)``, and then ``if exists(b): g(b)``: nothing reads ``a`` but its own test."""
    for block in place.blocks:
        tests = [(s, name) for s in block if isinstance(s, ast.If) and (name := _asked(s.test))]
        for (first, a), (second, b) in pairwise(tests):
            body = ast.Module(first.body, [])
            crossed = a != b and not place.reads(body, a) and place.reads(body, b)
            if crossed and place.reads(ast.Module(second.body, []), b) and _only_tested(place, a):
                leaf = next(p for p in ast.walk(body) if isinstance(p, ast.Name) and p.id == b)
                yield _problem(place, leaf, b, a, first.test, second.test)


def _asked(test: ast.expr) -> str:
    """The ``x`` of ``exists(x)`` or ``x is not None``."""
    if isinstance(test, ast.Call) and len(test.args) == 1 and getattr(test.func, "id", "") == "exists":
        return getattr(test.args[0], "id", "")
    if (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and ast.unparse(test.comparators[0]) == "None"
    ):
        return getattr(test.left, "id", "")
    return ""


def _only_tested(place: Place, name: str) -> bool:
    tests = [s.test for s in ast.walk(place.function.node) if isinstance(s, ast.If | ast.Assert)]
    return _reads_within(place, name, tests)


def _goes_nowhere(place: Place, name: str) -> bool:
    asking = ("isinstance", "exists", "default")
    parts = [*ast.walk(place.function.node)]
    calls = [p for p in parts if isinstance(p, ast.Call) and getattr(p.func, "id", "") in asking]
    own = [p for p in parts if isinstance(p, ast.Assign) and getattr(p.targets[0], "id", "") == name]
    return _reads_within(place, name, [*calls, *own])


def _reads_within(place: Place, name: str, nodes: Sequence[ast.AST]) -> bool:
    inside = {id(part) for node in nodes for part in ast.walk(node)}
    names = (p for p in ast.walk(place.function.node) if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Load))
    return all(id(read) in inside for read in names if read.id == name)


def _states(place: Place) -> Iterator[Problem]:
    """``run_a = a / n + run_b * k`` beside ``run_b = b / n + run_b * k``: ``run_a`` forgets itself."""
    events = {id(e.node): e for e in place.function.assigned}
    for block in place.blocks:
        for first, second in pairs(block):
            for wrong, right in ((first, second), (second, first)):
                event = events.get(id(wrong.node))
                if event is not None and _forgets_itself(event, wrong, right):
                    leaf = next(x for x in wrong.leaves if x.text == right.target.text)
                    yield _problem(place, leaf.node, leaf.text, wrong.target.text, right.node, wrong.node)


def _forgets_itself(event: Event, wrong: Assigned, right: Assigned) -> bool:
    sums = isinstance(wrong.value, ast.BinOp)
    if not sums or event.old is None or event.old.op != "loop" or holds(event.term, event.old):
        return False
    places = [n for n, leaf in enumerate(right.leaves) if leaf.text == right.target.text]
    crossed = bool(places) and all(wrong.leaves[n].text == right.target.text for n in places)
    shared = set(words(wrong.target.text)) & set(words(right.target.text))
    differ = any(a.text != b.text for a, b in zip(wrong.leaves, right.leaves, strict=True))
    return crossed and bool(shared) and differ


def _selected(place: Place) -> Iterator[Problem]:
    """``model = self.ema if use_ema else self.model``, and then ``self.model(x)``."""
    for event in place.function.assigned:
        ways = event.term.args[1:] if event.term.op == "if" else ()
        inside = any(holds(one, other) for one in ways for other in ways if one != other)
        if (
            not ways
            or inside
            or event.kind != "assign"
            or "." in event.target
            or any(w.op != "attr" or w.args[0].op != "self" for w in ways)
        ):
            continue
        calls = [e for e in place.function.calls if e.order > event.order and e.term.args[0] in ways]
        direct = [e for e in calls if isinstance(e.node, ast.Call) and isinstance(e.node.func, ast.Attribute)]
        through = any(e.term.args[0] == event.term for e in place.function.calls if e.order > event.order)
        direct = [e for e in direct if not any(holds(c.term, e.term.args[0]) for c in e.branches)]  # it is asked about
        for call in direct if through or direct else ():
            func = call.node.func  # type: ignore[attr-defined]
            yield _problem(place, func, place.file.code(func), event.target, event.node, call.node)


def _with_itself(place: Place) -> Iterator[Problem]:
    """``a - b`` where both are the same value, ``mse_loss(x, x)``."""
    for event in place.function.events:
        for term in (event.term, *event.term.args) if event.kind in ("assign", "augment", "return", "call") else ():
            sides = _compared(term)
            if (
                sides is not None
                and sides[0] == sides[1]
                and _written_apart(*sides)
                and _one_object(*sides)
                and _unchanged(place, event, sides)
            ):
                code = [place.file.code(side) for side in sides]
                yield Problem(
                    place.file.place(term),
                    {
                        "found": code[1],
                        "what": f"{code[0]} and {code[1]} are the same value, so {place.file.code(term)} is 0",
                    },
                    (place.file.step(sides[0], code[0]), place.file.step(sides[1], f"{code[1]} is the same")),
                    f"Compare {code[0]} with the other value.",
                )


def _compared(term: Term) -> tuple[Term, Term] | None:
    if term.op == "-" and isinstance(term.node, ast.BinOp):
        return term.args[0], term.args[1]
    given = term.positional
    return (given[0], given[1]) if term.called in LOSSES and len(given) > 1 else None


def _written_apart(first: Term, second: Term) -> bool:
    """Both are read from somewhere, and one of them under a name of its own."""
    known = first.op in ("attr", "call", "index", "loop", "param") and not any(p.op == "unknown" for p in walk(first))
    return known and isinstance(first.node, ast.expr) and isinstance(second.node, ast.expr)


def _unchanged(place: Place, event: Event, sides: tuple[Term, Term]) -> bool:
    """Whether nothing is called between the two readings that might change what they read."""
    if not any(part.op in ("attr", "index") for part in walk(sides[0])):
        return True
    names = {side.node.id for side in sides if isinstance(side.node, ast.Name)}
    taken = [e.order for e in place.function.assigned if e.target in names and e.order < event.order]
    own = {id(part) for part in ast.walk(event.node)}
    between = place.function.events[max(taken) : event.order] if taken else []
    return not any(e.kind == "call" and id(e.node) not in own for e in between)


def _one_object(first: Term, second: Term) -> bool:
    """Whether equal terms are the same objects too: what is called twice may give two."""
    if first.op == "call":
        mine, other = first.node, second.node
        return mine is other or (isinstance(mine, ast.Name) and isinstance(other, ast.Name) and mine.id == other.id)
    return all(_one_object(a, b) for a, b in zip(first.args, second.args, strict=True))


def _problem(
    place: Place, node: ast.AST, found: str, meant: str, model: ast.AST, copy: ast.AST, fix: bool = True
) -> Problem:
    file = place.file
    what = (
        f"{file.code(model)} has it too, and nothing else reads {meant}"
        if meant in place.unread
        else f"{meant} is meant"
    )
    edit = (
        Fix("unsafe", f"Write {meant}.", (replace(file.place(node), meant),))
        if fix and isinstance(node, ast.Name)
        else None
    )
    return Problem(
        file.place(copy if isinstance(copy, ast.Assign) else node),
        {"found": found, "what": what},
        (file.step(model, "written alike"), file.step(node, f"{found} is left from there, where {meant} is meant")),
        f"Write {meant} instead of {found}.",
        fix=edit,
    )
