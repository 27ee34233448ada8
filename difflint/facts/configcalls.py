"""Calls that read configurations: YAML, JSON and TOML loaders, OmegaConf, Hydra, ``instantiate``, the environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from difflint.facts import bunches, configs, dotted, hydra, options
from difflint.facts.machine import Arguments, Machine
from difflint.facts.project import Module
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.truth import truth
from difflint.facts.values import (
    ANY,
    NONE,
    Choice,
    Class,
    Const,
    Instance,
    Items,
    LibraryObject,
    Partial,
    Record,
    Unknown,
    Value,
    constant,
    join,
)


def module_of(machine: Machine, frame: Frame) -> Module:
    """The file of the user's that is running."""
    modules: list[Module] = [f.scope.module for f in (frame, *reversed(machine.stack))]
    return next((module for module in modules if not module.stub), modules[0])


def loader(kind: str) -> Any:
    """``yaml.safe_load(f)``, ``json.load(f)``: the content of the file, as plain dicts."""

    def load(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
        where = arguments.args[0] if arguments.args else arguments.keyword("stream")
        if where is None or (isinstance(where, Unknown) and not isinstance(where, configs.Pattern)):
            return Unknown("loaded", site)
        return configs.load(machine.project, module_of(machine, frame), where, kind)

    return load


def open_file(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``open(path)``, ``Path(path)``: remembered by its path."""
    return LibraryObject("io.TextIOWrapper", (("file", arguments.get(0, "file") or ANY),), site)


def omega_load(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    found = configs.load(machine.project, module_of(machine, frame), arguments.get(0, "file_"), "omegaconf")
    return bunches.make(machine, frame, configs.resolved(found), site)


def omega_create(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    given = arguments.get(0, "obj") or Record()
    if isinstance(given, Class):
        given = machine.call(frame, given, Arguments(), site)
    return bunches.make(machine, frame, configs.resolved(_fields(given)), site)


def _fields(value: Value) -> Value:
    """A dataclass's object, or a dict, as a dict."""
    if isinstance(value, Instance) and value.cls.find("__dataclass__") is not None:
        return Record(tuple((key, _fields(item)) for key, item in value.attributes.items()))
    return bunches.plain(value)


def omega_merge(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    result: Value = Record(rest=ANY if arguments.open else None)
    for given in arguments.args:
        if isinstance(given, Class):
            given = machine.call(frame, given, Arguments(), site)
        result = configs.updated(result, _fields(given))
    return bunches.make(machine, frame, result, site)


def command_line(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``OmegaConf.from_cli()``: usually nothing is overridden."""
    return Record() if not arguments.args else Record(rest=ANY)


def same(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``f.read()``: the text stands for its file."""
    return arguments.args[0] if arguments.args else ANY


def container(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``OmegaConf.to_container(cfg)``, ``cfg.to_dict()``."""
    return bunches.plain(arguments.args[0]) if arguments.args else ANY


def select(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    path = constant(arguments.get(1, "key"))
    root = bunches.plain(arguments.args[0]) if arguments.args else ANY
    return bunches.make(machine, frame, configs.at(root, path), site) if isinstance(path, str) else ANY


def filled(machine: Machine, frame: Frame, node: Any, decorator: Value) -> tuple[tuple[str, Value], ...]:
    """The parameters of a function that a decorator fills in: ``@click.option(...)``, ``@hydra.main(...)``."""
    if not isinstance(decorator, LibraryObject) or decorator.name != "hydra.main" or not node.params.params:
        return options.filled(decorator)
    names = decorator.argument("names")
    given = names.items if isinstance(names, Items) else ()
    folder = decorator.argument("config_path") or next(iter(given), Const("."))
    name = decorator.argument("config_name") or next(iter(given[1:]), NONE)
    found = hydra.compose(machine.project, frame.scope.module, folder, name)
    config = bunches.make(machine, frame, found, decorator.site or Site(frame.path, None))
    return ((node.params.params[0].name.value, config),)


def instantiate(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``instantiate(config, **more)``: what ``_target_`` names is called with the other entries; so is ``target`` with
    its ``params``."""
    config = bunches.plain(arguments.args[0]) if arguments.args else ANY
    if isinstance(config, Choice):
        ways = (replace(arguments, args=(v, *arguments.args[1:])) for v in config.values)
        return join(instantiate(machine, frame, way, site) for way in ways)
    if not isinstance(config, Record):
        return config if isinstance(config, Const) else Unknown("instantiated", site)
    target = constant(config.get("_target_") or config.get("target"))
    if not isinstance(target, str):
        return Unknown("instantiated", site)
    callee = dotted.resolve_dotted(machine, module_of(machine, frame), target)
    given = _given(machine, frame, config, arguments, site)
    if truth(config.get("_partial_") or Const(False)):
        return Partial(callee, given.args, given.kwargs)
    return machine.call(frame, callee, given, site)


def _given(machine: Machine, frame: Frame, config: Record, arguments: Arguments, site: Site) -> Arguments:
    named = config if config.get("_target_") is not None else config.get("params")
    entries = named.entries if isinstance(named, Record) else ()
    nested = config.get("_target_") is not None and truth(config.get("_recursive_") or Const(True)) is not False
    made = {
        str(key): _nested(machine, frame, value, site) if nested else bunches.make(machine, frame, value, site)
        for key, value in entries
        if not str(key).startswith("_")
    }
    is_open = arguments.open or (isinstance(named, Record) and named.rest is not None)
    return Arguments(arguments.args[1:], tuple({**made, **dict(arguments.kwargs)}.items()), is_open)


def _nested(machine: Machine, frame: Frame, value: Value, site: Site) -> Value:
    """Hydra makes the objects inside first."""
    if isinstance(value, Items):
        return Items(tuple(_nested(machine, frame, v, site) for v in value.items), value.kind)
    if isinstance(value, Record) and value.get("_target_") is not None:
        return instantiate(machine, frame, Arguments((value,)), site)
    return bunches.make(machine, frame, value, site)


def environment(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``os.environ.get("X", "1")``, ``os.getenv``: usually the default."""
    given = arguments.get(1, "default")
    return given if isinstance(given, Const) and given != NONE else Unknown("environment", site)


def joined_path(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``os.path.join``; unknown parts leave a pattern."""
    parts = list(arguments.args)
    while len(parts) > 1 and str(constant(parts[1]) or "").startswith("/"):
        parts.pop(0)
    return Unknown("path", site) if arguments.open or not parts else configs.pattern(parts, "/")


def folder_of(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    text = constant(arguments.args[0]) if arguments.args else None
    return Const(text.rpartition("/")[0] or ".") if isinstance(text, str) else Unknown("path", site)


def same_path(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``abspath``, ``realpath``, ``expanduser`` of a known path."""
    given = arguments.args[0] if arguments.args else ANY
    return given if isinstance(given, Const | configs.Pattern) else Unknown("path", site)


OMEGA = "omegaconf.OmegaConf."
INTRINSICS = {
    **dict.fromkeys(("yaml.safe_load", "yaml.load", "yaml.full_load", "yaml.unsafe_load"), loader("yaml")),
    **dict.fromkeys(("json.load", "json.loads"), loader("json")),
    **dict.fromkeys(("toml.load", "toml.loads", "tomllib.load", "tomli.load", "tomllib.loads"), loader("toml")),
    "io.TextIOWrapper.read": same,
    f"{OMEGA}load": omega_load,
    f"{OMEGA}create": omega_create,
    f"{OMEGA}structured": omega_create,
    f"{OMEGA}merge": omega_merge,
    f"{OMEGA}unsafe_merge": omega_merge,
    f"{OMEGA}from_cli": command_line,
    f"{OMEGA}to_container": container,
    f"{OMEGA}to_object": container,
    f"{OMEGA}select": select,
    "hydra.main": options.remembered("hydra.main"),
    **dict.fromkeys(("hydra.utils.instantiate", "hydra.utils.call"), instantiate),
    **dict.fromkeys(("ldm.util.instantiate_from_config", "sgm.util.instantiate_from_config"), instantiate),
    "os.environ.get": environment,
    "os.getenv": environment,
    "os.path.join": joined_path,
    "os.path.dirname": folder_of,
    **dict.fromkeys(("os.path.abspath", "os.path.realpath", "os.path.expanduser", "os.path.normpath"), same_path),
    "pathlib.Path": open_file,
}
