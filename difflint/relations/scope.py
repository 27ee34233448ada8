"""What names stand for at a point of a function, and where ways meet."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from difflint.relations.model import Definition
from difflint.relations.terms import UNKNOWN, Term, phi

USUAL = {  # what these names mean in a notebook or a snippet that does not show its imports
    "torch": "torch",
    "np": "numpy",
    "numpy": "numpy",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "math": "math",
    "plt": "matplotlib.pyplot",
}
Reaching = frozenset[Definition]
NOTHING: Reaching = frozenset()


@dataclass(eq=False)
class Scope:
    """The names of one function; ``outer`` is that of the function or module around it."""

    names: dict[str, Term] = field(default_factory=dict)
    reaching: dict[str, Reaching] = field(default_factory=dict)
    outer: Scope | None = None
    within: bool = False  # of a comprehension: it sees what the scope around it sees
    alive: bool = True  # False behind a return, raise, break or continue

    def copy(self) -> Scope:
        return Scope(dict(self.names), dict(self.reaching), self.outer, self.within, self.alive)

    def become(self, other: Scope) -> None:
        self.names, self.reaching, self.alive = other.names, other.reaching, other.alive

    def read(self, name: str, node: ast.AST) -> Term:
        """What a name stands for; whoever reads it uses its definitions."""
        for definition in self.reaching.get(name, NOTHING):
            definition.read()
        if name in self.names:
            return self.names[name].at(node)
        if self.outer is not None:
            return self.outer.read(name, node) if self.within else self.outer.seen_from_inside(name, node)
        return Term("lib", (), USUAL[name], node) if name in USUAL else Term("name", (), name, node)

    def seen_from_inside(self, name: str, node: ast.AST) -> Term:
        """A name of an outer function or of the module: what is computed there is only named here."""
        found = self.read(name, node)
        if self.outer is not None or found.op in ("lib", "function", "class", "const"):
            return found
        return Term("name", (), name, node)

    def bind(self, name: str, term: Term, definition: Definition | None) -> None:
        """Give a name a value; what was known of its parts is forgotten."""
        start = f"{name}."
        for path in [path for path in self.names if path.startswith(start)]:
            del self.names[path]
        self.names[name] = term
        self.reaching[name] = NOTHING if definition is None else frozenset((definition,))


def meet(scopes: Iterable[Scope]) -> Scope:
    """Where ways meet: a name is any of what the living ways made of it."""
    ways = list(scopes)
    living = [way for way in ways if way.alive]
    if not living:
        return ways[0]
    if len(living) == 1:
        return living[0]
    names = dict.fromkeys(name for way in living for name in way.names)
    met = Scope(outer=living[0].outer)
    for name in names:
        if "." in name and not all(name in way.names for way in living):
            continue  # an attribute that one way has not touched is what it was when the function began
        met.names[name] = phi(tuple(way.names.get(name, UNKNOWN) for way in living))
        reaching = frozenset(d for way in living for d in way.reaching.get(name, NOTHING))
        if reaching:
            met.reaching[name] = reaching
    return met
