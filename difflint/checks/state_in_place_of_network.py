"""DFL741: loading puts a state dictionary in place of the network it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Term
from difflint.relations.terms import walk

LOADERS = ("torch.load", "safetensors.torch.load_file")


def check_file(file: File) -> Iterator[Problem]:
    saved = _saved(file)
    for function in file.every:
        for event in function.events:
            key = _loaded_key(event.term) if event.kind == "assign" and event.target.startswith("self.") else None
            if key is not None and saved.get(key) == event.target and isinstance(key, str):
                value = file.code(getattr(event.node, "value", event.node))
                was = f"under {key!r} stands what {event.target}.state_dict() gave when it was saved"
                right = f"{event.target}.load_state_dict({value})"
                yield Problem(
                    file.place(event),
                    {"code": file.code(event), "target": event.target},
                    (file.step(event, was),),
                    f"Write {right}.",
                    fix=Fix("safe", f"Write {right}.", (replace(file.place(event), right),)),
                )


def _loaded_key(term: Term) -> object:
    """The key of ``torch.load(path)[key]``."""
    loaded = term.op == "index" and term.args[0].callee in LOADERS and term.args[1].op == "const"
    return term.args[1].value if loaded else None


def _saved(file: File) -> dict[object, str]:
    """By key of a dictionary: the attribute whose ``state_dict()`` stands under it."""
    found = dict[object, str]()
    for function in file.every:
        for event in function.events:
            for part in walk(event.term) if event.kind in ("assign", "call") else ():
                if part.op == "dict" and isinstance(part.value, tuple):
                    found.update(_states(part))
    return found


def _states(display: Term) -> Iterator[tuple[object, str]]:
    for key, value in zip(display.value, display.args, strict=True):
        owner = value.receiver if value.called == "state_dict" else None
        if owner is not None and owner.op == "attr" and owner.args[0].op == "self":
            yield key, f"self.{owner.value}"
