"""Loads the rule files: YAML in, frozen and validated `Rule` values out; a broken file stops the program."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difflint import places
from difflint.errors import RuleError, UnknownCode

if TYPE_CHECKING:
    from difflint.facts import Facts, Problem
    from difflint.relations import File

UNUSED_SUPPRESSION = "DFL001"  # the one rule about comments, not about values: the engine itself reports it

LISTS = ("references", "yields_to")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "severity": ("error", "warning"),
    "confidence": ("high", "medium", "low"),
    "status": ("stable", "preview"),
}


@dataclass(frozen=True)
class Rule:
    """What a rule's YAML says; its logic is the function `load_check` returns."""

    id: str
    name: str
    severity: str
    confidence: str
    status: str
    summary: str
    message: str
    why: str
    fix: str
    references: tuple[str, ...]
    experiment: str | None
    yields_to: tuple[str, ...] = ()  # rules that say more about the same mistake at the same place

    @property
    def preview(self) -> bool:
        """Whether the rule runs only when it is asked for."""
        return self.status == "preview"


@dataclass(frozen=True)
class Check:
    """The logic of a rule: it judges either what the values of the whole project are, or the relations in one file."""

    of_facts: Callable[[Facts], Iterable[Problem]] | None = None
    of_file: Callable[[File], Iterable[Problem]] | None = None


@lru_cache(maxsize=1)
def load_rules(folder: Path = places.RULES) -> tuple[Rule, ...]:
    """All rules of ``folder``, by id; raises `RuleError` naming the file and the key."""
    rules: dict[str, Rule] = {}
    for file in sorted(folder.glob("DFL*.yaml")):
        rule = _read_rule(file)
        if rule.id in rules:
            raise RuleError(f"{file}: key 'id': {rule.id} is also the id of {rules[rule.id].name}")
        rules[rule.id] = rule
    return tuple(sorted(rules.values(), key=lambda rule: rule.id))


def find_rule(code: str, rules: Sequence[Rule]) -> Rule:
    """The rule with this id or name; raises `UnknownCode`."""
    for rule in rules:
        if code.upper() == rule.id or code == rule.name:
            return rule
    raise _unknown(code, rules, "")


def check_codes(codes: Iterable[str], rules: Sequence[Rule], origin: str) -> None:
    """Raises `UnknownCode`, naming ``origin``, for a code that is not the beginning of any rule's id."""
    for code in codes:
        if not any(matches(code, rule.id) for rule in rules):
            raise _unknown(code, rules, f"{origin}: ")


def matches(code: str, rule_id: str) -> bool:
    """Whether ``code`` ("DFL101", or a beginning such as "DFL1") selects the rule."""
    return bool(code) and rule_id.startswith(code)


def load_check(rule: Rule) -> Check:
    """``check(facts)`` of ``difflint/checks/<name>.py``, or its ``check_file(file)``; raises `RuleError`."""
    module = f"difflint.checks.{rule.name.replace('-', '_')}"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise RuleError(f"rule {rule.id} ({rule.name}) has no function {module}.check: {error}") from error
    if hasattr(found, "check_file"):
        return Check(of_file=found.check_file)
    if hasattr(found, "check"):
        return Check(of_facts=found.check)
    raise RuleError(f"rule {rule.id} ({rule.name}) has no function {module}.check")


def _unknown(code: str, rules: Sequence[Rule], origin: str) -> UnknownCode:
    close = get_close_matches(code.upper(), [rule.id for rule in rules], n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else "'difflint rules' lists them"
    return UnknownCode(f"{origin}unknown rule code {code!r}; {hint}")


def _read_rule(file: Path) -> Rule:
    raw = read_yaml(file)
    expected = [field.name for field in fields(Rule)]
    for key in raw:
        if key not in expected:
            raise RuleError(f"{file}: unknown key {key!r}; the keys are {', '.join(expected)}")
    raw = {"yields_to": [], **raw}
    for key in expected:
        _check_key(file, key, raw)
    if file.name != f"{raw['id']}-{raw['name']}.yaml":
        raise RuleError(f"{file}: key 'id' or 'name': the file must be called {raw['id']}-{raw['name']}.yaml")
    texts = {key: raw[key].strip() for key in expected if key not in (*LISTS, "experiment")}
    references, others = (tuple(raw[key]) for key in LISTS)
    return Rule(**texts, references=references, yields_to=others, experiment=raw["experiment"])


def _check_key(file: Path, key: str, raw: Mapping[str, Any]) -> None:
    if key not in raw:
        raise RuleError(f"{file}: missing key {key!r}")
    value = raw[key]
    if key in LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise RuleError(f"{file}: key {key!r}: must be a list of strings")
    elif key == "experiment" and value is None:
        return
    elif not isinstance(value, str) or not value.strip():
        raise RuleError(f"{file}: key {key!r}: must be a text that is not empty")
    elif value not in _CHOICES.get(key, (value,)):
        raise RuleError(f"{file}: key {key!r}: must be one of {', '.join(_CHOICES[key])}, not {value!r}")


def read_yaml(file: Path, kind: type = dict) -> Any:
    """The content of a file of rules, which has to be a mapping (or a list); raises `RuleError` naming the file."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times faster where it was built
    try:
        raw = yaml.load(file.read_text("utf-8"), Loader=loader)
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{file}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise RuleError(f"{file}: is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, kind):
        raise RuleError(f"{file}: must be a {'mapping of keys to values' if kind is dict else 'list'}")
    return raw
