"""Whole projects: which file of the tree an import means, wherever the script lies."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from difflint.facts import analyse
from difflint.facts.shown import shown
from difflint.facts.steps import through
from difflint.files import read_source
from tests.facts.interpreting import HEAD, SIGNED, UNKNOWN

SHOW = 'save_image(f(x), "a.png")'
F = "def f(t): return t * 2 - 1"
HIDDEN = "def _f(t): return t * 2 - 1\ndef f(t): return t"


def ranges(folder: Path, files: dict[str, str]) -> set[str]:
    """The ranges at the one sink of the first of these files."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), "utf-8")
    first = folder / next(iter(files))
    first.write_text(
        f"{HEAD}{first.read_text('utf-8')}\n{SHOW if 'save_image' not in first.read_text() else ''}", "utf-8"
    )
    facts = analyse([read_source(first)])
    assert facts.errors == ()
    (sinks,) = facts.groups(facts.seen.sinks)
    ways = [shown(facts.seen, sink) for sink in sinks]
    if None in ways:
        return {UNKNOWN}
    return {str(through((*way.data, *way.display), way.base)) for each in ways if each is not None for way in each}


PARENT = "import sys, os\nsys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\n"
LAYOUTS: dict[str, dict[str, str]] = {
    "a script in a folder of a repository with a licence": {
        "scripts/sample.py": "from core.ops import f",
        "LICENSE": "",
        "core/ops.py": F,
    },
    "a package below src": {"train.py": "from pack.ops import f", "src/pack/ops.py": F, "README.md": ""},
    "a package below src, from a folder beside it": {
        "scripts/train.py": "from pack.ops import f",
        "src/pack/__init__.py": "",
        "src/pack/ops.py": F,
        "setup.py": "",
    },
    "an edited path above the project": {
        "experiments/cifar/run.py": f"{PARENT}from core.ops import f",
        "experiments/cifar/requirements.txt": "torch",
        "core/ops.py": F,
    },
    "an edited path to a folder no import can name": {
        "sample.py": 'import sys\nsys.path.append("guided-diffusion")\nfrom guided.ops import f',
        "guided-diffusion/guided/ops.py": F,
        "README.md": "",
    },
    "an edited path of a folder beside it": {
        "tools/sample.py": 'import sys\nsys.path.append("../lib")\nfrom ops import f',
        "lib/ops.py": F,
        "LICENSE": "",
    },
    "another project below src": {
        "sample.py": "from taming.ops import f",
        "src/taming-transformers/taming/ops.py": F,
        "setup.py": "",
    },
    "another project in third_party": {
        "sample.py": "from clip.ops import f",
        "third_party/clip/ops.py": F,
        "LICENSE": "",
    },
    "a package without __init__": {"a.py": "import core.sub.ops\nf = core.sub.ops.f", "core/sub/ops.py": F},
    "two names up": {"pack/sub/a.py": "from ..ops import f", "pack/ops.py": F, "pack/__init__.py": ""},
    "all that __all__ names": {
        "a.py": "def f(t): return t\nfrom ops import *\nf = _f",
        "ops.py": f'__all__ = ["_f"]\n{HIDDEN}',
    },
    "a star leaves out what begins with an underscore": {
        "a.py": "def _f(t): return t * 2 - 1\nfrom ops import *\nf = _f",
        "ops.py": "def _f(t): return t",
    },
    "a star leaves out what __all__ does not name": {
        "a.py": "def f(t): return t * 2 - 1\nfrom ops import *",
        "ops.py": '__all__ = ["g"]\ng = 1\ndef f(t): return t',
    },
    "a star through a package": {
        "a.py": "from pack import *",
        "pack/__init__.py": "from .ops import *",
        "pack/ops.py": F,
    },
    "a module with __getattr__": {
        "a.py": "from pack import f",
        "pack/__init__.py": """
            import importlib
            def __getattr__(name):
              return getattr(importlib.import_module(".ops", __name__), name)
            """,
        "pack/ops.py": F,
    },
    "a lazy package": {
        "a.py": "from pack import f",
        "pack/__init__.py": """
            import sys
            from typing import TYPE_CHECKING
            from .lazy import _LazyModule
            _import_structure = {"ops": ["f"]}
            if TYPE_CHECKING:
              from .ops import f
            else:
              sys.modules[__name__] = _LazyModule(__name__, globals()["__file__"], _import_structure)
            """,
        "pack/lazy.py": "class _LazyModule: pass",
        "pack/ops.py": F,
    },
    "the alternative that is there": {
        "a.py": "try:\n  from gone.ops import f\nexcept ImportError:\n  from ops import f",
        "ops.py": F,
    },
    "the first of two alternatives": {
        "a.py": "try:\n  from pack.ops import f\nexcept ImportError:\n  from ops import f",
        "pack/ops.py": F,
        "ops.py": "def f(t): return t",
    },
    "the alternative to a name that is not there": {
        "a.py": "try:\n  from ops import missing as f\nexcept ImportError:\n  from ops import f",
        "ops.py": F,
    },
    "a star of a library": {
        "a.py": "from torchvision.transforms.functional import *\ndef f(t): return normalize(t, [0.5], [0.5])",
    },
    "a star of a library through a file": {
        "a.py": "from ops import *\ndef f(t): return normalize(t, [0.5], [0.5])",
        "ops.py": "from torchvision.transforms.functional import *",
    },
    "only for type checkers": {
        "a.py": "from typing import TYPE_CHECKING\nfrom ops import f\nif TYPE_CHECKING:\n  from other import f",
        "ops.py": F,
        "other.py": "def f(t): return t",
    },
    "a module inside a function": {"a.py": "def f(t):\n  from pack import ops\n  return ops.f(t)", "pack/ops.py": F},
    "a submodule as an attribute": {
        "a.py": "import pack\nf = pack.ops.f",
        "pack/__init__.py": "from . import ops",
        "pack/ops.py": F,
    },
}


@pytest.mark.parametrize("files", LAYOUTS.values(), ids=LAYOUTS)
def test_an_import_means_the_file_that_python_would_find(files: dict[str, str], tmp_path: Path) -> None:
    assert ranges(tmp_path / "repository", files) == {SIGNED}


def test_of_two_files_that_an_edited_path_can_mean_none_is_taken(tmp_path: Path) -> None:
    files = {
        "a.py": 'import sys\nsys.path.append("one")\nfrom ops import f',
        "one/ops.py": F,
        "two/ops.py": "def f(t): return t",
    }
    assert ranges(tmp_path, files) == {UNKNOWN}


def test_a_file_in_another_folder_is_not_found_without_an_edited_path(tmp_path: Path) -> None:
    assert ranges(tmp_path, {"scripts/a.py": "from ops import f", "other/ops.py": F, "LICENSE": ""}) == {UNKNOWN}
