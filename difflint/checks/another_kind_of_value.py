"""DFL808: a slip in the writing makes a value of another kind: a tuple, a function, a constant, None."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.written import Slip, assigned_name, is_bare_tuple

GIVE_NONE = ("extend", "reverse", "insert", "backward", "zero_grad")  # and `x = x.append(…)` of a list
LOADERS = ("load_state_dict",)
SHUFFLES = ("random.shuffle", "np.random.shuffle", "numpy.random.shuffle")


def check_file(file: File) -> Iterator[Problem]:
    for kind in KINDS:
        for slip in kind(file):
            yield _problem(file, slip)


def _trailing_comma(file: File) -> Iterator[Slip]:
    """``self.predict_x0 = kind == "x0",``"""
    for node in file.nodes(ast.Assign):
        if is_bare_tuple(node.value) and _is_single(node, node.value.elts[0]):
            inner = file.code(node.value.elts[0])
            yield Slip(node.value, "the comma makes it a tuple of one, which is always true and no number", inner)


def _is_single(node: ast.Assign, value: ast.expr) -> bool:
    """Whether nobody wants a tuple there: of an answer, or of the parameter of the same name."""
    target = node.targets[0]
    if isinstance(value, ast.Compare | ast.BoolOp) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    ):
        return True
    if isinstance(value, ast.Constant):
        return isinstance(value.value, bool)
    same = isinstance(target, ast.Attribute) and isinstance(value, ast.Name) and value.id == target.attr
    library = isinstance(value, ast.Call) and ast.unparse(value.func).startswith(("torch.", "nn.", "F."))
    return same or (library and isinstance(target, ast.Name | ast.Attribute))


def _lambda_in_lambda(file: File) -> Iterator[Slip]:
    """``lambda x: f(x) if c else lambda x: x`` returns a function when ``c`` is false."""
    for node in file.nodes(ast.Lambda):
        body = node.body
        if (
            isinstance(body, ast.IfExp)
            and isinstance(body.orelse, ast.Lambda)
            and not isinstance(body.body, ast.Lambda)
        ):
            first, second = ([a.arg for a in n.args.args] for n in (node, body.orelse))
            if first == second and first:
                inner = ast.unparse(ast.Lambda(node.args, body.body))
                repair = f"({inner}) if {ast.unparse(body.test)} else ({ast.unparse(body.orelse)})"
                what = (
                    "the condition belongs to the lambda: when it is false the result is the inner lambda, a function"
                )
                yield Slip(node, what, repair)


def _object_for_attribute(file: File) -> Iterator[Slip]:
    """``self_cond = net.module.self_cond if wrapped else net``: the network, which is always true."""
    for node in file.nodes(ast.Assign):
        value, target = node.value, assigned_name(node)
        if isinstance(value, ast.IfExp) and target:
            for way, other in ((value.body, value.orelse), (value.orelse, value.body)):
                path, root = _path(way), _path(other)
                if (
                    len(path) > 1
                    and path[-1] == target
                    and root
                    and path[: len(root)] == root
                    and len(root) + 1 < len(path)
                ):
                    meant = ".".join([*root, target])
                    yield Slip(other, f"this way {target} is the whole {'.'.join(root)} and not its {target}", meant)


def _path(node: ast.expr) -> list[str]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id, *parts] if isinstance(node, ast.Name) else []


def _zip_of_one(file: File) -> Iterator[Slip]:
    """``for fn in zip(fns)``: each is a tuple of one."""
    loops: list[Any] = [*file.nodes(ast.For), *file.nodes(ast.comprehension)]
    for loop in loops:
        call = loop.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "zip"):
            continue
        plain = len(call.args) == 1 and not isinstance(call.args[0], ast.Starred) and not call.keywords
        if plain and isinstance(loop.target, ast.Name):
            yield Slip(call, f"{loop.target.id} is a tuple of one each time", file.code(call.args[0]))


def _starred_keywords(file: File) -> Iterator[Slip]:
    """``f(*kwargs)`` hands on the names of the keywords."""
    functions: list[Any] = [*file.nodes(ast.FunctionDef), *file.nodes(ast.AsyncFunctionDef)]
    for function in functions:
        kept = function.args.kwarg.arg if function.args.kwarg else ""
        for call in ast.walk(function) if kept else ():
            for part in call.args if isinstance(call, ast.Call) else ():
                if isinstance(part, ast.Starred) and isinstance(part.value, ast.Name) and part.value.id == kept:
                    what = f"one star hands on the names in {kept} as arguments, and the values are lost"
                    yield Slip(part, what, f"**{kept}", fix=False)


def _nothing_kept(file: File) -> Iterator[Slip]:
    """``model = model.load_state_dict(state)``: the name is the report of the loading from now on."""
    for node in file.nodes(ast.Assign):
        call = node.value
        if not isinstance(call, ast.Call) or len(node.targets) != 1:
            continue
        called, target = ast.unparse(call.func), ast.unparse(node.targets[0])
        if called in SHUFFLES:
            yield Slip(node, f"{called} shuffles in place and gives None", ast.unparse(call), fix=False)
        owner, _, method = called.rpartition(".")
        if owner == target and method in GIVE_NONE:
            yield Slip(node, f"{method} changes its object and gives None", ast.unparse(call), fix=False)
        if owner == target and method in LOADERS:
            what = f"{method} gives a report of missing keys, and {target} is no network any more"
            yield Slip(node, what, ast.unparse(call), fix=False)


def _constant_in_or(file: File) -> Iterator[Slip]:
    """``if kind == "epsilon" or "sample":`` is always true."""
    for node in file.nodes(ast.BoolOp):
        if not isinstance(node.op, ast.Or) or not isinstance(node.values[0], ast.Compare):
            continue
        first = node.values[0]
        texts = [v for v in node.values[1:] if isinstance(v, ast.Constant) and isinstance(v.value, str) and v.value]
        if texts and isinstance(first.ops[0], ast.Eq) and isinstance(first.comparators[0], ast.Constant):
            options = ", ".join(ast.unparse(v) for v in (first.comparators[0], *texts))
            what = f"{ast.unparse(texts[0])} alone is always true, so every value gets in"
            yield Slip(node, what, f"{ast.unparse(first.left)} in ({options})")


def _asked_again(file: File) -> Iterator[Slip]:
    """``if kind == "eps": … elif kind == "eps": …``: the second way is never taken."""
    for node in file.nodes(ast.If):
        asked = [(ast.dump(test), test) for test in _chain(node)]
        for (first, _), (second, test) in pairwise(asked):
            if first == second and not any(isinstance(part, ast.Call) for part in ast.walk(test)):
                yield Slip(test, "it was asked before, so this way is never taken", "the other case", fix=False)


def _chain(node: ast.If) -> Iterator[ast.expr]:
    yield node.test
    following = node.orelse[0] if len(node.orelse) == 1 else None
    if isinstance(following, ast.If):
        yield following.test


def _asserted_tuple(file: File) -> Iterator[Slip]:
    """``assert (x.max() <= 1, "message")`` never fails."""
    for node in file.nodes(ast.Assert):
        if isinstance(node.test, ast.Tuple) and len(node.test.elts) == 2 and node.msg is None:
            first, second = (ast.unparse(part) for part in node.test.elts)
            yield Slip(node.test, "a tuple is always true, so nothing is asserted", f"{first}, {second}", fix=False)


def _sum_in_condition(file: File) -> Iterator[Slip]:
    """``loss = loss + extra if weight else 0``: without the weight the whole loss is 0."""
    for node in file.nodes(ast.IfExp):
        body, other = node.body, node.orelse
        nothing = isinstance(other, ast.Constant) and not isinstance(other.value, bool) and other.value in (0, 0.0)
        if nothing and isinstance(body, ast.BinOp) and isinstance(body.op, ast.Add) and _split(file, node, body):
            repair = f"{ast.unparse(body.left)} + ({ast.unparse(body.right)} if {ast.unparse(node.test)} else 0)"
            yield Slip(
                node, f"the condition takes in the whole sum: otherwise {file.code(body.left)} is lost too", repair
            )


def _split(file: File, node: ast.IfExp, body: ast.BinOp) -> bool:
    """Whether the writer sees the condition with the last part only: a line of its own, or a sum that goes on."""
    own_line = body.left.end_lineno != body.right.lineno and body.right.lineno == node.test.lineno
    return own_line or any(
        assign.value is node and assigned_name(assign) == ast.unparse(body.left) for assign in file.nodes(ast.Assign)
    )


KINDS: tuple[Callable[[File], Iterator[Slip]], ...] = (
    *(_trailing_comma, _lambda_in_lambda, _object_for_attribute, _zip_of_one, _starred_keywords, _nothing_kept),
    *(_constant_in_or, _asked_again, _asserted_tuple, _sum_in_condition),
)


def _problem(file: File, slip: Slip) -> Problem:
    code = file.code(slip.node)
    fix = Fix("unsafe", f"Write {slip.repair}.", (replace(file.place(slip.node), slip.repair),)) if slip.fix else None
    return Problem(
        file.place(slip.node),
        {"code": code, "what": slip.what},
        (file.step(slip.node, f"{code}: {slip.what}"),),
        f"Write {slip.repair}",
        fix=fix,
    )
