"""The process protocol: a JSON request in, a JSON verdict for each finding out, in order and as soon as known."""

from __future__ import annotations

import json
import math
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from . import strip
from .arms import Arms
from .bench import Bench, OutOfTime
from .experiments import UnknownExperiment, experiment
from .facts import BadFact, Facts
from .predictions import UnknownPrediction
from .schedules import UnknownSchedule
from .verdict import Judgement, judge, middle

VERSION = 1
# No experiment may take longer, whatever the budget: a hundred findings want their turn.
LONGEST = 180.0
DTYPE = "float32"

Json = dict[str, Any]


class BadRequest(ValueError):
    """Raised when the request is not what the protocol says."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    findings: tuple[Json, ...]
    device: str = "auto"
    budget: float = 300.0
    report: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of one experiment; ``arms`` is None when it did not come to an end."""

    judgement: Judgement
    arms: Arms | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)


def parse(text: str) -> Request:
    """The request in a JSON text."""
    try:
        entry = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadRequest(f"the request is not JSON: {error}") from error
    if not isinstance(entry, dict) or entry.get("version") != VERSION or not isinstance(entry.get("findings"), list):
        raise BadRequest(f'the request has to be an object with "version": {VERSION} and a list of "findings"')
    if entry.get("device", "auto") not in ("auto", "cpu", "cuda"):
        raise BadRequest(f"device has to be auto, cpu or cuda, not {entry['device']!r}")
    report = entry.get("report")
    return Request(
        findings=tuple(entry["findings"]),
        device=entry.get("device", "auto"),
        budget=float(entry.get("budget", Request.budget)),
        report=Path(report) if report else None,
        seed=int(entry.get("seed", 0)),
    )


def verdicts(request: Request) -> Iterator[Json]:
    """One verdict for each finding; equal experiments run once, and what the budget leaves out is undecided."""
    bench = Bench(_device(request.device), request.seed, time.monotonic() + request.budget)
    known: dict[str, Outcome] = {}
    for index, finding in enumerate(request.findings):
        start = time.monotonic()
        asked = finding.get("experiment") or {}
        key = json.dumps(asked, sort_keys=True)
        if key not in known:
            known[key] = _outcome(asked, bench)
        verdict = _verdict(index, finding, known[key], bench, request.report)
        yield verdict | {"seconds": round(time.monotonic() - start, 2)}


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _outcome(asked: Mapping[str, Any], bench: Bench) -> Outcome:
    facts = Facts(asked)
    try:
        return _run(facts, asked, bench)
    except (BadFact, UnknownExperiment, UnknownPrediction, UnknownSchedule, OutOfTime) as error:
        return _undecided(str(error), facts)
    except Exception as error:  # the boundary of one experiment: whatever it hits, the others still get their verdict
        traceback.print_exc(file=sys.stderr)
        return _undecided(f"the experiment failed: {type(error).__name__}: {error}", facts)


def _run(facts: Facts, asked: Mapping[str, Any], bench: Bench) -> Outcome:
    now = time.monotonic()
    if now >= bench.deadline:
        raise OutOfTime("the budget was used up before its turn")
    limited = Bench(bench.device, bench.seed, min(bench.deadline, now + LONGEST), bench.repeats, bench.made)
    arms = experiment(asked.get("kind"))(facts, limited)
    return Outcome(judge(arms), arms, facts.constants)


def _undecided(reason: str, facts: Facts) -> Outcome:
    return Outcome(Judgement("undecided", "none", reason), constants=facts.constants)


def _verdict(index: int, finding: Json, outcome: Outcome, bench: Bench, report: Path | None) -> Json:
    arms = outcome.arms
    return {
        "index": index,
        "verdict": outcome.judgement.verdict,
        "symptom": outcome.judgement.symptom,
        "arms": _plain({"as_written": middle(arms.as_written.measures), "repaired": middle(arms.repaired.measures)})
        if arms
        else {},
        "images": _images(index, finding, outcome, report) if arms and report else {},
        "seeds": list(bench.seeds),
        "dtype": DTYPE,
        "device": bench.device.type,
        "reason": outcome.judgement.reason,
        "constants": _plain(dict(outcome.constants)),
    }


def _images(index: int, finding: Json, outcome: Outcome, report: Path) -> dict[str, str]:
    assert outcome.arms is not None
    rule = str(finding.get("rule", "finding"))
    path = report.absolute() / f"{index:02d}-{''.join(c for c in rule if c.isalnum())}.png"
    title = f"{rule} {finding.get('name', '')}  {finding.get('path', '')}:{finding.get('line', '')}"
    strip.save(path, title, outcome.arms, outcome.judgement)
    return {"strip": str(path)}


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: rounded, and null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
