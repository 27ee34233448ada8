"""What an object of a training program is: an optimizer, a scheduler of learning rates, a scaler, an average.

How it was made decides; its name is asked only where that is not known."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from difflint.relations.file import File
from difflint.relations.model import value_set
from difflint.relations.terms import Term, alternatives, is_const, label, path
from difflint.relations.trail import SAME_OBJECT, called_function

DEPTH = 8
MADE_BY = {  # the last name of what is called -> role of what it gives
    "optimizer": r"(?!.*(Sched|Hook|Config|Wrapper))\w*(Adam|SGD|RMSprop|Adagrad|Adadelta|Adafactor|Lion|Prodigy)\w*"
    r"|(?!.*(Sched|Hook|Config|Wrapper))\w*(Muon|Adan|LBFGS|Optim)\w*|optimizers|ASGD|Rprop",
    "scheduler": r"\w*LR|get_\w*schedule\w*|lr_schedulers|ReduceLROnPlateau|CosineAnnealing\w*|ChainedScheduler"
    r"|\w*(Warmup|Annealing)\w*Scheduler\w*|\w*LRScheduler\w*",
    "scaler": r"GradScaler|ShardedGradScaler|NativeScaler\w*",
    "accelerator": r"Accelerator|Fabric|LightningLite",
    "ema": r"\w*EMA\w*|\w*Ema[A-Z]?\w*|ExponentialMovingAverage|AveragedModel|\w*MovingAverage\w*",
}
NAMED = {
    "scheduler": r"(^|_)(lr_?)?sched(uler)?s?(_|$|\d)|(^|_)lr_sched",
    "optimizer": r"(^|_)([dg])?optim\w*|(^|_)[dg]?opts?(_|$|\d|[A-Z])|optimi[sz]er",
    "scaler": r"(^|_)(grad_?)?scaler(_|$|\d)",
    "ema": r"(^|_)ema(_|$|\d)|moving_average",
    "accelerator": r"^(accelerator|fabric)$",
}
WRAPPERS = ("DataParallel", "DistributedDataParallel", "DDP", "FSDP", "compile", "convert_sync_batchnorm")
PASSING = (*WRAPPERS, "setup", "unwrap_model")


def role(file: File, term: Term) -> str:
    """``optimizer``, ``scheduler``, ``scaler``, ``accelerator``, ``ema``, or nothing where that is not known."""
    known = {made_role(leaf) for leaf in origins(file, term)} - {""}
    if len(known) == 1:
        return known.pop()
    name = name_of(term)
    return "" if known else next((r for r, pattern in NAMED.items() if re.search(pattern, name, re.I)), "")


def made_role(term: Term) -> str:
    """The role of what a call makes."""
    made = term.called if term.op == "call" else ""
    if made and "lr_scheduler" in term.callee and made != "lr_scheduler":
        return "scheduler"
    return next((r for r, pattern in MADE_BY.items() if re.fullmatch(pattern, made)), "") if made else ""


def is_made(file: File, term: Term, wanted: str) -> bool:
    """Whether all that it can be is made by something known to give that role."""
    leaves = [leaf for leaf in origins(file, term) if not is_const(leaf, None)]
    return bool(leaves) and all(made_role(leaf) == wanted for leaf in leaves)


def origins(file: File, term: Term, depth: int = DEPTH) -> Iterator[Term]:
    """What a term was in the first place: through attributes, globals, containers, and what hands an object on."""
    if depth == 0:
        return
    sources = _sources(file, term)
    if sources is None:
        yield term
        return
    for source in sources:
        yield from origins(file, source, depth - 1)


def _sources(file: File, term: Term) -> tuple[Term, ...] | None:
    """What a term stands for, one step back; None where it is an origin."""
    ways = alternatives(term)
    if len(ways) > 1:
        return ways
    if term.op == "loop":
        return term.args
    if term.op == "name":
        value = file.body.ends.get(str(term.value))
        return None if value is None or value == term else (value,)
    if term.op == "attr" and term.args[0].op == "self":
        return _attribute(file, term)
    if term.op == "attr" and term.value == "module":  # of a wrapper
        return (term.args[0],)
    if term.op in ("index", "each"):
        return _items(file, term)
    return _handed_on(file, term) if term.op == "call" else None


def _attribute(file: File, term: Term) -> tuple[Term, ...] | None:
    owner = file.class_of(term.args[0])
    for cls in file.bases(owner) if owner else ():
        found = tuple(value_set(event) for _, event in cls.attributes.get(str(term.value), ()))
        if found:
            return found
    return None


def _items(file: File, term: Term) -> tuple[Term, ...] | None:
    """What an item of a known container is; the third of what ``prepare`` gives is the third it was given."""
    container, key = term.args[0], term.args[1] if term.op == "index" else None
    if container.op == "call" and container.called in ("prepare", "setup", "items", "values", "enumerate", "zip"):
        return _item_of_call(file, container, key)
    known = tuple(origins(file, container, 3))
    if len(known) != 1 or known[0] == container:
        return container.args if container.op in ("list", "tuple", "dict", "set") else None
    inner = known[0]
    if inner.op == "comp":
        return inner.args[:1]
    if inner.op == "call" and inner.called in ("prepare", "setup"):
        return _item_of_call(file, inner, key)
    return inner.args if inner.op in ("list", "tuple", "dict", "set") else None


def _item_of_call(file: File, call: Term, key: Term | None) -> tuple[Term, ...] | None:
    given = call.positional
    if call.called in ("prepare", "setup") and key is not None and isinstance(key.value, int):
        return (given[key.value],) if key.value < len(given) and not call.open else None
    if call.called in ("items", "values") and call.receiver is not None:
        return _items(file, Term("each", (call.receiver,)))
    return None


def _handed_on(file: File, call: Term) -> tuple[Term, ...] | None:
    if call.called in SAME_OBJECT and call.receiver is not None:
        return (call.receiver,)
    if call.called in ("prepare", *PASSING) and len(call.positional) == 1 and not call.open:
        return call.positional
    found = called_function(file, call)
    returned = found[1].returned if found and found[0] is file else ()
    return returned if len(returned) == 1 and not made_role(call) else None


def written(term: Term) -> str:
    """What the writer calls it: ``self.opt["g"]``; empty for what has no name."""
    node = term.node
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return ast.unparse(node)
    return path(term) or ""


def name_of(term: Term) -> str:
    """The last name in what the writer calls it: ``opt`` of ``self.opt["g"]``."""
    text = re.sub(r"\[.*", "", written(term))
    return text.rpartition(".")[2] or label(term)


def same(one: Term, other: Term) -> bool:
    """Whether two terms are one object for sure."""
    return one == other or (written(one) != "" and written(one) == written(other))


def may_be_same(file: File, one: Term, other: Term) -> bool:
    """Whether two terms can be one object, as far as anybody sees."""
    if same(one, other):
        return True
    mine, others = set(origins(file, one)), set(origins(file, other))
    known = all(term.op == "call" and made_role(term) for term in mine | others)
    return bool(mine & others) or not known
