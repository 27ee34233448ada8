"""Where in the code of a call the value stands that the call is about, for those who want to change it."""

from __future__ import annotations

from typing import Any

from difflint.edits import RECEIVER
from difflint.facts.library import Row
from difflint.facts.scope import Frame
from difflint.facts.steps import Site


def written(found: Row, frame: Frame, site: Site) -> str:
    """The part that is the row's subject, as `difflint.edits` names parts; "" where something else stands there.

    A transform in a list is found where it is made, and what a stub does where the stub is called: there the subject
    is not written, unless the stub only passes it on under the same name."""
    called, own = _name(getattr(site.node, "func", None)), found.api.rpartition(".")[2]
    if called is None or (called == own if found.makes_object else frame.scope.module.stub and called != own):
        return ""
    names = [name for name, _ in found.call_parameters or found.parameters]
    if names[:1] == [found.subject] and found.api.startswith("Tensor."):
        return RECEIVER
    names = names[1:] if names[:1] == ["self"] else names
    return f"{names.index(found.subject)} {found.subject}" if found.subject in names else ""


def _name(func: Any) -> str | None:
    """The last name of what is called, "" where it has none; None where nothing is called."""
    if func is None:
        return None
    name = getattr(getattr(func, "attr", func), "value", "")
    return name if isinstance(name, str) else ""
