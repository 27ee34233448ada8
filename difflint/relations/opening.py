"""Opens terms: attributes become what the class sets them to, small functions what they return."""

from __future__ import annotations

from difflint.relations.expressions import evaluate
from difflint.relations.file import File
from difflint.relations.flow import Flow
from difflint.relations.model import Function, value_set
from difflint.relations.scope import Scope
from difflint.relations.terms import UNKNOWN, Term, phi, replaced

DEPTH = 12
MOST = 200  # things opened within one term: functions that call each other would go on for ever
MAX_SIZE = 3000


class Opener:
    """Opens terms of one file, and what they lead to in the files it imports."""

    def __init__(self, file: File) -> None:
        self.file = file
        self._attributes: dict[tuple[str, str], Term | None] = {}
        self._results: dict[int, Term | None] = {}
        self._opened: dict[Term, Term] = {}
        self._left = MOST

    def open(self, term: Term) -> Term:
        """The term with everything opened that means one thing for sure; the rest stays as it is written."""
        if term not in self._opened:
            self._left = MOST
            self._opened[term] = self._open(term, DEPTH)
        return self._opened[term]

    def _open(self, term: Term, depth: int) -> Term:
        if depth <= 0 or term.size > MAX_SIZE:
            return term
        made = replaced(term, lambda part: self._inner(part, depth))
        return made if made.size <= MAX_SIZE else term

    def _inner(self, part: Term, depth: int) -> Term | None:
        found = self.once(part) if self._left > 0 else None
        if found is None:
            return None
        self._left -= 1
        return self._open(found, depth - 1).at(part.node)

    def once(self, part: Term) -> Term | None:
        """What a term means that is an attribute, a global or a call itself; its parts stay as they are."""
        if part.op == "attr" and part.args[0].op == "self":
            return self.attribute(part)
        if part.op == "name":
            value = self.file.body.ends.get(str(part.value))
            simple = value is not None and value.op not in ("function", "class", "lib", "phi", "loop", "name")
            return value if simple else None
        return self._called(part) if part.op == "call" else None

    def attribute(self, term: Term) -> Term | None:
        """The one value that a class gives an attribute of ``self``; None is no value."""
        owner = self.file.class_of(term.args[0])
        if owner is None:
            return None
        key = owner.name, str(term.value)
        if key not in self._attributes:
            self._attributes[key] = None  # while we look: what leads to itself is not known
            self._attributes[key] = self._attribute(owner.name, str(term.value))
        return self._attributes[key]

    def _attribute(self, owner: str, name: str) -> Term | None:
        for cls in self.file.bases(self.file.classes[owner]):
            set_at = cls.attributes.get(name, [])
            values = [value_set(event) for _, event in set_at]
            values = [v for v in values if not (v.op == "const" and v.value is None)]
            if values:
                return values[0] if len(set(values)) == 1 and not set_at[0][1].loops else None
            if name in cls.members and cls.members[name].op != "function":
                return cls.members[name]
            if name in cls.methods and cls.methods[name].has_decorator("property", "cached_property"):
                return self.result(cls.methods[name])
        return None

    def _called(self, call: Term) -> Term | None:
        function = self.file.function(call.args[0])
        if function is None:
            return self._lambda_called(call)
        result = self.result(function)
        if result is None or call.open:
            return None
        given: dict[str, Term] = dict(function.defaults)
        given.update(zip(function.params, call.positional, strict=False))
        given.update(call.keywords)
        return _filled(result, given, function.qualname).at(call.node)

    def result(self, function: Function) -> Term | None:
        """What a function returns, in terms of its parameters; None where it returns nothing or several things."""
        if id(function) not in self._results:
            self._results[id(function)] = None  # recursion
            returned = tuple(t for t in function.returned if not (t.op == "const" and t.value is None))
            yields = any(event.kind == "yield" for event in function.events)
            if returned and not yields:
                self._results[id(function)] = phi(returned)
        return self._results[id(function)]

    def _lambda_called(self, call: Term) -> Term | None:
        called = call.args[0]
        if called.op == "name":
            called = self.file.body.ends.get(str(called.value), called)
        known = self.file.lambdas.get(called.value) if called.op == "lambda" and isinstance(called.value, int) else None
        if known is None or call.open:
            return None
        node, outer = known
        function = Function("<lambda>", "<lambda>", node, None)
        flow = Flow(function, Scope(outer=outer), lambda *_: UNKNOWN)
        names = [argument.arg for argument in node.args.args]
        given = {**dict(zip(names, call.positional, strict=False)), **call.keywords}
        for name in names:
            flow.scope.names[name] = given.get(name, UNKNOWN)
        return evaluate(flow, node.body).at(call.node)


def _filled(result: Term, given: dict[str, Term], qualname: str) -> Term:
    """What a function returns, its parameters replaced by what they are given."""

    def fill(part: Term) -> Term | None:
        own = part.op == "param" and part.value[1] == qualname
        return given.get(part.value[0], UNKNOWN) if own else None

    return replaced(result, fill)
