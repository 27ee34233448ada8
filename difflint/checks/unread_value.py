"""DFL804: a value is computed and never read, and what it was computed from, or an older one, is used in its place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from difflint.facts import Problem
from difflint.relations import Definition, Event, File, Function, Term
from difflint.relations.averages import updates
from difflint.relations.draws import NORMAL
from difflint.relations.reads import draws_noise, unread_values
from difflint.relations.terms import walk
from difflint.relations.words import alike, extends

SKIPS = ("residual", "skip", "shortcut", "identity", "res", "x_in", "x_skip", "x_res", "x_residual")
NOISING = (
    "q_sample",
    "add_noise",
    "noise_images",
    "perturb",
    "perturb_input",
    "forward_diffusion",
    "diffuse",
    "scale_noise",
)
LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "binary_cross_entropy_with_logits")
LIMITS = ("clamp", "clip", "clamp_", "normalize", "unnormalize", "denormalize", "dropout", "masked_fill", "where")
AROUND = ("zip", "enumerate", "tqdm", "reversed", "list")  # a loop through these is one through what they get
CONTAINERS = ("list", "tuple", "sorted", "set", "dict")  # the same items in another container
SCALARS = ("ceil", "floor", "round", "sqrt", "log", "log2", "prod")  # of sizes
IN_PLACE = ("to", "cuda", "cpu", "half", "float", "bfloat16", "eval", "train", "requires_grad_")  # of modules
PLAIN = (  # calls whose result is a look at a value, and no step of a computation
    *("cpu", "numpy", "item", "tolist", "clone", "copy", "deepcopy", "to", "float", "len", "str", "size", "list"),
    *("tuple", "dict", "mean", "std", "sum", "min", "max", "norm", "get", "open", "join", "isinstance", "type", "pop"),
    *(
        "next",
        "iter",
        "enumerate",
        "zip",
        "range",
        "sorted",
        "set",
        "int",
        "bool",
        "getattr",
        "format",
        "split",
        "time",
    ),
    *("detach", "contiguous", "cuda", "half", "type", "requires_grad_", "unwrap_model", "print", "dim", "numel"),
)


@dataclass(eq=False)
class Unread:
    """An assignment whose value nobody reads, in its function."""

    file: File
    function: Function
    made: Definition
    event: Event
    every: list[Unread] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.made.name

    @cached_property
    def later(self) -> list[ast.Name]:
        """The names that are read in the text behind it."""
        end = getattr(self.event.node, "end_lineno", 0)
        names = (part for part in ast.walk(self.function.node) if isinstance(part, ast.Name))
        return [part for part in names if isinstance(part.ctx, ast.Load) and part.lineno > end]

    @property
    def never_read(self) -> bool:
        """Whether nothing reads any value of this name."""
        return not any(d.used for d in self.function.definitions if d.name == self.name)

    def rebound(self, name: str, before: ast.AST) -> bool:
        """Whether a name gets another value between the assignment and a later place."""
        line = getattr(before, "lineno", 0)
        return any(
            e.target == name and e.order > self.event.order and e.node.lineno < line  # type: ignore[attr-defined]
            for e in self.function.assigned
        )

    def read_later(self, name: str) -> ast.Name | None:
        return next((part for part in self.later if part.id == name and not self.rebound(name, part)), None)


@dataclass(frozen=True)
class Evidence:
    """Where what is used instead, the words for it, and the repair."""

    where: ast.AST
    what: str
    repair: str


def check_file(file: File) -> Iterator[Problem]:
    averages = {id(update.act.event) for update in updates(file) if update.is_lost}  # DFL725 speaks of those
    for function in file.all_functions:
        every: list[Unread] = []
        for made, event in unread_values(function):
            seen_elsewhere = function is file.body and not event.loops  # other files may read the names of this one
            if id(event) not in averages and not seen_elsewhere:
                every.append(Unread(file, function, made, event, every))
        told = set[str]()
        for unread in every:
            evidence = None if unread.name in told else _evidence(unread)
            if evidence is not None:
                told.add(unread.name)
                yield _problem(unread, evidence)


def _evidence(unread: Unread) -> Evidence | None:
    return next((found for kind in KINDS if (found := kind(unread)) is not None), None)


def _lost_item(unread: Unread) -> Evidence | None:
    """``for x in xs: x = x * k``: the list keeps the old items."""
    loop = unread.event.loops[-1] if unread.event.loops else None
    target = getattr(loop.node, "target", None) if loop is not None else None
    names = {part.id for part in ast.walk(target) if isinstance(part, ast.Name)} if target is not None else set()
    changed = unread.event.old is not None and any(part == unread.event.old for part in walk(unread.event.term))
    in_place = unread.event.term.called in (*IN_PLACE, *CONTAINERS)
    if loop is None or unread.name not in names or not changed or unread.made.kind != "assign" or in_place:
        return None
    if not _is_kept(unread, loop.node):
        return None
    what = f"{unread.name} is the loop's name for an item, and what is looped over keeps the old one"
    return Evidence(loop.node, what, "Write it back: xs[i] = ..., or collect the results in a new list.")


def _is_kept(unread: Unread, loop: ast.AST | None) -> bool:
    """Whether anybody may look at what was looped over: it is read behind the loop, or comes from outside."""
    end = getattr(loop, "end_lineno", 0)
    read = {part.id for part in unread.later if part.lineno > end} | set(unread.function.params)
    return any(
        isinstance(part, ast.Attribute) or (isinstance(part, ast.Name) and part.id in read)
        for part in _looped_over(getattr(loop, "iter", None))
    )


def _looped_over(iterable: ast.expr | None) -> Iterator[ast.expr]:
    """The containers that a loop goes through, without ``zip``, ``enumerate`` and ``.items()`` around them."""
    if not isinstance(iterable, ast.Call):
        if iterable is not None:
            yield iterable
    elif isinstance(iterable.func, ast.Name) and iterable.func.id in AROUND:
        for part in iterable.args:
            yield from _looped_over(part)
    elif isinstance(iterable.func, ast.Attribute) and iterable.func.attr in ("items", "values"):
        yield iterable.func.value


def _drawn_twice(unread: Unread) -> Evidence | None:
    """``x = torch.randn(n, …)``, and in the next line ``x = torch.randn(2, …)``."""
    if not _is_draw(unread.event):
        return None
    for event in unread.function.assigned:
        if event.order > unread.event.order and event.target == unread.name:
            same = event.context == unread.event.context and _is_draw(event)
            what = f"{unread.file.code(event.term)} takes its place before anybody reads it"
            return Evidence(event.node, what, f"Keep the one {unread.name} that is meant.") if same else None
    return None


def _is_draw(event: Event) -> bool:
    """Whether the whole value is drawn noise, moved or scaled perhaps."""
    term, plain = event.term, isinstance(event.node, ast.Assign) and isinstance(event.node.targets[0], ast.Name)
    while term.receiver is not None and term.called not in NORMAL:
        term = term.receiver
    return plain and (term.called in NORMAL or (term.op == "*" and draws_noise(term) is not None))


def _misspelt(unread: Unread) -> Evidence | None:
    """``seeds = iter_seed`` where the other branches set ``seed``, which is read later."""
    branches = {id(c.node) for c in unread.event.branches[-1:]}
    if not branches or not unread.never_read:
        return None
    for event in unread.function.assigned:
        other = event.target
        beside = any(_chain(c.node) & _chain(unread.event.branches[-1].node) for c in event.branches[-1:])
        if beside and other != unread.name and alike(unread.name, other) and event.definition and event.definition.used:
            what = f"the other branches set {other}, which keeps its old value here"
            return Evidence(event.node, what, f"Write {other} = {unread.file.code(unread.event.term)}.")
    return None


def _chain(node: ast.AST) -> set[int]:
    """The ``if`` and the ``elif``s that hang below it."""
    found = set[int]()
    while isinstance(node, ast.If):
        found.add(id(node))
        node = node.orelse[0] if len(node.orelse) == 1 else ast.Pass()
    return found


def _target_left_out(unread: Unread) -> Evidence | None:
    """The target is chosen by the objective, and the loss compares with something else."""
    chosen = [other for other in unread.every if other.name == unread.name and other.event.branches]
    if len(chosen) < 2 or not unread.never_read:
        return None
    ways = [other.event.term for other in chosen]
    for event in unread.function.calls:
        given = event.term.positional[:2] if event.term.called in LOSSES and event.order > unread.event.order else ()
        used = next((term for term in given if term in ways), None)
        if used is not None:
            what = f"{unread.file.code(event.term)} compares with {unread.file.code(used)} whatever was chosen"
            return Evidence(event.node, what, f"Give the loss {unread.name} instead of {unread.file.code(used)}.")
    return None


def _default_left_out(unread: Unread) -> Evidence | None:
    """``mask = default(attn_mask, …)``, and ``attn_mask`` is used, which may be None."""
    node = getattr(unread.event.node, "value", None)
    filled = _filled(node)
    if filled is None or filled == unread.name or filled not in unread.function.params:
        return None
    read = unread.read_later(filled)
    if read is None or not isinstance(read.ctx, ast.Load):
        return None
    what = f"{filled} is read below, without the default that {unread.name} has"
    return Evidence(read, what, f"Read {unread.name} there, or write {filled} = ... here.")


def _filled(node: ast.AST | None) -> str | None:
    """The ``x`` of ``default(x, …)``, ``x or …``, ``x if x is not None else …``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "default" and node.args:
        node = node.args[0]
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        node = node.values[0]
    elif isinstance(node, ast.IfExp) and "None" in ast.unparse(node.test):
        node = node.body if isinstance(node.body, ast.Name) else node.orelse
    else:
        return None
    return node.id if isinstance(node, ast.Name) else None


def _noised_left_out(unread: Unread) -> Evidence | None:
    """The noise is added, and nothing reads the noised value."""
    term = unread.event.term
    if term.called not in NOISING or not unread.never_read:
        return None
    what = "the noised value reaches no network"
    return Evidence(unread.event.node, what, f"Give the network {unread.name}.")


def _original_used(unread: Unread) -> Evidence | None:
    """``x_norm = normalize(x)``, and then ``model(x)``."""
    if not unread.never_read or not _computes(unread.event.term) or unread.made.kind != "assign":
        return None
    value = getattr(unread.event.node, "value", None)
    sources = dict.fromkeys(p.id for p in ast.walk(value) if isinstance(p, ast.Name)) if value is not None else ()
    for source in sources:
        if extends(unread.name, source) and not _from_outside(unread, source):
            read = unread.read_later(source)
            if read is not None and _argument(unread.function, read):
                return Evidence(read, f"{source} is used below as it was", f"Read {unread.name} there.")
    return None


def _from_outside(unread: Unread, source: str) -> bool:
    """Whether a loop looks at something of before the loop in each round, which is a matter of the loop."""
    made = [e for e in unread.function.assigned if e.target == source and e.order < unread.event.order]
    return bool(unread.event.loops) and (not made or len(made[-1].loops) < len(unread.event.loops))


def _computes(term: Term) -> bool:
    """Whether a step of the computation is done there, and not only a look at the value or a size."""
    return term.op == "call" and term.called not in (*PLAIN, *SCALARS) and bool(term.positional or term.keywords)


def _argument(function: Function, read: ast.Name) -> bool:
    """Whether the name is an argument of a call, or returned."""
    for part in ast.walk(function.node):
        if isinstance(part, ast.Call) and any(read is a for a in (*part.args, *(k.value for k in part.keywords))):
            return not (
                isinstance(part.func, ast.Name) and part.func.id in ("print", "len", "exists", "isinstance", "type")
            )
        if isinstance(part, ast.Return) and part.value is not None:
            inside = part.value.elts if isinstance(part.value, ast.Tuple) else [part.value]
            if any(read is a for a in inside):
                return True
    return False


def _too_late(unread: Unread) -> Evidence | None:
    """``x0 = x0.clamp(-1, 1)`` behind the formula that uses ``x0``."""
    term, old = unread.event.term, unread.event.old
    if term.called not in LIMITS or old is None or not any(part == old for part in walk(term)):
        return None
    if unread.read_later(unread.name) is not None or old.op in ("loop", "param"):
        return None
    reads = [e for e in unread.function.assigned if e.order < unread.event.order and e.target != unread.name]
    user = next((e for e in reversed(reads) if any(part == old for part in walk(e.term)) and e.term != old), None)
    if user is None:
        return None
    what = f"{user.target} was already computed from {unread.name} without it"
    return Evidence(user.node, what, f"Move it before {unread.file.code(user.node)}.")


def _loss_left_out(unread: Unread) -> Evidence | None:
    """``total_loss += kl``, and another loss is returned."""
    value = getattr(unread.event.node, "value", None)
    text = ast.unparse(value) if value is not None else ""
    if unread.made.kind != "augment" or "loss" not in unread.name or unread.event.loops:
        return None
    if "loss" not in text or any(word in text for word in (".item()", ".detach()", "float(", ".data")):
        return None
    returned = [e for e in unread.function.events if e.kind == "return" and "loss" in ast.unparse(e.node)]
    if not returned:
        return None
    what = f"{unread.name} is neither returned nor trained on"
    return Evidence(returned[-1].node, what, "Add it to the loss that is returned.")


def _skip_left_out(unread: Unread) -> Evidence | None:
    """``residual = x``, and in the end the changed ``x`` is added to itself."""
    value = getattr(unread.event.node, "value", None)
    if unread.name not in SKIPS or not isinstance(value, ast.Name):
        return None
    for part in ast.walk(unread.function.node):
        added = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add) and part.lineno > value.lineno
        sides = (part.left, part.right) if added and isinstance(part, ast.BinOp) else ()
        plain = [s for s in sides if isinstance(s, ast.Name) and s.id == value.id]
        called = [s for s in sides if isinstance(s, ast.Call) and any(getattr(a, "id", "") == value.id for a in s.args)]
        if plain and called and unread.rebound(value.id, part):
            what = f"{value.id}, which was changed since, is added in its place"
            return Evidence(part, what, f"Add {unread.name} there.")
    return None


def _loop_results_left_out(unread: Unread) -> Evidence | None:
    """``scale_real = d(x)``, ``scale_fake = d(y)`` in a loop, and then ``loss(real, fake)`` of before the loop."""
    mine = [u for u in unread.every if u.event.loops and u.event.loops == unread.event.loops and u.never_read]
    for event in unread.function.calls if len(mine) > 1 else ():
        if event.loops == unread.event.loops and event.order > mine[-1].event.order:
            given = [arg.node.id for arg in event.term.positional if isinstance(arg.node, ast.Name)]
            pairs = [(u.name, name) for u in mine for name in given if u.name != name and u.name.endswith(f"_{name}")]
            if len({old for _, old in pairs}) > 1:
                what = f"{unread.file.code(event.term)} gets {', '.join(old for _, old in pairs)} of before the loop"
                return Evidence(event.node, what, f"Give it {', '.join(new for new, _ in pairs)}.")
    return None


KINDS: tuple[Callable[[Unread], Evidence | None], ...] = (
    *(_drawn_twice, _misspelt, _target_left_out, _default_left_out, _noised_left_out, _skip_left_out),
    *(_loop_results_left_out, _original_used, _too_late, _loss_left_out, _lost_item),
)


def _problem(unread: Unread, evidence: Evidence) -> Problem:
    file = unread.file
    return Problem(
        file.place(unread.event.node),
        {"name": unread.name, "code": file.code(unread.event.node), "what": evidence.what},
        (
            file.step(unread.event.node, f"{unread.name} is computed, and nothing reads it"),
            file.step(evidence.where, evidence.what),
        ),
        evidence.repair,
    )
