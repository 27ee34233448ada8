"""Constants from configuration: what command lines, dataclasses and files give is the value, a few, or unknown."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.facts.interpreting import SIGNED, UNIT, UNKNOWN, at_sink, at_sinks

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
