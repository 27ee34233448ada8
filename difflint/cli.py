"""The command line: the only module that parses arguments, prints, and decides the exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from difflint import __version__, options
from difflint.errors import DifflintError
from difflint.writing import write_text

if TYPE_CHECKING:
    from difflint.exchange import Verdict
    from difflint.findings import FileError, Finding
    from difflint.fixes.rounds import Fixed
    from difflint.report.style import Paint
    from difflint.result import Result
    from difflint.session import Session


class ExitCode(IntEnum):
    """What a run found; for ``confirm``, FINDINGS means that something was confirmed."""

    CLEAN = 0
    FINDINGS = 1
    FAILURE = 2


class _CheckByDefault(click.Group):
    """``difflint PATHS`` means ``difflint check PATHS``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help", "-h", "--version"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_CheckByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="difflint %(version)s")
def cli() -> None:
    """Finds the mistakes that make diffusion models paint white, black, grey or noise, and proves them.

    "difflint PATHS" is short for "difflint check PATHS".
    """


@cli.command()
@options.paths
@options.which
@options.fixing
@options.narrowing
@options.report
@options.running
def check(
    paths: tuple[str, ...], style: str, output: Path | None, statistics: bool, coverage: bool, exit_zero: bool,
    stdin_filename: str | None, fix: bool, unsafe_fixes: bool, diff: bool, baseline: Path | None, write_baseline: bool,
    **choices: Any,
) -> ExitCode:  # fmt: skip
    """Lint PATHS (files and folders; the current folder when none is given).

    Exit code 0: nothing found; 1: findings; 2: something could not be linted.
    """
    if statistics and style not in ("text", "concise"):
        raise click.UsageError(f"--statistics goes with --format text or concise; {style} has its own counts or none.")
    if coverage and style not in ("text", "json"):
        raise click.UsageError(f"--coverage goes with --format text or json, not with {style}.")
    if stdin_filename and (fix or diff):
        raise click.UsageError("--fix and --diff go with files, not with standard input.")
    if choices["since"] and (fix or diff):
        raise click.UsageError("--since does not go with --fix and --diff, which move lines.")
    if write_baseline:
        return _accept(_session(paths, choices, stdin_filename), baseline)
    this = _session(paths, {**choices, "baseline": baseline}, stdin_filename)
    if diff:
        return _show_fixes(this, unsafe_fixes, output)
    if fix:
        _fix(this, unsafe_fixes)
    result = this.measure() if coverage else this.lint()
    report = _render(result, style, _paint(colour=output is None))
    if statistics:
        from difflint.report.text import statistics as count

        report += count(result)
    _emit(report, output)
    _complain(result.errors)
    if result.errors:
        return ExitCode.FAILURE
    return ExitCode.FINDINGS if result.findings and not exit_zero else ExitCode.CLEAN


@cli.command()
@options.paths
@options.which
@click.option("--from", "source", type=click.Path(path_type=Path), help="Take the findings of a JSON report.")
@options.style
@options.folder("--report", "Write image strips and a page here.")
@options.device
@click.option("--budget", type=click.FloatRange(min=1), default=300.0, show_default=True, help="Seconds for all.")
def confirm(
    paths: tuple[str, ...], source: Path | None, style: str, report: Path | None, device: str, budget: float,
    **choices: Any,
) -> ExitCode:  # fmt: skip
    """Put findings to the test: reproduce each on a reference diffusion model, defect beside control.

    Your own code is not executed. Exit code 0: nothing confirmed; 1: something confirmed; 2: error.
    """
    from difflint.confirm import Options, read_findings, require_runtime

    if source and paths:
        raise click.UsageError("give PATHS or --from, not both.")
    require_runtime()
    result = None if source else _lint(paths, choices)
    findings = result.findings if result else read_findings(source or Path())
    errors = result.errors if result else ()
    _complain(errors)
    verdicts = _confirm(findings, Options(device, budget, report), style)
    if errors:
        return ExitCode.FAILURE
    confirmed = any(verdict.verdict == "confirmed" for verdict in verdicts)
    return ExitCode.FINDINGS if confirmed else ExitCode.CLEAN


@cli.command()
@options.paths
@options.style
@options.file("--output", "Write the cards to this file.")
def inspect(paths: tuple[str, ...], style: str, output: Path | None) -> ExitCode:
    """Show what PATHS train and sample: data range, target, schedule, optimizer, sampler, sink, each with its line.

    Exit code 0, or 2 when something could not be read.
    """
    from difflint.config import load_settings
    from difflint.engine import inspect
    from difflint.report import card
    from difflint.rules import load_rules

    named = paths or (".",)
    found = inspect(named, load_settings(named, load_rules(), {}))
    _emit(card.render(found, _paint(colour=output is None)) if style == "text" else card.to_json(found), output)
    _complain(found.errors)
    return ExitCode.FAILURE if found.errors else ExitCode.CLEAN


@cli.command()
@click.argument("code")
def explain(code: str) -> ExitCode:
    """Say what rule CODE finds, why it matters and what to write instead."""
    from difflint.report.catalogue import explain
    from difflint.rules import find_rule, load_rules

    click.echo(explain(find_rule(code, load_rules())), nl=False)
    return ExitCode.CLEAN


@cli.command()
@click.option("--format", "style", type=click.Choice(["text", "json", "markdown", "causes"]), default="text",
              show_default=True)  # fmt: skip
def rules(style: str) -> ExitCode:
    """List all rules."""
    from difflint.report.catalogue import LISTS
    from difflint.rules import load_rules

    click.echo(LISTS[style](load_rules()), nl=False)
    return ExitCode.CLEAN


@cli.command()
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), default=Path("difflint-demo"),
              show_default=True, help="Where the image strips and the page go.")  # fmt: skip
@options.device
@click.option("--budget", type=click.FloatRange(min=1), default=600.0, show_default=True, help="Seconds for all.")
def demo(report: Path, device: str, budget: float) -> ExitCode:
    """Lint small projects with one mistake each, and confirm what was found."""
    from difflint.confirm import Options, require_runtime
    from difflint.demo import projects

    require_runtime()
    result = _lint(projects(), {})
    click.echo(_render(result, "text", _paint()))
    _complain(result.errors)
    _confirm(result.findings, Options(device, budget, report), "text")
    return ExitCode.FAILURE if result.errors else ExitCode.CLEAN


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code; every expected failure is one line on stderr."""
    gc.set_threshold(100_000, 50, 50)  # syntax trees are large and live to the end: looking through them is wasted time
    try:
        code = cli.main(args=argv, prog_name="difflint", standalone_mode=False)
        sys.stdout.flush()
        return int(code or ExitCode.CLEAN)
    except DifflintError as error:
        click.echo(f"difflint: {error}", err=True)
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt):
        click.echo("difflint: interrupted", err=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception:  # a defect of difflint's: Python itself would exit with 1, which means findings
        traceback.print_exc()
        click.echo("difflint: internal error, please report it with the lines above", err=True)
    return ExitCode.FAILURE


def _session(paths: Iterable[str], choices: Mapping[str, Any], stdin_filename: str | None = None) -> Session:
    from difflint.session import session

    return session(paths, choices, stdin_filename)


def _lint(paths: Iterable[str], choices: Mapping[str, Any]) -> Result:
    return _session(paths, choices).lint()


def _accept(this: Session, baseline: Path | None) -> ExitCode:
    """Writes the baseline; one that lacks what could not be linted would be worth little."""
    from difflint.baseline import write

    if baseline is None:
        raise click.UsageError("--write-baseline needs --baseline FILE.")
    result = this.lint()
    _complain(result.errors)
    if result.errors:
        raise DifflintError(f"{baseline}: not written, for not every file could be linted")
    write(result, baseline)
    click.echo(f"{len(result.findings)} finding{'s' * (len(result.findings) != 1)} accepted in {baseline}.")
    return ExitCode.CLEAN


def _fixed(this: Session, unsafe: bool) -> Fixed:
    from difflint.fixes.rounds import Fixer

    safeties = ("safe", "unsafe") if unsafe else ("safe",)
    with this.remembering() as session:  # each round would cost as much as the first one
        return Fixer(session.lint, safeties, this.found.files).run()


def _fix(this: Session, unsafe: bool) -> None:
    """Fixes what can be fixed and says what was; on stderr, for a report may be for programs."""
    fixed = _fixed(this, unsafe)
    fixed.write()
    for finding in fixed.done:
        assert finding.fix is not None
        click.echo(f"difflint: fixed {finding.place.where}: {finding.rule} {finding.fix.title}", err=True)


def _show_fixes(this: Session, unsafe: bool, output: Path | None) -> ExitCode:
    fixed = _fixed(this, unsafe)
    _emit(fixed.diff(), output)
    _complain(fixed.result.errors)
    if fixed.result.errors:
        return ExitCode.FAILURE
    return ExitCode.FINDINGS if fixed.done else ExitCode.CLEAN


def _confirm(findings: Sequence[Finding], options: Any, style: str) -> list[Verdict]:
    """Shows each verdict as soon as it is there, then the page and the count."""
    from difflint import confirm as experiments
    from difflint.report.verdicts import block, summary, to_json

    if options.report:
        _make_folder(options.report)
    verdicts: list[Verdict] = []
    with contextlib.closing(experiments.confirm(findings, options)) as stream:
        for verdict in stream:
            verdicts.append(verdict)
            if style == "text":
                click.echo(block(verdict, _paint()))
    click.echo(summary(verdicts, findings) if style == "text" else to_json(verdicts), nl=style == "text")
    if options.report:
        _write_page(verdicts, options.report, style)
    return verdicts


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DifflintError(f"{folder}: cannot be made: {error.strerror or error}") from error


def _write_page(verdicts: Sequence[Verdict], folder: Path, style: str) -> None:
    from difflint.report.page import page

    file = folder / "index.html"
    write_text(page(verdicts), file)
    if style == "text":
        click.echo(f"The page: {file} (the image strips lie beside it)")


def _render(result: Result, style: str, paint: Paint) -> str:
    if style == "text":
        from difflint.report import text

        return text.render(result, paint)
    from difflint.report import reporter

    return reporter(style)(result)


def _paint(*, colour: bool = True) -> Paint:
    from difflint.report.style import ansi, plain

    wanted = bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    return ansi if colour and wanted else plain


def _emit(report: str, output: Path | None) -> None:
    if output:
        write_text(report, output)
    else:
        click.echo(report, nl=False)


def _complain(errors: Iterable[FileError]) -> None:
    for error in errors:
        click.echo(f"difflint: {error.path}: {error.message}", err=True)


def run() -> None:
    """The console script."""
    sys.exit(main())
