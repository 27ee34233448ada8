"""Where difflint's data and runtime live: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "rules").is_dir()
ROOT = PACKAGE if INSTALLED else PACKAGE.parent
RULES = ROOT / "rules"
RUNTIME_MODULE = "difflint.runtime" if INSTALLED else "runtime"
