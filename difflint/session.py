"""From what the command line asks for to a `Result`: settings, files, the cache, then the engine."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from difflint.cache import Store
from difflint.config import Settings, load_settings
from difflint.discovery import Found, discover
from difflint.files import Stdin
from difflint.options import CACHE
from difflint.recall import Run
from difflint.result import Result
from difflint.rules import load_rules


@dataclass(frozen=True)
class Session:
    """The files of one run, and how they are linted."""

    found: Found
    settings: Settings
    stdin: Stdin | None
    run: Mapping[str, Any]  # no_cache, cache_dir, jobs
    narrowings: tuple[Callable[[Result], Result], ...] = ()

    def lint(self) -> Result:
        """The result of an earlier run where nothing has changed since, else of a new one."""
        return self._narrowed(self._known())

    @contextmanager
    def remembering(self) -> Iterator[Session]:
        """The same with a cache for as long as this lasts, if it has none."""
        if not self.run.get("no_cache"):
            yield self
            return
        with tempfile.TemporaryDirectory() as folder:
            yield replace(self, run={**self.run, "no_cache": False, "cache_dir": Path(folder)})

    def measure(self) -> Result:
        """A new result, with what was not understood."""
        from difflint.engine import lint

        return self._narrowed(lint(self.found, self.settings, self.stdin, coverage=True))

    def _narrowed(self, result: Result) -> Result:
        for narrowing in self.narrowings:
            result = narrowing(result)
        return result

    def _known(self) -> Result:
        store = Store(None if self.run.get("no_cache") else self.run.get("cache_dir") or self.settings.root / CACHE)
        this = Run(store, self.settings, self.found, self.stdin)
        result = this.recall()
        if result is None:
            from difflint.engine import lint
            from difflint.facts import Kept

            kept = Kept(store)
            jobs = self.run.get("jobs") or os.cpu_count() or 1
            result = lint(self.found, self.settings, self.stdin, earlier=kept, jobs=jobs)
            this.keep(result, kept.needs, kept.probes)
        return result


def session(paths: Iterable[str], choices: Mapping[str, Any], stdin_filename: str | None = None) -> Session:
    """What is to be linted, by the paths and options given; the current folder when nothing is."""
    run = {key: choices.get(key) for key in ("no_cache", "cache_dir", "jobs", "baseline", "since")}
    rest = {key: value for key, value in choices.items() if key not in run}
    stdin = Stdin(stdin_filename, sys.stdin.buffer.read()) if stdin_filename else None
    named = tuple(paths) or (() if stdin else (".",))
    settings = load_settings((*named, *([stdin.filename] if stdin else [])), load_rules(), rest)
    found = discover(named, settings.excludes, settings.root)
    return Session(found, settings, stdin, run, tuple(_narrowings(run, found)))


def _narrowings(run: Mapping[str, Any], found: Found) -> Iterator[Callable[[Result], Result]]:
    """What leaves findings out that nobody asked about."""
    if run["baseline"] is not None:
        from difflint.baseline import read, without_accepted

        yield partial(without_accepted, accepted=read(run["baseline"]), file=run["baseline"])
    if run["since"] is not None:
        from difflint.since import about_changes, changed_since

        folder = found.files[0].parent if found.files else Path.cwd()
        yield partial(about_changes, changed=changed_since(run["since"], folder))
