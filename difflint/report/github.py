"""GitHub Actions workflow commands: each finding becomes an annotation on the line of the pull request."""

from __future__ import annotations

from difflint.findings import FileError, Finding
from difflint.result import Result


def render(result: Result) -> str:
    """One ``::error`` or ``::warning`` command for each finding and each file that could not be linted."""
    lines = [*map(_finding, result.findings), *map(_error, result.errors)]
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding) -> str:
    place = finding.place
    properties = {"file": place.path}
    if place.cell is None:  # in a notebook GitHub would look for the lines in the JSON
        properties |= {"line": str(place.line), "endLine": str(place.end_line)}
    if place.cell is None and place.line == place.end_line:  # GitHub takes columns only within one line
        properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
    properties["title"] = f"{finding.rule} {finding.name}"
    chain = "\n".join(f"{step.where}  {step.what}" for step in finding.trace)
    message = finding.message if place.cell is None else f"{place.where}: {finding.message}"
    body = "\n\n".join(part for part in (message, chain, finding.repair) if part)
    return _command(finding.severity, properties, body)


def _error(error: FileError) -> str:
    return _command("error", {"file": error.path, "title": "difflint"}, error.message)


def _command(name: str, properties: dict[str, str], body: str) -> str:
    listed = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_escape(body)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
