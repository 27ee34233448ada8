"""The options that commands share, and those of ``check``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from difflint.report import FORMATS

CACHE = ".difflint_cache"


def _codes(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.strip().upper() for value in values for code in value.split(",") if code.strip())


def _code_option(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(name, metavar="CODES", multiple=True, callback=_codes, help=text)


def _all(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator; help shows them in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def file(name: str, text: str) -> Callable[[Any], Any]:
    """An option that names a file."""
    return click.option(name, type=click.Path(dir_okay=False, path_type=Path), help=text)


def folder(name: str, text: str) -> Callable[[Any], Any]:
    """An option that names a folder."""
    return click.option(name, type=click.Path(file_okay=False, path_type=Path), help=text)


paths = click.argument("paths", nargs=-1, type=click.Path())
style = click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
device = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)

which = _all(
    _code_option("--select", "Run only these rules: codes or their beginnings, separated by commas."),
    _code_option("--ignore", "Leave these rules out."),
    _code_option("--extend-select", "Run these rules as well, for example preview rules."),
    click.option("--preview", is_flag=True, help="Run preview rules too."),
)

fixing = _all(
    click.option("--fix", is_flag=True, help="Make the safe fixes, and report what remains."),
    click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: those too that are likely, not certain."),
    click.option(
        "--diff", is_flag=True, help="Print what --fix would change and write nothing; exit 1 if that is any."
    ),
)

narrowing = _all(
    file("--baseline", "Leave out the findings that this file holds."),
    click.option("--write-baseline", is_flag=True, help="Write all findings to the file that --baseline names."),
    click.option("--since", metavar="REV", help="Only findings about lines changed since this git revision."),
)

report = _all(
    click.option(
        "--format", "style", type=click.Choice(FORMATS), default="text", show_default=True, help="How to report."
    ),
    file("--output", "Write the report to this file."),
    click.option("--statistics", is_flag=True, help="Add the number of findings for each rule (text and concise)."),
    click.option("--coverage", is_flag=True, help="Add what was not understood (text and json)."),
    click.option("--exit-zero", is_flag=True, help="Exit 0 even when there are findings."),
)

running = _all(
    click.option("--no-cache", is_flag=True, help="Neither read nor write results of earlier runs."),
    folder("--cache-dir", f"Where to keep them (default: {CACHE} beside the configuration)."),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many processes analyse files (default: one a core).",
    ),
    click.option("--stdin-filename", metavar="FILE", help="Read one file from standard input and report it as FILE."),
)
