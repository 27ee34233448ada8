"""Confirms findings: starts the runtime as a process of its own and yields a `Verdict` for each finding."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from difflint import places
from difflint.errors import ConfirmError
from difflint.exchange import VERSION, Verdict, finding_to_json, findings_from_json
from difflint.findings import Finding

REQUIRED = ("torch", "numpy", "PIL")
GRACE = 60.0  # seconds beyond the budget for importing torch and writing strips; the runtime itself keeps the budget
VERDICTS = ("confirmed", "refuted", "undecided")


@dataclass(frozen=True)
class Options:
    """How experiments run: ``budget`` is in seconds for all of them together, ``report`` takes the image strips."""

    device: str = "auto"
    budget: float = 300.0
    report: Path | None = None
    seed: int = 0


def require_runtime() -> None:
    """Raises `ConfirmError`, with the command that helps, when the runtime's libraries are not installed."""
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfirmError(f'confirm needs {", ".join(missing)}: pip install "difflint[runtime]"')


def read_findings(file: Path) -> tuple[Finding, ...]:
    """The findings of a report written by ``difflint --format json``; raises `ConfirmError`."""
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfirmError(f"{file}: {error.strerror or error}") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise ConfirmError(f"{file}: not JSON: {error}") from error
    except RecursionError as error:
        raise ConfirmError(f"{file}: not JSON of difflint's: it is nested too deeply") from error
    return findings_from_json(document, str(file))


def confirm(findings: Sequence[Finding], options: Options) -> Generator[Verdict, None, None]:
    """A verdict for each finding that has an experiment, in order, as soon as it is known.

    What the runtime cannot answer, because it died or took too long, is undecided with the reason. The runtime and
    everything it started is ended when this generator is closed, also by an exception such as Ctrl-C.
    """
    testable = [finding for finding in findings if finding.experiment.get("kind")]
    if not testable:
        return
    with _process() as process:
        runtime = _Runtime(process, _request(testable, options), options.budget + GRACE)
        for index, finding in enumerate(testable):
            yield Verdict(finding, runtime.next_record(index))


class _Runtime:
    """The conversation with the runtime process: one request in, one line of JSON out for each finding."""

    def __init__(self, process: subprocess.Popen[str], request: str, seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._diagnostics: deque[str] = deque(maxlen=20)
        self._failure = ""
        assert process.stdin and process.stdout and process.stderr
        self._drain = threading.Thread(target=self._diagnostics.extend, args=(process.stderr,), daemon=True)
        self._drain.start()
        threading.Thread(target=_pump, args=(process.stdout, self._lines), daemon=True).start()
        threading.Thread(target=_send, args=(process.stdin, request), daemon=True).start()

    def next_record(self, index: int) -> dict[str, Any]:
        """The record of finding ``index``, or an undecided one that says why there is none."""
        if not self._failure:
            try:
                line = self._lines.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                _kill(self._process)
                self._failure = f"the runtime did not end within {self._seconds:.0f} s and was stopped"
            else:
                return self._parse(line, index)
        return _undecided(index, self._failure)

    def _parse(self, line: str | None, index: int) -> dict[str, Any]:
        if line is None:
            self._failure = self._obituary()
            return _undecided(index, self._failure)
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or record.get("index") != index or record.get("verdict") not in VERDICTS:
            _kill(self._process)
            self._failure = f"the runtime broke off its protocol: {line.strip()[:200]!r}"
            return _undecided(index, self._failure)
        return record

    def _obituary(self) -> str:
        code = self._process.wait()
        self._drain.join(timeout=5)
        last = next((line.strip() for line in reversed(self._diagnostics) if line.strip()), "it left no message")
        return f"the runtime ended with exit code {code}: {last}"


@contextlib.contextmanager
def _process() -> Iterator[subprocess.Popen[str]]:
    with tempfile.TemporaryDirectory() as empty:
        # In a wheel the working folder is an empty one, so that no file of the user's shadows a module.
        folder = empty if places.INSTALLED else str(places.ROOT)
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-m", places.RUNTIME_MODULE],
            cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8", start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends the runtime and whatever it started: they share a process group of their own."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _pump(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _send(stream: IO[str], request: str) -> None:
    with contextlib.suppress(BrokenPipeError), stream:  # a runtime that is already gone is reported by its exit code
        stream.write(request)


def _request(findings: Sequence[Finding], options: Options) -> str:
    request = {
        "version": VERSION,
        "device": options.device,
        "budget": options.budget,
        "report": str(options.report.resolve()) if options.report else None,
        "seed": options.seed,
        "findings": [finding_to_json(finding) for finding in findings],
    }
    return json.dumps(request) + "\n"


def _undecided(index: int, reason: str) -> dict[str, Any]:
    return {
        "index": index, "verdict": "undecided", "symptom": "none", "arms": {}, "images": {}, "seeds": [],
        "dtype": None, "device": None, "seconds": 0.0, "reason": reason, "constants": {},
    }  # fmt: skip
