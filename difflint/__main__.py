"""``python -m difflint``."""

from difflint.cli import run

run()
