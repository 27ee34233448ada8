"""The command line: the only module that parses arguments, prints, and decides the exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from difflint import __version__
from difflint.errors import DifflintError
from difflint.report import FORMATS

if TYPE_CHECKING:
    from difflint.config import Settings
    from difflint.discovery import Found
    from difflint.exchange import Verdict
    from difflint.files import Stdin
    from difflint.findings import FileError, Finding
    from difflint.report.style import Paint
    from difflint.result import Result


CACHE = ".difflint_cache"


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


def _codes(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.strip().upper() for value in values for code in value.split(",") if code.strip())


def _code_option(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(name, metavar="CODES", multiple=True, callback=_codes, help=text)


_paths = click.argument("paths", nargs=-1, type=click.Path())
_select = _code_option("--select", "Run only these rules: codes or their beginnings, separated by commas.")
_ignore = _code_option("--ignore", "Leave these rules out.")
_extend = _code_option("--extend-select", "Run these rules as well, for example preview rules.")
_preview = click.option("--preview", is_flag=True, help="Run preview rules too.")


@click.group(cls=_CheckByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="difflint %(version)s")
def cli() -> None:
    """Finds the mistakes that make diffusion models paint white, black, grey or noise, and proves them.

    "difflint PATHS" is short for "difflint check PATHS".
    """


@cli.command()
@_paths
@_select
@_ignore
@_extend
@_preview
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True, help="How to report.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--statistics", is_flag=True, help="Add the number of findings for each rule (text and concise).")
@click.option("--coverage", is_flag=True, help="Add what was not understood (text and json).")
@click.option("--exit-zero", is_flag=True, help="Exit 0 even when there are findings.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write results of earlier runs.")
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Where to keep them (default: {CACHE} beside the configuration).",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="How many processes analyse files (default: one a core)."
)
@click.option("--stdin-filename", metavar="FILE", help="Read one file from standard input and report it as FILE.")
def check(
    paths: tuple[str, ...], style: str, output: Path | None, statistics: bool, coverage: bool, exit_zero: bool,
    stdin_filename: str | None, **choices: Any,
) -> ExitCode:  # fmt: skip
    """Lint PATHS (files and folders; the current folder when none is given).

    Exit code 0: nothing found; 1: findings; 2: something could not be linted.
    """
    if statistics and style not in ("text", "concise"):
        raise click.UsageError(f"--statistics goes with --format text or concise; {style} has its own counts or none.")
    if coverage and style not in ("text", "json"):
        raise click.UsageError(f"--coverage goes with --format text or json, not with {style}.")
    result = _lint(paths, choices, stdin_filename, coverage=coverage)
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
@_paths
@_select
@_ignore
@_extend
@_preview
@click.option("--from", "source", type=click.Path(path_type=Path), help="Take the findings of a JSON report.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Write image strips and a page here.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
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
@_paths
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the cards to this file.")
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
@click.option("--format", "style", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def rules(style: str) -> ExitCode:
    """List all rules."""
    from difflint.report.catalogue import LISTS
    from difflint.rules import load_rules

    click.echo(LISTS[style](load_rules()), nl=False)
    return ExitCode.CLEAN


@cli.command()
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), default=Path("difflint-demo"),
              show_default=True, help="Where the image strips and the page go.")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
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


def _lint(
    paths: Iterable[str], choices: dict[str, Any], stdin_filename: str | None = None, *, coverage: bool = False
) -> Result:
    from difflint.config import load_settings
    from difflint.discovery import discover
    from difflint.files import Stdin
    from difflint.rules import load_rules

    run = {key: choices.pop(key, None) for key in ("no_cache", "cache_dir", "jobs")}
    named = tuple(paths)
    stdin = Stdin(stdin_filename, sys.stdin.buffer.read()) if stdin_filename else None
    if not named and not stdin:
        named = (".",)
    settings: Settings = load_settings((*named, *([stdin.filename] if stdin else [])), load_rules(), choices)
    found = discover(named, settings.excludes, settings.root)
    return _measured(found, settings, stdin) if coverage else _known(found, settings, stdin, run)


def _measured(found: Found, settings: Settings, stdin: Stdin | None) -> Result:
    from difflint.engine import lint

    return lint(found, settings, stdin, coverage=True)


def _known(found: Found, settings: Settings, stdin: Stdin | None, run: Mapping[str, Any]) -> Result:
    """The result of an earlier run where nothing has changed since, else of a new one."""
    from difflint.cache import Store
    from difflint.recall import Run

    folder = None if run.get("no_cache") else run.get("cache_dir") or settings.root / CACHE
    store = Store(folder)
    this = Run(store, settings, found, stdin)
    result = this.recall()
    if result is None:
        from difflint.engine import lint
        from difflint.facts import Kept

        kept = Kept(store)
        result = lint(found, settings, stdin, earlier=kept, jobs=run.get("jobs") or os.cpu_count() or 1)
        this.keep(result, kept.needs, kept.probes)
    return result


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
    click.echo(summary(verdicts) if style == "text" else to_json(verdicts), nl=style == "text")
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
    _write_atomically(page(verdicts), file)
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
        _write_atomically(report, output)
    else:
        click.echo(report, nl=False)


def _write_atomically(text: str, file: Path) -> None:
    """Either the whole report or what stood there before: never half a file; a device or a pipe is written to."""
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, "utf-8")
        else:
            _replace(file.resolve(), text)
    except OSError as error:
        raise DifflintError(f"{file}: cannot be written: {error.strerror or error}") from error


def _replace(file: Path, text: str) -> None:
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(file)
    except BaseException:  # Ctrl-C included
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _complain(errors: Iterable[FileError]) -> None:
    for error in errors:
        click.echo(f"difflint: {error.path}: {error.message}", err=True)


def run() -> None:
    """The console script."""
    sys.exit(main())
