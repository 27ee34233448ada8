"""The configuration is found upward, validated key by key, and overridden by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from difflint.config import load_settings
from difflint.errors import ConfigError, UnknownCode
from difflint.rules import load_rules
from tests.conftest import Project

NONE: Mapping[str, Any] = {}


def test_the_nearest_file_that_speaks_of_difflint_counts(project: Project) -> None:
    root = project(
        {
            "pyproject.toml": '[tool.difflint]\nselect = ["DFL101"]\n',
            "src/pyproject.toml": "[project]\nname = 'inner'\n",
            "src/a.py": "",
        }
    )
    settings = load_settings(["src/a.py"], load_rules(), NONE)
    assert settings.select == ("DFL101",)
    assert settings.root == root


def test_difflint_toml_stands_before_pyproject(project: Project) -> None:
    project({"pyproject.toml": "[tool.difflint]\nselect = ['DFL1']\n", ".difflint.toml": "select = ['DFL3']\n"})
    assert load_settings(["."], load_rules(), NONE).select == ("DFL3",)


def test_without_a_file_every_stable_rule_runs(project: Project) -> None:
    project({})
    rules = load_rules()
    assert load_settings(["."], rules, NONE).active(rules) == tuple(rule for rule in rules if not rule.preview)


def test_the_command_line_replaces_a_key_of_the_file(project: Project) -> None:
    project({".difflint.toml": "select = ['DFL1']\nignore = ['DFL104']\n"})
    rules = load_rules()
    settings = load_settings(["."], rules, {"select": ("DFL104", "DFL30"), "ignore": ()})
    assert {rule.id[:5] for rule in settings.active(rules)} == {"DFL30"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = ['DFL101']", "unknown key 'selct' in [tool.difflint]; did you mean 'select'?"),
        ("zzz = 1", "unknown key 'zzz' in [tool.difflint]; the keys are select,"),
        ("select = 'DFL101'", "key 'select' must be a list of strings"),
        ("exclude = ['!']", "key 'exclude' must be a list of patterns as in .gitignore; '!' is not one"),
        ("preview = 1", "key 'preview' must be true or false"),
        ("per-file-ignores = ['a']", "key 'per-file-ignores' must be a table from file patterns to lists of codes"),
        ("select = [", ".difflint.toml: "),
    ],
)
def test_a_wrong_configuration_is_named_with_file_and_key(project: Project, text: str, message: str) -> None:
    project({".difflint.toml": text})
    with pytest.raises(ConfigError) as caught:
        load_settings(["."], load_rules(), NONE)
    assert message in str(caught.value)
    assert ".difflint.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["select", "ignore", "extend-select"])
def test_an_unknown_code_in_the_configuration_is_named_with_its_key(project: Project, key: str) -> None:
    project({".difflint.toml": f"{key} = ['DFL999']"})
    with pytest.raises(UnknownCode, match=f"{key}: unknown rule code 'DFL999'"):
        load_settings(["."], load_rules(), NONE)


def test_per_file_ignores_are_relative_to_the_configuration(project: Project) -> None:
    project({".difflint.toml": '[per-file-ignores]\n"tests/*.py" = ["DFL1"]\n', "tests/a.py": "", "b.py": ""})
    settings = load_settings(["."], load_rules(), NONE)
    assert not settings.runs("DFL101", "tests/a.py")
    assert settings.runs("DFL301", "tests/a.py")
    assert settings.runs("DFL101", "b.py")
