"""Configuration files of the project: what is read, what is not, and what Hydra composes of them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.facts.interpreting import SIGNED, UNKNOWN, at_sink, facts_of

TRIPLE = "[-1, 2]"
ARGPARSE = "import argparse\np = argparse.ArgumentParser()\n"
SHOW = '\nsave_image(x * s - 1, "a.png")\n'  # [-1, s - 1]: s = 2 is [-1, 1], s = 3 is [-1, 2]


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
