"""Outcomes as text: the table for the terminal, docs/mutation.md, and the list of what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.mutation.mutants import Mutant

Families = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What difflint said about a mutant: rules of its family at the place, or elsewhere, and the other rules."""

    mutant: Mutant
    found: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    seconds: float = 0.0


INTRO = """\
# Planted defects

    python -m benchmarks.mutation.run --write      # plants each defect, lints, writes this page

{programs} correct programs in the styles that people write (benchmarks/mutation/programs), each run for a few steps by
benchmarks/mutation/smoke.py, and {mutants} defects planted into them one at a time, in several spellings
(benchmarks/mutation/operators). difflint is silent on the programs as they are. A cell says how many mutants were found
of how many were planted; found means that a rule named for the defect reports within three lines of the change, or
that its chain passes through it (anywhere in the file, where the change only takes lines away). A defect without rules
is one that nothing looks for yet.

Programs, defects and rules come from the same people. The table shows which spellings a rule follows, not how often it
finds something in the wild.

"""
GROUP = """
## {group}

| defect | rules | found | missed in |
| --- | --- | --- | --- |
"""


def table(outcomes: Sequence[Outcome], families: Families) -> str:
    """Family by program, found of planted."""
    shown = list(dict.fromkeys(o.mutant.program for o in outcomes))
    heads = [name[:9] for name in shown]
    width = max((len(family) for family in families), default=0)
    lines = [" " * width + " " + " ".join(f"{head:>9}" for head in [*heads, "all", "others"])]
    for family in families:
        row = [o for o in outcomes if o.mutant.family == family]
        if row:
            cells = [share([o for o in row if o.mutant.program == name]) for name in shown]
            others = ",".join(sorted({rule for o in row for rule in o.others}))
            lines.append(f"{family:{width}} " + " ".join(f"{cell:>9}" for cell in [*cells, share(row), others]))
    totals = [*by_program(outcomes, shown), outcomes]
    lines.append(f"{'all':{width}} " + " ".join(f"{share(part):>9}" for part in totals))
    return "\n".join(lines)


def by_program(outcomes: Sequence[Outcome], names: Iterable[str]) -> list[list[Outcome]]:
    return [[o for o in outcomes if o.mutant.program == name] for name in names]


def share(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(bool(o.found) for o in outcomes)}/{len(outcomes)}" if outcomes else ""


def document(outcomes: Sequence[Outcome], families: Families) -> str:
    """docs/mutation.md: one table a group, program by program only where there is something to show."""
    names = list(dict.fromkeys(o.mutant.program for o in outcomes))
    parts = [INTRO.format(programs=len(names), mutants=len(outcomes)), *summary(outcomes, families, names)]
    for group in groups(families):
        parts.append(GROUP.format(group=group.capitalize()))
        parts += [row(family, about, outcomes) for family, about in families.items() if about["group"] == group]
    return "".join(parts)


def summary(outcomes: Sequence[Outcome], families: Families, names: Sequence[str]) -> list[str]:
    """Group by program."""
    kinds = groups(families)
    lines = [f"| program | {' | '.join(kinds)} | all |\n", "| --- " * (len(kinds) + 2) + "|\n"]
    for name in [*names, "all"]:
        own = [o for o in outcomes if name in (o.mutant.program, "all")]
        cells = [share([o for o in own if families[o.mutant.family]["group"] == kind]) for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} | {share(own)} |\n")
    return lines


def row(family: str, about: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    own = [o for o in outcomes if o.mutant.family == family]
    if not own:
        return ""
    missed = [f"{o.mutant.program}/{o.mutant.number}" for o in own if not o.found]
    places = ", ".join(missed) if about["rules"] and len(missed) < len(own) else ("all" if missed else "")
    return f"| {about['what']} | {', '.join(about['rules'])} | {share(own)} | {places} |\n"


def groups(families: Families) -> list[str]:
    return list(dict.fromkeys(about["group"] for about in families.values()))


def misses(outcomes: Sequence[Outcome], families: Families) -> str:
    """Every spelling that was missed, by family, as the hunks that plant it."""
    lines = ["# Planted defects that were missed\n"]
    for family, about in families.items():
        missed = [o for o in outcomes if o.mutant.family == family and not o.found]
        if missed:
            planted = sum(o.mutant.family == family for o in outcomes)
            rules = ", ".join(about["rules"]) or "no rule named yet"
            lines.append(f"\n## {family}: {about['what']} ({len(missed)} of {planted} missed; {rules})\n")
            lines += [spelling(o) for o in missed]
    return "\n".join(lines) + "\n"


def spelling(outcome: Outcome) -> str:
    """A mutant as a diff."""
    said = {"elsewhere": outcome.elsewhere, "others": outcome.others}
    notes = "; ".join(f"{where}: {', '.join(rules)}" for where, rules in said.items() if rules)
    lines = [outcome.mutant.name + (f"  ({notes})" if notes else "")]
    for hunk in outcome.mutant.hunks:
        kept = {text for put, text in hunk.new if not put}
        lines += [f"    @ {hunk.file}", *(f"    - {text}" for text in hunk.old if text not in kept)]
        lines += [f"    {'+' if put else ' '} {text}" for put, text in hunk.new]
    return "\n".join(lines) + "\n"
