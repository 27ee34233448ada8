"""One path and what was observed on it; the nearest fact speaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from difflint.card import CardLine
from difflint.facts.cards.paths import Functions, Paths
from difflint.facts.events import Noted
from difflint.facts.report import Facts
from difflint.facts.steps import Site

LITERAL = r"""([-+\w.]+|"[^"]*"|'[^']*')"""
OPTION = (
    rf"""(?:add_argument|option)\(\s*["'][^)]*?--?{{name}}["'][^)]*?\bdefault\s*=\s*{LITERAL}\s*[,)]"""
    rf"""|DEFINE_\w+\(\s*["']{{name}}["'],\s*{LITERAL}\s*,"""
)
Event = TypeVar("Event")
Group = list[Noted]


@dataclass(eq=False)
class Context:
    """A path: where it starts, and its functions by their distance."""

    facts: Facts
    paths: Paths
    start: tuple[Site, ...]

    @cached_property
    def levels(self) -> tuple[Functions, ...]:
        return self.paths.levels(self.start)

    @cached_property
    def functions(self) -> Functions:
        return frozenset().union(*self.levels)

    def notes(self, *topics: str) -> list[Group]:
        """The nearest calls of these topics, the notes of one call together."""
        return grouped(self.near((n for n in self.facts.seen.notes if n.topic in topics), lambda n: n.inside))

    def every(self, *topics: str) -> list[Group]:
        """All calls of these topics on the path, the nearest first."""
        notes = [n for n in self.facts.seen.notes if n.topic in topics]
        return grouped([n for level in self.levels for n in notes if n.inside in level])

    def near(self, events: Iterable[Event], home: Callable[[Event], Site]) -> list[Event]:
        """The events of the nearest level that has any."""
        homes = [(event, home(event)) for event in events]
        found = ([event for event, at in homes if at in level] for level in self.levels)
        return next((events for events in found if events), [])

    @property
    def by_trainer(self) -> bool:
        """Whether a trainer that nobody shows runs the steps: it may clip and cast as it likes."""
        steps = any(getattr(getattr(f.node, "name", None), "value", "") == "training_step" for f in self.start)
        return steps and not self.every("trainer")

    def mentions(self, words: re.Pattern[str], networks: bool = True) -> bool:
        """Whether any of the words occurs on the path; what networks do inside can be left out."""
        functions = self.functions if networks else [f for f in self.functions if not self._is_layer(f)]
        return self.paths.mention(self.start, functions, words)

    def _is_layer(self, function: Site) -> bool:
        owner = self.facts.seen.owners.get(function)
        mine = any(self.facts.seen.owners.get(f) is owner for f in self.start)
        return owner is not None and not mine and owner.find("forward") is not None

    def line(self, topic: str, value: str | None, site: Site | None = None) -> CardLine:
        """A line with its place, if that is a file of this path: what is the same elsewhere is observed only once."""
        here = site is not None and value is not None and site.path in self.files
        return CardLine(topic, value, self.facts.place(site) if here and site is not None else None)

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset(function.path for function in self.functions)

    def option(self, name: str) -> str | None:
        """The default of a command-line option of this name, if the path's files agree on one literal."""
        given = re.compile(OPTION.format(name="[-_]".join(name.split("_"))))
        found = {match[1] or match[2] for path in self.files for match in given.finditer(self.paths.text(path))}
        return found.pop() if len(found) == 1 else None

    def absent(self, topic: str, words: re.Pattern[str], text: str = "none", networks: bool = True) -> CardLine:
        """Nothing of the kind is there if none of its words is, else it is unknown."""
        return CardLine(topic, None if self.mentions(words, networks) else text)


def grouped(notes: Iterable[Noted]) -> list[Group]:
    """The notes of one call together, in the order in which they were made."""
    found: dict[Site, Group] = {}
    for noted in notes:
        found.setdefault(noted.site, []).append(noted)
    return list(found.values())


def surely(group: Sequence[Noted]) -> bool:
    """Whether a call is made at all events, not only under a condition."""
    return any(noted.sure for noted in group)
