"""What a check says about a repair: each function makes one `Edit` from a place that the check knows.

    Problem(..., fix=Fix("safe", "Clamp before the cast.", (wrap(place, "{}.clamp(0, 255)", of=RECEIVER),)))

`difflint.fixes` works out the text of each edit; a fix with an edit that cannot be made exactly (nothing of that kind
stands at the place, say) is dropped, and the finding is reported without one. So a check need not look at syntax.
"""

from __future__ import annotations

from difflint.findings import Edit, Place

RECEIVER = "receiver"  # of a method call: x in x.byte()
VALUE = "value"  # of an assignment or a return


def replace(place: Place, code: str, of: str = "") -> Edit:
    """The expression at the place becomes ``code``, in parentheses where it needs them.

    ``of`` takes a part of what stands there: `RECEIVER`, `VALUE`, or an argument of the call by its position ("0") or
    its name; "1 image" is the argument at position 1 or the one named image."""
    return Edit(place, code, "replace", of)


def wrap(place: Place, template: str, of: str = "") -> Edit:
    """``{}`` in the template stands for the expression at the place (or that part of it): ``"{} * 0.5 + 0.5"``.

    Parentheses come where they are needed, around what stands for ``{}`` and around the whole."""
    return Edit(place, template, "wrap", of)


def unwrap(place: Place, steps: int) -> Edit:
    """The expression at the place loses its last arithmetic steps: of ``x / 127.5 - 1`` two leave ``x``.

    An assignment that would give a name its own value goes altogether."""
    return Edit(place, "", "unwrap", str(steps))


def before(place: Place, statement: str) -> Edit:
    """A new statement on lines of its own, before the statement that holds the place and indented like it."""
    return Edit(place, statement, "before")


def after(place: Place, statement: str) -> Edit:
    """As `before`, but after the statement; what follows a compound statement comes after its whole block."""
    return Edit(place, statement, "after")


def delete(place: Place) -> Edit:
    """The statement that holds the place goes; a block that would be empty keeps a ``pass``."""
    return Edit(place, "", "delete")


def argument(place: Place, code: str, name: str) -> Edit:
    """The call at the place gets ``name=code``: in place of the value the keyword has, else as its last argument.

    ``"1 dtype"`` also takes the place of the argument at that position, where there is one."""
    return Edit(place, code, "argument", name)


def positional(place: Place, code: str, index: int) -> Edit:
    """The call at the place gets ``code`` as its argument at ``index`` (from 0), before those that stand there now."""
    return Edit(place, code, "positional", str(index))


def without(place: Place, argument: str) -> Edit:
    """The call at the place loses an argument, named as in `replace`: "0", "dim", or "1 dim"."""
    return Edit(place, "", "without", argument)


def rename(place: Place, name: str) -> Edit:
    """The function or method that is called at the place becomes another of the same owner: randn for rand."""
    return Edit(place, name, "rename")


def add_import(place: Place, statement: str) -> Edit:
    """The file of the place imports that too (``"import torch"``, ``"from torch import amp"``), unless it does."""
    return Edit(place, statement, "import")
