"""Suppression comments silence the finding they stand at, only that one, and are reported when they silence none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from difflint.findings import Finding, Place
from difflint.suppress import claim, find_suppressions, split
from tests.samples import FINDING


def at(line: int, end_line: int = 0, rule: str = "DFL101") -> Finding:
    """A finding on these lines of ``a.py``."""
    return replace(FINDING, rule=rule, place=Place("a.py", line, 1, end_line or line, 9))


def silences(text: str, finding: Finding) -> bool:
    """Whether the comments of ``text`` silence the finding."""
    kept, silenced, _ = split([finding], find_suppressions("a.py", text))
    assert len(kept) + len(silenced) == 1
    return bool(silenced)


@pytest.mark.parametrize(
    "comment",
    [
        "# difflint: ignore[DFL101]",
        "# difflint: ignore[DFL104, DFL101]",
        "# difflint:ignore[ dfl101 ]",
        "# difflint: ignore",
        "# why this is fine  # difflint: ignore[DFL101] because of the viewer",
        "# noqa: DFL101",
        "# noqa: E501,DFL101",
        "# noqa:E501 DFL101",
        "# noqa",
        "# NoQA",
        "# type: ignore # noqa: DFL101",
    ],
)
def test_every_spelling_silences_its_line(comment: str) -> None:
    assert silences(f"x = 1\nf(x)  {comment}\n", at(2))
    assert not silences(f"x = 1\nf(x)  {comment}\n", at(1))


@pytest.mark.parametrize(
    "line",
    [
        "f(x)  # difflint: ignore[DFL104]",
        "f(x)  # noqa: E501",
        "f(x)  # noqa:",
        'f("# difflint: ignore")',
        'f("""# noqa""")',
        "f(x)  # difflint ignore",
        "f(x)  # difflint: ignored",
    ],
)
def test_other_codes_strings_and_lookalikes_silence_nothing(line: str) -> None:
    assert not silences(f"{line}\n", at(1))


def test_the_first_and_the_last_line_of_a_statement_count_and_no_line_between() -> None:
    lines = ["f(", "  x,", ")"]
    for index, expected in enumerate([True, False, True]):
        text = "\n".join(line + ("  # difflint: ignore[DFL101]" if i == index else "") for i, line in enumerate(lines))
        assert silences(text, at(1, 3)) is expected


def test_ignore_file_silences_the_whole_file_or_one_rule_of_it() -> None:
    assert silences("# difflint: ignore-file\n\nf(x)\n", at(3))
    assert silences("# difflint: ignore-file[DFL101]\n\nf(x)\n", at(3))
    assert not silences("# difflint: ignore-file[DFL104]\n\nf(x)\n", at(3))


def test_a_comment_in_another_file_silences_nothing() -> None:
    kept, _, unused = split([at(1)], find_suppressions("b.py", "f(x)  # difflint: ignore\n"))
    assert len(kept) == len(unused) == 1


def test_a_file_that_does_not_tokenize_keeps_the_comments_before_the_fault() -> None:
    assert silences("f(x)  # difflint: ignore\n'''\n", at(1))


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# difflint: ignore[DFL101]", "DFL101"),
        ("# difflint: ignore", "any rule"),
        ("# noqa: E501, DFL101", "DFL101"),
        ("# noqa", None),
        ("# noqa: E501", None),
        ("# difflint: ignore[DFL301]", None),
        ("# difflint: ignore[DFL101, DFL301]", None),
    ],
)
def test_only_comments_whose_rules_all_ran_are_called_unused(comment: str, expected: str | None) -> None:
    suppressions = find_suppressions("a.py", f"x = 1  {comment}\n")
    assert next((claim(s, ["DFL001", "DFL101"]) for s in suppressions), None) == expected
