"""Abstract values: what the interpreter knows of a Python value; all immutable but an instance's attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from difflint.facts.steps import Site
from difflint.facts.tensors import Identified, identity_of
from difflint.facts.tensors import Kind as Kind
from difflint.facts.tensors import Network as Network
from difflint.facts.tensors import Origin as Origin
from difflint.facts.tensors import Tensor as Tensor

MAX_CHOICES = 4
LARGEST = 1e300


class Unknown:
    """Anything. Every operation takes it, and no rule speaks about it. Identity is all it has."""

    __slots__ = ("site", "what")

    def __init__(self, what: str = "", site: Site | None = None) -> None:
        self.what = what
        self.site = site

    def __repr__(self) -> str:
        return f"any({self.what})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and (self.what, self.site) == (other.what, other.site)

    def __hash__(self) -> int:
        return hash((self.what, self.site))

    @property
    def network(self) -> Network:
        """The identity of a network that is only known as a parameter."""
        return Network(self.what, self.site, own=True, name=self.what)

    @property
    def is_coefficient(self) -> bool:
        """Whether it is a schedule table, a timestep or another number that only scales tensors."""
        return self.what == "coefficient"

    @property
    def is_index(self) -> bool:
        """Whether it is a whole number that counts items."""
        return self.what == "index"


class Option(Unknown):
    """A flag of the command line: either way is possible, the default one is the usual."""

    __slots__ = ("default",)

    def __init__(self, what: str, site: Site | None, default: bool) -> None:
        super().__init__(what, site)
        self.default = default


class Deferred(Unknown):
    """An imported name that nobody has used yet: its module is interpreted when somebody does."""

    __slots__ = ("_make",)

    def __init__(self, what: str, make: Callable[[], Value]) -> None:
        super().__init__(what)
        self._make = make

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def now(self) -> Value:
        return self._make()


@dataclass(frozen=True)
class Const:
    """A Python value that is known: a number, string, None, bool."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, eq=False)
class Items(Identified):
    """A list, tuple or set whose items are known."""

    items: tuple[Value, ...]
    kind: str = "list"

    @cached_property
    def identity(self) -> int:
        return identity_of(Items, self.items, self.kind)

    @cached_property
    def weight(self) -> int:
        """How many values there are in it, at all depths; lists of lists grow without end."""
        return 1 + sum(item.weight if isinstance(item, Items) else 1 for item in self.items)


@dataclass(frozen=True, eq=False)
class Elements(Identified):
    """An iterable of any length: what its items may be, and what the first one is where that is known."""

    item: Value
    first: Value | None = None
    some: bool = False  # whether there surely is one
    numbers: range | None = None  # the numbers of a range

    @cached_property
    def identity(self) -> int:
        return identity_of(Elements, self.item, self.first, self.some, self.numbers)


@dataclass(frozen=True, eq=False)
class Record(Identified):
    """A dict, or anything that carries values under known keys; ``rest`` is what any other key gives."""

    entries: tuple[tuple[Any, Value], ...] = ()
    rest: Value | None = None
    ordered: bool = False  # a named tuple: positions count too

    @cached_property
    def identity(self) -> int:
        return identity_of(Record, self.entries, self.rest, self.ordered)

    def get(self, key: Any) -> Value | None:
        return next((value for name, value in self.entries if name == key), self.rest)

    def put(self, key: Any, value: Value) -> Record:
        kept = tuple((name, old) for name, old in self.entries if name != key)
        return replace(self, entries=(*kept, (key, value)))


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the project (or a stub body), with the scope it was defined in and what it is bound to."""

    node: Any
    module: Any
    scope: Any
    owner: Class | None = None
    bound: Value | None = None
    defaults: tuple[tuple[str, Value], ...] = ()
    decorators: tuple[str, ...] = ()

    def of(self, bound: Value) -> Function:
        """The same function as a method of something; made so often that ``replace`` would be felt."""
        made = object.__new__(Function)
        made.__dict__.update(self.__dict__, bound=bound)
        return made

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Function)
            and self.node is other.node
            and self.bound == other.bound
            and self.scope is other.scope
        )

    def __hash__(self) -> int:
        return hash((id(self.node), id(self.scope), self.bound))


def _merged(lines: list[list[Class | Library]]) -> Iterator[Class | Library]:
    """C3: the first head that stands in nobody's tail; what Python would refuse goes in the order of the bases."""
    while lines := [line for line in lines if line]:
        heads = [line[0] for line in lines]
        head = next((h for h in heads if not any(h in line[1:] for line in lines)), heads[0])
        yield head
        lines = [[c for c in line if c is not head and c != head] for line in lines]


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the project or a stub; library bases stay library names."""

    name: str
    node: Any
    module: Any
    bases: tuple[Value, ...]
    members: dict[str, Value]

    above: tuple[Class | Library, ...] | None = None  # what ``super()`` goes on with, instead of the bases

    @cached_property
    def order(self) -> tuple[Class | Library, ...]:
        """The classes in which a name is looked up, the first one first: Python's C3 order."""
        if self.above is not None:
            return (self, *self.above)
        bases = [base for base in self.bases if isinstance(base, Class | Library)]
        lines: list[list[Class | Library]]
        lines = [list(base.order) if isinstance(base, Class) else [base] for base in bases]
        return (self, *_merged([*lines, list(bases)]))

    def mro(self) -> Iterator[Class | Library]:
        return iter(self.order)

    def find(self, name: str) -> Value | None:
        for cls in self.mro():
            if isinstance(cls, Class) and name in cls.members:
                return cls.members[name]
        return None

    @property
    def key(self) -> str:
        return f"{self.module.name}.{self.name}"


@dataclass(eq=False, slots=True)
class Life:
    """When an object was made, and what became of it since."""

    born: int = 0
    era: int = -1
    changed: bool = False  # since its constructor ended
    shared: bool = False  # it stands for several objects


@dataclass(frozen=True, eq=False)
class Instance:
    """An object of a project class; the one mutable value, as objects are."""

    cls: Class
    site: Site | None
    attributes: dict[str, Value] = field(default_factory=dict)
    life: Life = field(default_factory=Life)

    @property
    def network(self) -> Network:
        """Objects of one class may stand for each other in other files; a library container is only itself."""
        return Network(self.cls.key, self.site, own=bool(self.cls.module.stub), name=self.cls.name)


@dataclass(frozen=True)
class Library:
    """A name of a library, resolved to its full dotted path: ``torch.nn.functional.mse_loss``; one row may stand for
    several names, ``written`` is the one that was used."""

    name: str
    written: str = field(compare=False, default="")


@dataclass(frozen=True)
class LibraryObject:
    """What calling a library class gave, with the arguments it was made from."""

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()
    site: Site | None = None

    def argument(self, name: str) -> Value | None:
        return next((value for key, value in self.arguments if key == name), None)

    @property
    def network(self) -> Network:
        layer = self.name.startswith("torch.nn.")
        return Network(self.name, self.site, own=layer, name=self.name.rpartition(".")[2])


@dataclass(frozen=True)
class Method:
    """A library method bound to a value that is not an instance of a project class."""

    owner: Value
    name: str


@dataclass(frozen=True)
class Partial:
    """A callable with some arguments filled in."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, eq=False)
class Choice(Identified):
    """One of a few values, kept apart: two branches give two."""

    values: tuple[Value, ...]

    @cached_property
    def identity(self) -> int:
        return identity_of(Choice, self.values)


Value = (
    Tensor
    | Unknown
    | Const
    | Items
    | Elements
    | Record
    | Function
    | Class
    | Instance
    | Library
    | LibraryObject
    | Method
    | Partial
    | Choice
)

NONE = Const(None)
ANY = Unknown()
COEFFICIENT = Unknown("coefficient")
MANY = Unknown("one of many values")  # and it stays that, whatever else it may be


def forced(value: Value) -> Value:
    """The value itself, imported if need be."""
    return value.now() if isinstance(value, Deferred) else value


def choices(value: Value) -> tuple[Value, ...]:
    """The values it may be."""
    return value.values if isinstance(value, Choice) else (value,)


def usable(value: Choice) -> tuple[Value, ...]:
    """What it may be where None would raise: as the owner of an attribute or item, in a call, at a sink."""
    return tuple(v for v in value.values if v != NONE) or value.values


def join(values: Iterable[Value]) -> Value:
    """One value that stands for all; more than a few different ones are unknown."""
    distinct = list(dict.fromkeys(v for value in values for v in choices(value)))
    if not distinct:
        return NONE
    if len(distinct) > MAX_CHOICES:  # too many coefficients are any coefficient
        distinct = list(dict.fromkeys(COEFFICIENT if getattr(v, "is_coefficient", False) else v for v in distinct))
    if len(distinct) == 1:
        return distinct[0]
    return MANY if len(distinct) > MAX_CHOICES or MANY in distinct else Choice(tuple(distinct))


def tensors(value: Value | None) -> tuple[Tensor, ...]:
    """The tensors among its choices."""
    return tuple(v for v in choices(value) if isinstance(v, Tensor)) if value is not None else ()


def is_ordinary(number: Any) -> bool:
    """Whether it is a real number that arithmetic can go on with: neither endless nor longer than a float."""
    return isinstance(number, int | float) and abs(number) < LARGEST


def constant(value: Value | None) -> Any:
    """The Python value it surely is, else None."""
    return value.value if isinstance(value, Const) else None
