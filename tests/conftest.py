"""What the tests share: a small project in an empty folder, and the command line as a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from difflint.cli import main

# The shortest program with one mistake that difflint is sure of: a value in [-1, 1] shown as if it were in [0, 1].
DEFECT = """\
from PIL import Image
from torchvision.transforms.functional import to_tensor
from torchvision.utils import save_image
picture = to_tensor(Image.open("cat.png")) * 2 - 1
save_image(picture, "picture.png")
"""
CLEAN = DEFECT.replace("save_image(picture,", "save_image(picture * 0.5 + 0.5,")
DEFECT_LINE = 5

Project = Callable[[Mapping[str, str | bytes]], Path]


@dataclass(frozen=True)
class Run:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Writes files into an empty folder, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(files: Mapping[str, str | bytes]) -> Path:
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


@pytest.fixture
def difflint(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs difflint's command line in this process."""

    def run(*arguments: str) -> Run:
        capfd.readouterr()
        code = main(arguments)
        out, err = capfd.readouterr()
        return Run(code, out, err)

    return run
