"""Every rule is whole: its YAML, its check and its fixtures belong together; a broken rule file is named."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from difflint import places
from difflint.errors import RuleError, UnknownCode
from difflint.rules import UNUSED_SUPPRESSION, Rule, find_rule, load_check, load_rules

FIXTURES = places.ROOT / "fixtures"
RULES = load_rules()
CHECKED = [rule for rule in RULES if rule.id != UNUSED_SUPPRESSION]
GOOD = (places.RULES / f"{UNUSED_SUPPRESSION}-unused-suppression.yaml").read_text("utf-8")

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
each_checked_rule = pytest.mark.parametrize("rule", CHECKED, ids=lambda rule: rule.id)


def test_ids_and_names_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


@each_checked_rule
def test_every_rule_has_one_check(rule: Rule) -> None:
    check = load_check(rule)
    assert (check.of_facts is None) is not (check.of_file is None)


def test_every_check_has_a_rule() -> None:
    modules = {file.stem for file in (places.PACKAGE / "checks").glob("*.py")} - {"__init__"}
    assert modules == {rule.name.replace("-", "_") for rule in CHECKED}


@each_checked_rule
def test_every_rule_has_bad_and_good_fixtures(rule: Rule) -> None:
    assert list((FIXTURES / rule.id).glob("bad_*"))
    assert list((FIXTURES / rule.id).glob("good_*"))


def test_every_fixture_folder_has_a_rule() -> None:
    assert {folder.name for folder in FIXTURES.glob("DFL*")} == {rule.id for rule in CHECKED}


@each_rule
def test_message_placeholders_are_named_and_fill(rule: Rule) -> None:
    names = [name for _, name, _, _ in Formatter().parse(rule.message) if name is not None]
    assert all(name.isidentifier() for name in names)
    assert rule.message.format(**dict.fromkeys(names, "filled"))


@each_rule
def test_a_summary_is_one_line(rule: Rule) -> None:
    assert "\n" not in rule.summary
    assert len(rule.summary) <= 120


@each_rule
def test_a_rule_yields_to_rules_that_there_are(rule: Rule) -> None:
    assert set(rule.yields_to) <= {other.id for other in RULES} - {rule.id}


@each_checked_rule
def test_every_rule_says_where_its_claims_come_from(rule: Rule) -> None:
    assert rule.references


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: warning", "severity: fatal", "key 'severity': must be one of error, warning, not 'fatal'"),
        ("severity: warning", "sverity: warning", "unknown key 'sverity'"),
        ("severity: warning\n", "", "missing key 'severity'"),
        ("references: []", "references: text", "key 'references': must be a list of strings"),
        ("name: unused-suppression", "name: 3", "key 'name': must be a text"),
        ("name: unused-suppression", "name: other-name", "must be called DFL001-other-name.yaml"),
        ("id: DFL001", "id: [", "is not valid YAML"),
        (GOOD, "- a list", "must be a mapping"),
    ],
)
def test_a_broken_rule_file_is_named_with_its_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / f"{UNUSED_SUPPRESSION}-unused-suppression.yaml"
    file.write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("unused-suppression", "zz-other"):
        file = tmp_path / f"{UNUSED_SUPPRESSION}-{name}.yaml"
        file.write_text(GOOD.replace("unused-suppression", name), "utf-8")
    with pytest.raises(RuleError, match="key 'id': DFL001 is also the id of unused-suppression"):
        load_rules(tmp_path)


def test_a_rule_without_a_check_is_named() -> None:
    rule = next(rule for rule in RULES if rule.id == UNUSED_SUPPRESSION)
    with pytest.raises(RuleError, match=r"rule DFL001 .* has no function"):
        load_check(rule)


def test_a_rule_is_found_by_code_or_name_and_an_unknown_one_gets_a_suggestion() -> None:
    assert find_rule("dfl001", RULES) is find_rule("unused-suppression", RULES)
    with pytest.raises(UnknownCode, match="did you mean DFL"):
        find_rule("DFL0001", RULES)
