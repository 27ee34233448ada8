"""DFL803: a parameter is never read, and what it is for is done without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from difflint.edits import argument
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.reads import unread_parameters

SETTINGS = (  # of a sampler: who gives one expects that it counts
    *("guidance_scale", "cond_scale", "cfg_scale", "num_inference_steps", "negative_prompt", "generator", "strength"),
    *("guidance_rescale", "rescaled_phi", "eta", "temperature", "negative_prompt_embeds", "num_steps"),
)
PLACES = ("device", "map_location")  # what is loaded to the CPU may be moved later
SWITCHES = (None, True, False)  # constants that set a mode, and stand for no value of the caller


@dataclass(frozen=True)
class Evidence:
    """What is done without the parameter: the place, what happens there, the repair, and the edit for it."""

    at: Event
    what: str
    repair: str
    fix: Fix | None = None


def check_file(file: File) -> Iterator[Problem]:
    for function in file.all_functions:
        for name in unread_parameters(function):
            evidence = _evidence(file, function, name)
            if evidence is not None:
                yield _problem(file, function, name, evidence)
        yield from _half_forwarded(file, function)
        yield from _fixed_beside_others(file, function)


def _evidence(file: File, function: Function, name: str) -> Evidence | None:
    kinds = (_fixed_by_constant, _not_handed_on, _not_handed_to_part)
    for kind in (*kinds, _sibling_hands_it_on, _left_to_default):
        found = kind(file, function, name)
        if found is not None:
            return found
    return None


def _fixed_by_constant(file: File, function: Function, name: str) -> Evidence | None:
    """``pipe(num_inference_steps=5)`` in a function that takes ``num_inference_steps``."""
    for event in function.calls if name not in PLACES else ():
        for key, value in event.term.keywords.items():
            same = value == function.defaults.get(name)  # what everybody gets who asks for nothing
            loads = name != "dtype" or key != name or event.term.called.startswith("from_")  # no step of a computation
            if key in (name, f"torch_{name}") and _is_fixed(value) and not same and loads:
                fix = Fix("unsafe", f"Hand {name} on.", (argument(file.place(event.term), name, key),))
                what = f"{event.term.called or 'the call'} always gets {key}={file.code(value)}"
                return Evidence(event, what, f"Write {key}={name}.", fix)
    return None


def _is_fixed(value: Term) -> bool:
    dtype = value.op == "lib" and str(value.value).rpartition(".")[2].startswith(("float", "bfloat", "half"))
    return dtype or (value.op == "const" and value.value not in SWITCHES)


def _not_handed_on(file: File, function: Function, name: str) -> Evidence | None:
    """A function of the file takes the same thing, and is called without it."""
    for event in function.calls if name != "generator" else ():  # a mode may need none
        called = file.function(event.term.args[0])
        if called is None or called is function or name not in called.params or name in unread_parameters(called):
            continue
        if not _is_given(event.term, called, name):
            return _call_without(file, event, name, f"{called.name} takes {name} and is called without it")
    return None


def _is_given(call: Term, called: Function, name: str) -> bool:
    return call.open or call.arg(called.params.index(name), name) is not None or name not in called.defaults


def _call_without(file: File, event: Event, name: str, what: str) -> Evidence:
    fix = Fix("unsafe", f"Hand {name} on.", (argument(file.place(event.term), name, name),))
    return Evidence(event, what, f"Hand it on: {name}={name}", fix)


def _not_handed_to_part(file: File, function: Function, name: str) -> Evidence | None:
    """The modules that ``__init__`` makes take it in their ``forward``, and nothing hands it to them."""
    begin = function.owner.methods.get("__init__") if function.owner and function.name == "forward" else None
    for made in begin.calls if begin is not None else ():
        part = file.class_of(made.term.args[0])
        forward = part.methods.get("forward") if part is not None else None
        if forward is not None and name in forward.defaults and name not in unread_parameters(forward):
            for event in function.calls:
                member = event.loops and event.term.args[0].op in ("index", "each", "loop")
                if member and not _is_given(event.term, forward, name):
                    return _call_without(
                        file, event, name, f"the {part.name if part else ''} in it takes {name} and does not get it"
                    )
    return None


def _sibling_hands_it_on(file: File, function: Function, name: str) -> Evidence | None:
    """Another method of the class makes the same call and gives it this argument."""
    siblings = [m for m in function.owner.methods.values() if m is not function] if function.owner else []
    for event in function.calls:
        term = event.term
        if (
            term.callee.lstrip(".") in ("", "dict", "partial")
            or term.open
            or not term.keywords
            or name in term.keywords
        ):
            continue
        for sibling in siblings:
            if name in sibling.params and any(_hands_on(other.term, term, name) for other in sibling.calls):
                return _call_without(
                    file, event, name, f"{sibling.name} hands {name} on to {term.called}, this does not"
                )
    return None


def _hands_on(other: Term, call: Term, name: str) -> bool:
    given = other.keywords.get(name) if other.op == "call" and other.args[0] == call.args[0] else None
    return given is not None and given.op == "param" and isinstance(given.value, tuple) and given.value[0] == name


def _left_to_default(file: File, function: Function, name: str) -> Evidence | None:
    """The other settings go to the sampler by their names, and this one is left to its default."""
    for event in function.calls if name in SETTINGS else ():
        keywords = event.term.keywords
        passed = [key for key, value in keywords.items() if _is_param(value, key)]
        if len(keywords) > 2 and any(key in SETTINGS and key != "generator" for key in passed) and name not in keywords:
            what = f"{event.term.called or 'the call'} gets {', '.join(passed[:3])} and not {name}"
            return _call_without(file, event, name, what)
    return None


def _is_param(value: Term, name: str) -> bool:
    return value.op == "param" and isinstance(value.value, tuple) and value.value[0] == name


def _half_forwarded(file: File, function: Function) -> Iterator[Problem]:
    """One helper gets the caller's choice of a model by name, its sibling loads the default one."""
    for name, default in function.defaults.items():
        if default.op not in ("name", "const") or (default.op == "const" and default.node is None):
            continue
        helpers = [(e, f) for e in function.calls if (f := file.function(e.term.args[0])) is not None]
        taking = [
            (e, f) for e, f in helpers if name in f.params and f is not function and _same_default(f, function, name)
        ]
        given = [(e, f) for e, f in taking if (arg := e.term.arg(f.params.index(name), name)) and _is_param(arg, name)]
        for event, called in taking:
            if given and not _is_given(event.term, called, name):
                what = f"{given[0][1].name} gets {name}, {called.name} is left to {file.code(default)}"
                yield _problem(file, function, name, _call_without(file, event, name, what))


def _fixed_beside_others(file: File, function: Function) -> Iterator[Problem]:
    """``torch_dtype=dtype`` for each part, and ``torch_dtype=torch.bfloat16``, the default of ``dtype``, for one."""
    for name, default in function.defaults.items():
        if not _is_fixed(default) or default.op == "const" or name in PLACES:
            continue  # an eps, a mode: one call may want its own
        for key in (name, f"torch_{name}"):
            calls = [(event, event.term.keywords.get(key)) for event in function.calls]
            following = [event for event, value in calls if value is not None and _is_param(value, name)]
            for event, value in calls if len(following) > 1 else ():
                if value == default:
                    fix = Fix("unsafe", f"Hand {name} on.", (argument(file.place(event.term), name, key),))
                    what = f"the other calls get {key}={name}, {event.term.called} gets {key}={file.code(value)}"
                    yield _problem(file, function, name, Evidence(event, what, f"Write {key}={name}.", fix))


def _same_default(called: Function, function: Function, name: str) -> bool:
    """Both fall back to the same named default: a value that has to be the same in both."""
    mine, other = function.defaults.get(name), called.defaults.get(name)
    return mine is not None and mine == other and isinstance(_named(mine), str)


def _named(term: Term) -> str | None:
    return getattr(term.node, "id", None)


def _problem(file: File, function: Function, name: str, evidence: Evidence) -> Problem:
    return Problem(
        file.place(evidence.at),
        {"name": name, "function": function.name, "what": evidence.what},
        (
            file.step(function.node, f"{function.name} takes {name}"),
            file.step(evidence.at, evidence.what),
        ),
        evidence.repair,
        fix=evidence.fix,
    )
