"""A result with every kind of entry, for the tests of the reporters."""

from __future__ import annotations

from difflint.findings import FileError, Finding, Place, TraceStep
from difflint.result import Result, Stats
from difflint.rules import Rule

RULE = Rule(
    id="DFL101",
    name="range-at-sink",
    severity="error",
    confidence="high",
    status="stable",
    summary="a value reaches an image sink outside the range it takes",
    message="{sink} takes values in {takes}",
    why="Because.",
    fix="Write this.",
    references=("https://example.org/paper",),
    experiment="sink_range",
)
FINDING = Finding(
    rule="DFL101",
    name="range-at-sink",
    severity="error",
    confidence="high",
    place=Place("src/my model.py", 3, 5, 3, 15),
    message="save_image takes [0, 1]: 50% is cut,\nto black.",
    repair="save_image(x * 0.5 + 0.5)",
    trace=(TraceStep("src/data.py", 12, "Normalize  [-1, 1]"), TraceStep("src/my model.py", 3, "save_image")),
    experiment={"kind": "sink_range", "domain": [-1.0, 1.0]},
)
RESULT = Result(
    findings=(FINDING,),
    errors=(FileError("src/bad.py", "is a binary file (it holds a null byte)"),),
    rules=(RULE,),
    lines={FINDING.place: "\tif y: save_image(x)"},
    stats=Stats(files=2, analysed=1, suppressed=1),
)
