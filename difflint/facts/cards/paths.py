"""Which functions belong together: the paths that lead through a training step or a sampler's loop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from difflint.facts.project import Module
from difflint.facts.report import Facts
from difflint.facts.steps import Site
from difflint.facts.values import Class
from difflint.findings import Place
from difflint.syntax.outline import Chunk, Definition
from difflint.syntax.positions import cut, place_of

FARTHEST = 12  # callers of callers: further away nothing speaks of this path any more
_COMMENT = re.compile(r"#[^\"'\n]*$", re.MULTILINE)
_TEST = re.compile(r"(^|/)(tests?/|test_|conftest)|_test\.py$")

Functions = frozenset[Site]


class Paths:
    """The call graph of what was interpreted. A function is the site of its node; a module's body has no node."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.calls = facts.seen.calls
        self._codes: dict[Site, str] = {}
        self.callers: dict[Site, set[Site]] = {}
        for caller, called in self.calls.items():
            for callee, _ in called:
                self.callers.setdefault(callee, set()).add(caller)

    @cached_property
    def modules(self) -> dict[str, Module]:
        return {module.path: module for module in self.facts.project.modules.values()}

    def reached(self, start: Iterable[Site]) -> Functions:
        """These functions and all that they call, directly or not."""
        found: set[Site] = set()
        waiting = list(start)
        while waiting:
            function = waiting.pop()
            if function not in found:
                found.add(function)
                waiting += [callee for callee, _ in self.calls.get(function, {})]
                waiting += self._constructors(function)
        return frozenset(found)

    def _constructors(self, function: Site) -> list[Site]:
        """What made the object whose method it is."""
        own = self.facts.seen.owners.get(function)
        return self._made_by.get(id(own.node), []) if own is not None else []

    @cached_property
    def _made_by(self) -> dict[int, list[Site]]:
        made: dict[int, list[Site]] = {}
        for function, cls in self.facts.seen.owners.items():
            if function.node.name.value == "__init__":
                made.setdefault(id(cls.node), []).append(function)
        return made

    def called_in(self, function: Site, span: Place) -> Functions:
        """What a function calls between two lines, and all that this calls."""
        called = self.calls.get(function, {})
        return self.reached(callee for callee, at in called if self.within(at, span))

    def within(self, site: Site, span: Place) -> bool:
        return site.path == span.path and span.line <= self.facts.place(site).line <= span.end_line

    def levels(self, start: Iterable[Site]) -> tuple[Functions, ...]:
        """From a place outward: what it calls; its callers and its class with what they call; their callers; ..."""
        above = beyond = set(start)
        known = set(self.reached(above))
        levels = [frozenset(known)]
        for _ in range(FARTHEST):
            mates = {mate for f in beyond for mate in self.mates(f)}
            callers = {c for f in beyond for c in self.callers.get(f, ()) if not is_test(c.path)}
            makers = {c for f in mates if is_constructor(f) for c in self.callers.get(f, ()) if self._is_script(c)}
            beyond = (callers | makers) - above
            above = above | beyond
            new = self.reached(beyond | mates) - known
            known |= new
            levels += [frozenset(new)] if new else []
        return tuple(levels)

    def _is_script(self, function: Site) -> bool:
        """Whether it is where a program begins, and no part of it that makes objects for its own use."""
        return function.node is None or (function not in self.facts.seen.owners and not self.callers.get(function))

    def mates(self, function: Site) -> Iterator[Site]:
        """The methods of its class, and of the classes that this refines or that refine it."""
        own = self.facts.seen.owners.get(function)
        if own is not None:
            yield from (f for f, cls in self.facts.seen.owners.items() if _related(own, cls))

    @cached_property
    def functions(self) -> dict[Site, None]:
        """Every function that was run or says something, in the order of observation."""
        called = (function for caller, pairs in self.calls.items() for function in (caller, *(f for f, _ in pairs)))
        noted = (noted.inside for noted in self.facts.seen.notes)
        return dict.fromkeys((*called, *noted))

    @cached_property
    def _bodies(self) -> dict[str, list[tuple[int, int, Site]]]:
        bodies: dict[str, list[tuple[int, int, Site]]] = {}
        for function in self.functions:
            if function.node is not None:
                bodies.setdefault(function.path, []).append((*self._lines(function), function))
        return bodies

    def _lines(self, function: Site) -> tuple[int, int]:
        """The first and the last line of a function."""
        if isinstance(function.node, Definition):
            chunk = function.node.chunk
            return chunk.first, chunk.first + chunk.text.rstrip().count("\n")
        place = self.facts.place(function)
        return place.line, place.end_line

    def home(self, site: Site) -> Site:
        """The innermost function that a place lies in."""
        line = self.facts.place(site).line
        around = [body for body in self._bodies.get(site.path, []) if body[0] <= line <= body[1]]
        return max(around, key=lambda body: (body[0], -body[1]))[2] if around else Site(site.path, None)

    def mention(self, start: Iterable[Site], functions: Iterable[Site], words: re.Pattern[str]) -> bool:
        """Whether the words occur in the files where a path starts, or in any other function of it."""
        own = {function.path for function in start}
        return any(words.search(self.text(path)) for path in own) or any(
            words.search(self.code(f)) for f in functions if f.path not in own
        )

    def text(self, path: str) -> str:
        """A file without its comments."""
        return _COMMENT.sub("", self.modules[path].text)

    def code(self, site: Site) -> str:
        """The code of a node without comments; of a module's body without the functions and classes it defines."""
        if site not in self._codes:
            self._codes[site] = _COMMENT.sub("", self._written(site))
        return self._codes[site]

    def _written(self, site: Site) -> str:
        if site.node is None:
            return _body(self.modules[site.path])
        if isinstance(site.node, Definition):
            return site.node.chunk.text
        return cut(self.facts.text(site.path), place_of(site.node))


def _body(module: Module) -> str:
    return "\n".join(part.text for part in module.outline.parts if isinstance(part, Chunk))


def _related(one: Class, other: Class) -> bool:
    first, second = ({id(c.node) for c in cls.mro() if isinstance(c, Class)} for cls in (one, other))
    return id(one.node) in second or id(other.node) in first


def is_constructor(function: Site) -> bool:
    return function.node is not None and getattr(getattr(function.node, "name", None), "value", "") == "__init__"


def is_test(path: str) -> bool:
    """Whether a file holds tests: they train and sample what nobody uses."""
    return bool(_TEST.search(path))
