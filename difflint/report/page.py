"""One self-contained HTML page of verdicts: no network, readable on a phone, image strips embedded."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from difflint.exchange import Verdict
from difflint.files import Unreadable, absolute, read_source
from difflint.findings import Finding
from difflint.report.verdicts import moved, number, summary

_CONTEXT = 2  # lines of code shown above and below the finding

_CSS = """
:root { color-scheme: light dark; --line: #8884; --mark: #e5484d22; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
article { border-top: 1px solid var(--line); padding: 1rem 0 2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
pre, code, .chain { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: .5rem; }
pre .hit { background: var(--mark); display: block; } pre i { opacity: .5; font-style: normal; }
.verdict { display: inline-block; border-radius: 1rem; padding: 0 .7rem; color: #fff; font-weight: 600; }
.confirmed, .error { background: #c62a2f; } .refuted { background: #18794e; }
.undecided, .warning { background: #946800; }
.chain { padding-left: 1.2rem; overflow-wrap: anywhere; }
img { display: block; width: max(100%, 48rem); height: auto; border-radius: 6px; }
.wide { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; }
td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
details { margin-top: .5rem; }
"""
_MEANING = {
    "white, black": "share of values at the upper or the lower end of what can be shown",
    "mean, std": "mean brightness and contrast of the pictures, in [0, 1]",
    "nearest": "root mean square distance of a picture to the nearest one of the training data",
    "roughness": "mean step between neighbouring pixels: noise is rough",
    "specks": "share of pixels that stand out from all around them",
    "nonfinite, refused": "share of values that are NaN or infinite, and of pictures that the sink refuses",
    "loss, unlearned": "loss on fixed noise after the training, and the share of the first loss that is left",
    "vanished": "share of the gradients that float16 made zero",
}


def page(verdicts: Sequence[Verdict]) -> str:
    """The whole page."""
    lead = (
        f"{summary(verdicts)} Each experiment has two arms that differ only in what the finding names, on a small "
        "reference model; each strip shows the repaired arm above the one as written. Your own code was not run."
    )
    return document("difflint: verdicts", lead, (_legend(), *map(_article, verdicts)))


def document(title: str, lead: str, parts: Iterable[str]) -> str:
    """A page that needs nothing besides itself."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n<p>{escape(lead)}</p>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _legend() -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in _MEANING.items())
    return f'<details><summary>What the measures mean</summary><div class="wide"><table>{rows}</table></div></details>'


def _article(verdict: Verdict) -> str:
    record = verdict.record
    return article(
        verdict.finding, _judged(verdict), (*_strips(record.get("images", {})), *_measures(record.get("arms", {}))),
        (_details(record),),
    )  # fmt: skip


def _judged(verdict: Verdict) -> str:
    symptom = verdict.record.get("symptom")
    seen = f": {escape(str(symptom))}" if symptom and symptom != "none" else ""
    reason = verdict.reason[:1].upper() + verdict.reason[1:]
    return f'<p><span class="verdict {verdict.verdict}">{verdict.verdict}{seen}</span> {escape(reason)}.</p>'


def article(finding: Finding, head: str, evidence: Iterable[str] = (), end: Iterable[str] = ()) -> str:
    """A finding with its chain, and what there is to say about it besides."""
    return "\n".join(("<article>", *_parts(finding, head, evidence), *end, "</article>"))


def _parts(finding: Finding, head: str, evidence: Iterable[str]) -> Iterator[str]:
    yield f"<h2>{escape(finding.rule)} {escape(finding.name)}</h2>"
    yield f"<p><code>{escape(finding.place.where)}</code></p>"
    yield head
    yield f"<p>{escape(finding.message)}</p>"
    yield from _code(finding)
    if finding.trace:
        steps = (f"<li>{escape(step.where)} {escape(step.what)}</li>" for step in finding.trace)
        yield f'<ol class="chain">{"".join(steps)}</ol>'
    yield from evidence
    if finding.repair:
        yield f"<p>Repair:</p><pre>{escape(finding.repair)}</pre>"


def _code(finding: Finding) -> Iterator[str]:
    place = finding.place
    try:
        lines = read_source(absolute(place.path)).lines(place.cell)
    except Unreadable:
        return  # a findings file may come from another machine
    first = max(1, place.line - _CONTEXT)
    shown = []
    for line in range(first, min(len(lines), place.end_line + _CONTEXT) + 1):
        text = f"<i>{line:5} </i>{escape(lines[line - 1])}"
        hit = place.line <= line <= place.end_line
        shown.append(f'<span class="hit">{text}</span>' if hit else f"{text}\n")
    yield f"<pre>{''.join(shown)}</pre>"


def _strips(images: Mapping[str, str]) -> Iterator[str]:
    for name, file in sorted(images.items()):
        with contextlib.suppress(OSError):
            content = base64.b64encode(Path(file).read_bytes()).decode("ascii")
            alt = f"{name}: above repaired, below as written"
            yield f'<div class="wide"><img alt="{escape(alt)}" src="data:image/png;base64,{content}"></div>'


def _measures(arms: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not arms:
        return
    arms = moved(arms)
    names = list(dict.fromkeys(name for measures in arms.values() for name in measures))
    head = "".join(f"<th>{escape(arm.replace('_', ' '))}</th>" for arm in arms)
    rows = "".join(f"<tr><td>{escape(name.replace('_', ' '))}</td>{_cells(name, arms)}</tr>" for name in names)
    yield f'<div class="wide"><table><tr><th></th>{head}</tr>{rows}</table></div>'


def _cells(name: str, arms: Mapping[str, Mapping[str, Any]]) -> str:
    return "".join(f"<td>{escape(number(measures.get(name, '')))}</td>" for measures in arms.values())


def _details(record: Mapping[str, Any]) -> str:
    """What was used, and how it ran: enough to repeat the experiment."""
    facts = {**record.get("constants", {}), **{key: record.get(key) for key in ("seeds", "dtype", "device", "seconds")}}
    cells = ((escape(str(key)), escape(number(value))) for key, value in facts.items())
    rows = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in cells)
    return f'<details><summary>Constants</summary><div class="wide"><table>{rows}</table></div></details>'
