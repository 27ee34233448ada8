"""Constants from configuration: what command lines, dataclasses and files give is the value, a few, or unknown."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.facts.interpreting import SIGNED, UNIT, UNKNOWN, at_sink, at_sinks, facts_of

TRIPLE = "[-1, 2]"
ARGPARSE = "import argparse\np = argparse.ArgumentParser()\n"
SHOW = '\nsave_image(x * s - 1, "a.png")\n'  # [-1, s - 1]: s = 2 is [-1, 1], s = 3 is [-1, 2]

COMMAND_LINES = {
    "a default": ('p.add_argument("--s", default=2)\ns = p.parse_args().s', {SIGNED}),
    "the type of a text": ('p.add_argument("--s", type=float, default="2")\ns = p.parse_args().s', {SIGNED}),
    "a function as type": (
        'def two(t): return 2\np.add_argument("--s", type=two, default="two")\ns = p.parse_args().s',
        {SIGNED},
    ),
    "options made of a dict": (
        """
        for k, v in {"s": 2, "name": "big", "flag": False}.items():
            p.add_argument(f"--{k}", default=v, type=type(v))
        s = p.parse_args().s if p.parse_args().name == "big" else 3
        """,
        {SIGNED},
    ),
    "no default": ('p.add_argument("--s", type=float)\ns = p.parse_args().s', {UNKNOWN}),
    "a long name": ('p.add_argument("-s", "--some-scale", default=2)\ns = p.parse_args().some_scale', {SIGNED}),
    "a destination": ('p.add_argument("--t", dest="s", default=2)\ns = p.parse_args().s', {SIGNED}),
    "one of a few": (
        'p.add_argument("--s", type=int, choices=[2, 3], required=True)\ns = p.parse_args().s',
        {SIGNED, TRIPLE},
    ),
    "set_defaults wins": ('p.add_argument("--s", default=3)\np.set_defaults(s=2)\ns = p.parse_args().s', {SIGNED}),
    "set_defaults of something unknown": (
        'p.add_argument("--s", default=3)\np.set_defaults(**c)\ns = p.parse_args().s',
        {UNKNOWN},
    ),
    "a group": ('g = p.add_argument_group("g")\ng.add_argument("--s", default=2)\ns = p.parse_args().s', {SIGNED}),
    "a subparser": (
        'q = p.add_subparsers(dest="c").add_parser("a")\nq.add_argument("--s", default=2)\ns = p.parse_args().s',
        {SIGNED},
    ),
    "two subparsers": (
        """
        u = p.add_subparsers()
        u.add_parser("a").add_argument("--s", default=2)
        u.add_parser("b").add_argument("--s", default=3)
        s = p.parse_args().s
        """,
        {SIGNED, TRIPLE},
    ),
    "a parent": (
        'p.add_argument("--s", default=2)\nq = argparse.ArgumentParser(parents=[p])\ns = q.parse_args().s',
        {SIGNED},
    ),
    "known arguments": ('p.add_argument("--s", default=2)\na, rest = p.parse_known_args()\ns = a.s', {SIGNED}),
    "a command line in the code": ('p.add_argument("--s", default=2)\ns = p.parse_args(["--s", "3"]).s', {UNKNOWN}),
    "an empty one": ('p.add_argument("--s", default=2)\ns = p.parse_args([]).s', {SIGNED}),
    "as a dict": ('p.add_argument("--s", default=2)\ns = vars(p.parse_args())["s"]', {SIGNED}),
    "as keywords": (
        'p.add_argument("--s", default=2)\ndef f(s): return s\ns = f(**vars(p.parse_args()))',
        {SIGNED},
    ),
    "as EasyDict": (
        'from easydict import EasyDict\np.add_argument("--s", default=2)\ns = EasyDict(vars(p.parse_args())).s',
        {SIGNED},
    ),
    "changed": ('p.add_argument("--s", default=3)\na = p.parse_args()\na.s = 2\ns = a.s', {SIGNED}),
    "changed through its dict": (
        'p.add_argument("--s", default=3)\na = p.parse_args()\nvars(a).update(s=2)\ns = a.s',
        {SIGNED},
    ),
    "changed by something unknown": (
        'p.add_argument("--s", default=3)\na = p.parse_args()\nvars(a).update(c)\ns = a.s',
        {UNKNOWN},
    ),
    "set by unknown names": (
        'p.add_argument("--s", default=3)\na = p.parse_args()\nfor k, v in c: setattr(a, k, v)\ns = a.s',
        {TRIPLE, UNKNOWN},
    ),
    "changed in a branch": (
        'p.add_argument("--s", default=3)\na = p.parse_args()\nif c: a.s = 2\ns = a.s',
        {SIGNED, TRIPLE},
    ),
    "a flag": ('p.add_argument("--b", action="store_true")\ns = 3 if p.parse_args().b else 2', {SIGNED}),
    "a flag with a default": (
        'p.add_argument("--b", action="store_true", default=False)\ns = 3 if p.parse_args().b else 2',
        {SIGNED},
    ),
    "a flag that is always given": (
        'p.add_argument("--b", action="store_true", default=True)\ns = 2 if p.parse_args().b else 3',
        {SIGNED},
    ),
    "missing": ('p.add_argument("--s", default=3)\ns = getattr(p.parse_args(), "t", 2)', {SIGNED}),
    "not missing": ('p.add_argument("--t", default=2)\ns = getattr(p.parse_args(), "t", 3)', {SIGNED}),
}


@pytest.mark.parametrize(("text", "ranges"), COMMAND_LINES.values(), ids=COMMAND_LINES)
def test_argparse_gives_its_defaults(text: str, ranges: set[str]) -> None:
    assert at_sink(ARGPARSE + dedent(text) + SHOW) == ranges


def test_the_other_way_of_a_flag_is_looked_at() -> None:
    text = 'p.add_argument("--b", default=False, type=bool)\ns = 2\nif p.parse_args().b:\n    save_image(x, "b.png")'
    assert at_sinks(ARGPARSE + text + SHOW) == [{UNIT}, {SIGNED}]


OBJECTS = {
    "fields of a dataclass": (
        """
        from dataclasses import dataclass, field
        @dataclass
        class C:
            a: list = field(default_factory=lambda: [2])
            b: int = field(default=0)
        s = C().a[C().b]
        """,
        {SIGNED},
    ),
    "a dataclass from the command line": (
        """
        import tyro
        from dataclasses import dataclass
        @dataclass
        class C:
            s: float = 2
        s = tyro.cli(C).s
        """,
        {SIGNED},
    ),
    "several dataclasses": (
        """
        from transformers import HfArgumentParser
        from dataclasses import dataclass
        @dataclass
        class A:
            s: float = 2
        @dataclass
        class B:
            t: float = 3
        a, b = HfArgumentParser((A, B)).parse_args_into_dataclasses()
        s = a.s
        """,
        {SIGNED},
    ),
    "pydantic": (
        """
        from pydantic import BaseModel, Field
        class C(BaseModel):
            s: float = Field(2, gt=0)
        s = C().s
        """,
        {SIGNED},
    ),
    "ConfigDict": (
        """
        import ml_collections
        def get_config():
            config = ml_collections.ConfigDict()
            config.data = data = ml_collections.ConfigDict()
            data.s = 2
            return config
        s = get_config().data.s
        """,
        {SIGNED},
    ),
    "EasyDict of a dict": (
        'from easydict import EasyDict\nc = EasyDict({"a": {"s": 3}})\nc.a.s = 2\ns = c.a.s',
        {SIGNED},
    ),
    "SimpleNamespace": ("from types import SimpleNamespace\ns = SimpleNamespace(s=2).s", {SIGNED}),
    "a namespace filled from a dict": (
        """
        import argparse
        def space(d):
            made = argparse.Namespace()
            for k, v in d.items():
                setattr(made, k, space(v) if isinstance(v, dict) else v)
            return made
        s = space({"a": {"s": 2}}).a.s
        """,
        {SIGNED},
    ),
    "a dict of one's own with attributes": (
        """
        class Dot(dict):
            def __getattr__(self, name): return self[name]
            def __setattr__(self, name, value): self[name] = value
        s = Dot(s=2).s
        """,
        {SIGNED},
    ),
    "attributes of a class": ("class Config:\n    s = 2\ns = Config.s", {SIGNED}),
    "is it in": ('from easydict import EasyDict\nc = EasyDict(s=2)\ns = c.get("s") if "s" in c else 3', {SIGNED}),
    "what is not in it": ('from easydict import EasyDict\ns = EasyDict(t=2).get("s", 2)', {SIGNED}),
    "iterated": ("from easydict import EasyDict\nfor k, v in EasyDict(t=2).items(): s = v", {SIGNED}),
    "the environment": ('import os\ns = float(os.environ.get("S", "2")) if False else 2', {SIGNED}),
    "an environment without default": ('import os\ns = os.environ.get("S")', {UNKNOWN}),
    "absl": (
        """
        from absl import app, flags
        FLAGS = flags.FLAGS
        flags.DEFINE_float("s", 2, help="scale")
        s = FLAGS.s
        """,
        {SIGNED},
    ),
    "a flag's holder": ('from absl import flags\nf = flags.DEFINE_integer("s", 2, "scale")\ns = f.value', {SIGNED}),
    "OmegaConf": (
        """
        from omegaconf import OmegaConf
        c = OmegaConf.merge(OmegaConf.create({"a": {"s": 3, "t": 1}}), {"a": {"s": 2}}, OmegaConf.from_cli())
        s = c.a.s * c.a.t
        """,
        {SIGNED},
    ),
    "OmegaConf over something unknown": (
        'from omegaconf import OmegaConf\ns = OmegaConf.merge(OmegaConf.create({"s": 2}), other).s',
        {UNKNOWN},
    ),
    "a structured configuration": (
        """
        from omegaconf import OmegaConf
        from dataclasses import dataclass
        @dataclass
        class C:
            s: int = 2
        s = OmegaConf.structured(C).s
        """,
        {SIGNED},
    ),
    "a reference": ('from omegaconf import OmegaConf\ns = OmegaConf.create({"t": 2, "s": "${t}"}).s', {SIGNED}),
    "instantiate": (
        """
        from hydra.utils import instantiate
        class Scale:
            def __init__(self, s): self.s = s
        s = instantiate({"_target_": "snippet.Scale", "s": 2}).s
        """,
        {SIGNED},
    ),
    "instantiate_from_config": (
        """
        from ldm.util import instantiate_from_config
        class Scale:
            def __init__(self, s): self.s = s
        s = instantiate_from_config({"target": "snippet.Scale", "params": {"s": 2}}).s
        """,
        {SIGNED},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), OBJECTS.values(), ids=OBJECTS)
def test_configuration_objects_carry_their_values(text: str, ranges: set[str], tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text("")
    assert at_sink(dedent(text) + SHOW, tmp_path) == ranges


FUNCTIONS = {
    "click": """
        import click
        @click.command()
        @click.option("--some-scale", "s", default=2, type=float)
        def main(s):
            save_image(x * s - 1, "a.png")
        """,
    "click with keywords": """
        import click
        from easydict import EasyDict
        @click.command()
        @click.option("--s", default=2)
        def main(**kwargs):
            opts = EasyDict(kwargs)
            save_image(x * opts.s - 1, "a.png")
        if __name__ == "__main__":
            main()
        """,
    "typer": """
        import typer
        def main(s: float = typer.Option(2, help="scale")):
            save_image(x * s - 1, "a.png")
        typer.run(main)
        """,
    "fire": """
        import fire
        def main(s=2):
            save_image(x * s - 1, "a.png")
        fire.Fire(main)
        """,
    "app.run": """
        from absl import app
        def main(argv, s=2):
            save_image(x * s - 1, "a.png")
        app.run(main)
        """,
}


@pytest.mark.parametrize("text", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_is_run_with_its_defaults(text: str) -> None:
    assert at_sink(text) == {SIGNED}


def written(folder: Path, **files: str) -> Path:
    """Configuration files: ``__`` in a name stands for a slash, the last ``_`` for the dot."""
    for name, text in files.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        file = folder / f"{stem}.{ending}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), "utf-8")
    return folder


READERS = {
    "yaml": 'import yaml\nwith open("configs/a.yaml") as f:\n    s = yaml.safe_load(f)["m"]["s"]',
    "yaml of the text": 'import yaml\ns = yaml.load(open("configs/a.yaml").read(), Loader=yaml.SafeLoader)["m"]["s"]',
    "json": 'import json\ns = json.load(open("configs/a.json"))["m"]["s"]',
    "toml": 'import tomllib\ns = tomllib.load(open("configs/a.toml", "rb"))["m"]["s"]',
    "OmegaConf": 'from omegaconf import OmegaConf\ns = OmegaConf.load("configs/a.yaml").m.s',
    "the default of an option": ARGPARSE
    + 'p.add_argument("--c", default="configs/a.yaml")\nc = p.parse_args().c\n'
    + 'import yaml\ns = yaml.safe_load(open(c))["m"]["s"]',
    "a path put together": 'import os, yaml\ns = yaml.safe_load(open(os.path.join("configs", "a.yaml")))["m"]["s"]',
    "beside the file": """
        import os, yaml
        s = yaml.safe_load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "configs/a.yaml")))["m"]["s"]
        """,
    "an f-string": 'import yaml\nn = "a"\ns = yaml.safe_load(open(f"configs/{n}.yaml"))["m"]["s"]',
    "a method": 'import yaml\ns = yaml.safe_load(open("configs/a.yaml")).get("m").get("s")',
}


@pytest.mark.parametrize("text", READERS.values(), ids=READERS)
def test_a_file_of_the_project_is_read(text: str, tmp_path: Path) -> None:
    files = {"configs__a_yaml": "m: {s: 2}", "configs__a_json": '{"m": {"s": 2}}', "configs__a_toml": "[m]\ns = 2"}
    assert at_sink(dedent(text) + SHOW, written(tmp_path, **files)) == {SIGNED}


BROKEN = {
    "not there": {},
    "no yaml": {"a_yaml": "s: [2"},
    "tagged": {"a_yaml": "s: !!python/object/apply:os.getcwd []"},
    "a name of its own": {"a_yaml": "s: !scale 2"},
    "too large": {"a_yaml": "s: 2\n" + "# long\n" * 200_000},
    "too many": {
        "a_yaml": "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
        "f: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ns: 2"
    },
    "round and round": {"a_yaml": "s: &s [*s]"},
    "not text": {"a_yaml": "\x00"},
    "no dict": {"a_yaml": "2"},
    "a date": {"a_yaml": "s: 2001-01-01"},
}


@pytest.mark.parametrize("files", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_unknown(files: dict[str, str], tmp_path: Path) -> None:
    text = 'import yaml\ns = yaml.safe_load(open("a.yaml"))["s"]'
    assert at_sink(text + SHOW, written(tmp_path, **files)) == {UNKNOWN}


def test_nothing_outside_the_project_is_read(tmp_path: Path) -> None:
    written(tmp_path, a_yaml="s: 2")
    folder = tmp_path / "project"
    folder.mkdir()
    text = 'import yaml\ns = yaml.safe_load(open("../a.yaml"))["s"]'
    assert at_sink(text + SHOW, folder) == at_sink(text.replace("../", f"{tmp_path}/") + SHOW, folder) == {UNKNOWN}


def test_what_was_read_and_what_was_missing_are_noted(tmp_path: Path) -> None:
    written(tmp_path, a_yaml="s: 2")
    text = 'import yaml\nyaml.safe_load(open("a.yaml"))\nyaml.safe_load(open("b.yaml"))'
    consulted = facts_of(text, tmp_path).project.consulted
    assert {str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")} <= set(consulted)


@pytest.mark.parametrize("path", ['f"configs/{name}.yaml"', 'os.path.join("configs", args.config)'])
def test_a_path_with_unknown_parts_may_lead_to_a_few_files(path: str, tmp_path: Path) -> None:
    text = f"import os, yaml\nc = yaml.safe_load(open({path}))\ns = c['s']\nx = x * c['one']"
    two = written(tmp_path, configs__a_yaml="s: 2\none: 1", configs__b_yaml="s: 3\none: 1")
    assert at_sink(text + SHOW, two) == {SIGNED, TRIPLE}


def test_many_files_are_known_where_they_agree(tmp_path: Path) -> None:
    files = {f"configs__c{i}_yaml": f"s: 2\nt: {i}" for i in range(9)}
    text = 'import yaml\nc = yaml.safe_load(open(f"configs/{name}.yaml"))\n'
    written(tmp_path, **files)
    assert at_sink(f"{text}s = c['s']{SHOW}", tmp_path) == {SIGNED}
    assert at_sink(f"{text}s = c['t']{SHOW}", tmp_path) == {UNKNOWN}


def test_numbers_are_those_that_the_reader_makes(tmp_path: Path) -> None:
    written(tmp_path, a_yaml="s: 2e0")
    plain = 'import yaml\ns = yaml.safe_load(open("a.yaml"))["s"]'  # a text, as YAML 1.1 wants a dot
    assert at_sink(plain + SHOW, tmp_path) == {UNKNOWN}
    assert at_sink(f'from omegaconf import OmegaConf\ns = OmegaConf.load("a.yaml").s{SHOW}', tmp_path) == {SIGNED}


HYDRA = """
import hydra
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    save_image(x * {} - 1, "a.png")
main()
"""
COMPOSED = {
    "its own": ({"conf__config_yaml": "s: 2"}, "cfg.s", {SIGNED}),
    "a group": (
        {"conf__config_yaml": "defaults:\n- model: big\n- _self_", "conf__model__big_yaml": "s: 2"},
        "cfg.model.s",
        {SIGNED},
    ),
    "own values win": (
        {"conf__config_yaml": "defaults:\n- model: big\n- _self_\nmodel: {s: 2}", "conf__model__big_yaml": "s: 3"},
        "cfg.model.s",
        {SIGNED},
    ),
    "which wins is not said": (
        {"conf__config_yaml": "defaults:\n- model: big\nmodel: {s: 2}", "conf__model__big_yaml": "s: 3"},
        "cfg.model.s",
        {SIGNED, TRIPLE},
    ),
    "a file beside it": (
        {"conf__config_yaml": "defaults:\n- base\n- _self_", "conf__base_yaml": "s: 2"},
        "cfg.s",
        {SIGNED},
    ),
    "a package": (
        {"conf__config_yaml": "defaults:\n- m: a", "conf__m__a_yaml": "# @package _global_\ns: 2"},
        "cfg.s",
        {SIGNED},
    ),
    "nested groups": (
        {
            "conf__config_yaml": "defaults:\n- m: a",
            "conf__m__a_yaml": "defaults:\n- net: b\n- _self_",
            "conf__m__net__b_yaml": "s: 2",
        },
        "cfg.m.net.s",
        {SIGNED},
    ),
    "a group that is missing": (
        {"conf__config_yaml": "defaults:\n- _self_\n- m: gone\nm: {s: 2}"},
        "cfg.m.s",
        {UNKNOWN},
    ),
    "a reference": ({"conf__config_yaml": "t: 2\nm: {s: '${t}'}"}, "cfg.m.s", {SIGNED}),
    "a reference to itself": ({"conf__config_yaml": "s: 'a ${s} ${s} ${s}'"}, "cfg.s", {UNKNOWN}),
    "to be given": ({"conf__config_yaml": "s: ???"}, "cfg.s", {UNKNOWN}),
    "no such file": ({}, "cfg.s", {UNKNOWN}),
}


@pytest.mark.parametrize(("files", "value", "ranges"), COMPOSED.values(), ids=COMPOSED)
def test_hydra_composes_its_configuration(files: dict[str, str], value: str, ranges: set[str], tmp_path: Path) -> None:
    assert at_sink(HYDRA.format(value), written(tmp_path, **files)) == ranges
