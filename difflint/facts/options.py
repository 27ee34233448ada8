"""What the command line gives: the defaults of argparse, click, typer, absl, fire and of dataclasses made from it.

A default is the usual value. A flag may be given or not; an option without default can be anything, one that must be
chosen from a few is one of them."""

from __future__ import annotations

from typing import Any

from difflint.facts import attributes, bunches
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.truth import truth
from difflint.facts.values import (
    ANY,
    MAX_CHOICES,
    NONE,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Library,
    LibraryObject,
    Option,
    Partial,
    Record,
    Unknown,
    Value,
    constant,
    join,
)

SILENT = (NONE, Const(""), Const(...))  # defaults that say nothing


def usual(name: str, value: Value, site: Site | None) -> Value:
    """A default of the command line; a flag may be the other way too."""
    if isinstance(value, Const) and isinstance(value.value, bool):
        return Option(f"option {name}", site, value.value)
    return Unknown(f"option {name}", site) if value in SILENT else value


def add_option(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``parser.add_argument``: the namespace gets the default."""
    namespace, names = arguments.args[:2]
    dest = constant(arguments.keyword("dest")) or _destination(names)
    if isinstance(namespace, Instance) and isinstance(dest, str) and dest:
        value = _argument(machine, frame, dest, arguments, site)
        old = namespace.attributes.get(dest)
        namespace.attributes[dest] = value if old is None else old if isinstance(old, Option) else join((old, value))
    return NONE


def _destination(names: Value) -> str:
    """The attribute that ``"-s", "--some-option"`` is stored in: the first long name, else the first."""
    texts = [constant(v) for v in names.items] if isinstance(names, Items) else []
    known = [t for t in texts if isinstance(t, str)]
    first = next((t for t in known if t.startswith("--")), known[0] if known else "")
    return first.lstrip("-").replace("-", "_")


def _argument(machine: Machine, frame: Frame, dest: str, arguments: Arguments, site: Site) -> Value:
    default, action = arguments.keyword("default") or NONE, _action(arguments.keyword("action"))
    if action in ("store_true", "store_false"):
        usually = action == "store_false" if default == NONE else truth(default)
        certain = (action == "store_true" and usually is True) or (action == "store_false" and usually is False)
        return Const(usually) if certain else Option(f"option {dest}", site, bool(usually))
    if action in ("help", "version"):
        return NONE
    if arguments.open:
        return Unknown(f"option {dest}", site)
    chosen = arguments.keyword("choices")
    if default == NONE and truth(arguments.keyword("required") or Const(False)) and isinstance(chosen, Items):
        return join(chosen.items) if 0 < len(chosen.items) <= MAX_CHOICES else Unknown(f"option {dest}", site)
    return usual(dest, _converted(machine, frame, default, arguments.keyword("type"), site), site)


def _action(value: Value | None) -> str | None:
    if isinstance(value, Library):
        return "flag" if value.name.endswith("BooleanOptionalAction") else "custom"
    text = constant(value)
    return text if isinstance(text, str) else None


def _converted(machine: Machine, frame: Frame, default: Value, kind: Value | None, site: Site) -> Value:
    """argparse gives a default that is a text to ``type``, and leaves any other alone."""
    text = constant(default)
    if not isinstance(text, str) or kind is None or kind == Library("builtins.str"):
        return default
    if isinstance(kind, Library) and kind.name in NUMBERS:
        try:
            return Const(NUMBERS[kind.name](text))
        except ValueError:
            return ANY
    if isinstance(kind, Library) and kind.name.startswith("pathlib."):
        return default
    return machine.call(frame, kind, Arguments((default,)), site) if isinstance(kind, Function) else ANY


NUMBERS: dict[str, Any] = {"builtins.int": int, "builtins.float": float}


def set_defaults(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``parser.set_defaults(a=1)``: wins over what ``add_argument`` said."""
    namespace = arguments.args[0]
    if isinstance(namespace, Instance):
        if arguments.open:
            bunches.forget_all(machine, frame, namespace)
        for name, value in arguments.kwargs:
            attributes.set_attribute(machine, frame, namespace, name, usual(name, value, site))
    return NONE


def parsed(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``parser.parse_args(args)``: what a list in the code gives is not the default."""
    namespace, given = arguments.args[:2]
    if isinstance(namespace, Instance) and isinstance(given, Items):
        for text in map(constant, given.items):
            name = str(text).partition("=")[0].lstrip("-").replace("-", "_")
            if name in namespace.attributes:
                attributes.set_attribute(machine, frame, namespace, name, Unknown(f"option {name}", site))
    return namespace


def add_flag(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """absl's ``flags.DEFINE_integer(name, default, help)``; gives a holder of the value."""
    namespace, name, default = arguments.args[:3]
    value = usual(str(constant(name)), default, site)
    if isinstance(namespace, Instance) and isinstance(constant(name), str):
        attributes.set_attribute(machine, frame, namespace, constant(name), value)
    return Record((("value", value), ("default", default)))


def field(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``dataclasses.field(default=1)``, ``field(default_factory=list)``, pydantic's ``Field(1)``."""
    default = arguments.keyword("default") or next(iter(arguments.args), None)
    factory = arguments.keyword("default_factory") or arguments.keyword("factory")
    if default is not None and default != Const(...):
        return default
    return Unknown("field", site) if factory is None else machine.call(frame, factory, Arguments(), site)


def typer_default(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``def main(lr: float = typer.Option(1e-4))``."""
    return usual("typer", arguments.get(0, "default") or NONE, site)


def run_function(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``fire.Fire(main)``, ``typer.run(main)``, ``app.run(main)``: called with its defaults."""
    target = arguments.args[0] if arguments.args else NONE
    runs = isinstance(target, Function | Partial)
    return machine.call(frame, target, Arguments(), site) if runs else Unknown("run", site)


def from_command_line(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``tyro.cli(Config)``, ``HfArgumentParser((A, B)).parse_args_into_dataclasses()``: objects of their defaults."""
    kind = arguments.args[0] if arguments.args else arguments.keyword("config_class") or ANY
    if isinstance(kind, Items):
        made = (from_command_line(machine, frame, Arguments((each,)), site) for each in kind.items)
        return Items(tuple(made), "tuple")
    result = machine.call(frame, kind, Arguments(), site) if isinstance(kind, Class | Function) else ANY
    if isinstance(kind, Class) and isinstance(result, Instance):
        for name, value in result.attributes.items():
            result.attributes[name] = usual(name, value, site) if isinstance(value, Const) else value
    return result


def objects_from_command_line(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """The same, always as a tuple."""
    found = from_command_line(machine, frame, arguments, site)
    return found if isinstance(found, Items) else Items((found,), "tuple")


def remembered(name: str) -> Any:
    """A decorator that is looked at when it meets its function."""

    def make(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
        names = Items(arguments.args, "tuple")
        return LibraryObject(name, (("names", names), *arguments.kwargs), site)

    return make


def filled(decorator: Value) -> tuple[tuple[str, Value], ...]:
    """The parameter that a decorator of click fills in."""
    if not isinstance(decorator, LibraryObject) or decorator.name != "click.option":
        return ()
    names = decorator.argument("names")
    name = _click_name(names) if isinstance(names, Items) else ""
    return ((name, _click_value(name, decorator)),) if name else ()


def _click_name(names: Items) -> str:
    """click's rule: a name without dashes, else the first one with two, else the first."""
    texts = [str(constant(v)).partition("/")[0] for v in names.items if isinstance(constant(v), str)]
    plain = [t for t in texts if not t.startswith("-")]
    long = [t for t in texts if t.startswith("--")]
    return next(iter([*plain, *long, *texts]), "").lstrip("-").replace("-", "_").lower()


def _click_value(name: str, decorator: LibraryObject) -> Value:
    names, default = decorator.argument("names"), decorator.argument("default")
    paired = isinstance(names, Items) and any("/" in str(constant(v)) for v in names.items)
    if default is None and (paired or truth(decorator.argument("is_flag") or Const(False))):
        default = Const(False)
    return usual(name, NONE if default is None else default, decorator.site)


INTRINSICS = {
    "difflint.add_option": add_option,
    "difflint.set_defaults": set_defaults,
    "difflint.parsed": parsed,
    "difflint.add_flag": add_flag,
    "difflint.from_command_line": objects_from_command_line,
    "click.option": remembered("click.option"),
    "typer.Option": typer_default,
    "typer.Argument": typer_default,
    **dict.fromkeys(("typer.run", "fire.Fire", "absl.app.run"), run_function),
    **dict.fromkeys(
        ("tyro.cli", "simple_parsing.parse", "pyrallis.parse", "draccus.parse", "jsonargparse.CLI"), from_command_line
    ),
    **dict.fromkeys(("dataclasses.field", "pydantic.Field", "attr.ib", "attr.field", "attrs.field"), field),
}
