"""Turns a notebook's cell into plain Python of as many lines: what only IPython understands becomes ``pass``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Fault = Callable[[str], str | None]  # what is wrong with a text as Python, None if nothing

# Cell magics that run the rest of the cell as Python in the notebook's own namespace. Every other one hands the cell
# to something else: a shell, a file, a fresh process, a timer that forgets the names.
_RUNS_HERE = ("time", "capture", "prun", "debug", "ipytest", "wandb")
_CELL_MAGIC = re.compile(r"(?P<before>(?:[ \t]*(?:#[^\n]*)?\n)*)[ \t]*%%(?P<name>\w*)[^\n]*")

_LINE_MAGIC = re.compile(r"[ \t]*[%!?]")
_TIMED = re.compile(r"[ \t]*%time[ \t](?=[ \t]*\S)(?![ \t]*(?:[-@!%]|(?:for|while|with|if|try|def|class|async)\b))")
_HELP = re.compile(r"[ \t]*%{0,2}[A-Za-z_][\w.*\[\]]*\?{1,2}[ \t;]*(?:#.*)?$")
_ASSIGNED = re.compile(r"([^=#\"'(]*[^=#\"'(<>!:+*/%&|^@-]=[ \t]*)[!%]")
# IPython runs these without a percent sign where no Python name stands in the way.
_AUTOMATIC = re.compile(r"[ \t]*(?:pip|conda|cd|ls|mkdir|rmdir|rm|cp|mv|cat|load_ext|matplotlib|env)[ \t]+[\w./~$-]")

_TOKEN = re.compile(
    r"(?P<quotes>'''|\"\"\")(?:[^\\]|\\.)*?(?P=quotes)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*|\\\n"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>\n)",
    re.DOTALL,
)


def plain_python(cell: str, fault: Fault) -> str | None:
    """The cell as Python, each line where it was; None when its text is not run in the notebook's namespace.

    A cell that is Python already is left as it is: what looks like a magic there stands in a string or an expression.
    """
    magic = _CELL_MAGIC.match(cell)
    if magic is not None:
        if magic["name"] not in _RUNS_HERE:
            return None
        cell = magic["before"] + cell[magic.end() :]
    if fault(cell) is None:
        return cell
    return "".join(_plain(line) for line in _logical_lines(cell))


def _logical_lines(text: str) -> Iterator[str]:
    """Whole statements where they are Python, single lines where they are magics; together they are the text."""
    start = 0
    while start < len(text):
        line_end = _continued(text, start)
        end = line_end if _is_magic(text[start:line_end]) else _statement_end(text, start)
        yield text[start:end]
        start = end


def _continued(text: str, start: int) -> int:
    """Where the line ends that begins at ``start``; a backslash at its end joins the next one to it."""
    end = start
    while end < len(text):
        newline = text.find("\n", end)
        end = len(text) if newline < 0 else newline + 1
        if not text[start:end].endswith("\\\n"):
            break
    return end


def _statement_end(text: str, start: int) -> int:
    """Behind the first newline from ``start`` on that stands in no bracket and in no string."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth = max(0, depth - 1)
        elif token["end"] and not depth:
            return token.end()
    return len(text)


def _is_magic(line: str) -> bool:
    return any(pattern.match(line) for pattern in (_LINE_MAGIC, _HELP, _ASSIGNED, _AUTOMATIC))


def _plain(line: str) -> str:
    """One line, which a magic may stand in, as Python; its other columns stay where they were."""
    if not _is_magic(line):
        return line
    if _TIMED.match(line):
        return line.replace("%time", "pass;", 1)
    blank = "\n" * line.count("\n")
    assigned = _ASSIGNED.match(line)
    if assigned is not None:
        return f"{assigned[1]}get_ipython(){blank}"  # whatever the magic gives, nobody here knows it
    return f"{line[: len(line) - len(line.lstrip())]}pass{blank}"
