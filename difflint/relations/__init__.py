"""What the functions of a file compute from what, and in which order they do things: `File` is what checks see."""

from __future__ import annotations

from difflint.relations.file import File
from difflint.relations.model import ClassInfo, Context, Definition, Event, Function
from difflint.relations.opening import Opener
from difflint.relations.project import Files
from difflint.relations.terms import Term

__all__ = ["ClassInfo", "Context", "Definition", "Event", "File", "Files", "Function", "Opener", "Term"]
