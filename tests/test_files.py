"""Reading: any encoding Python itself takes, and one clear line for what it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from difflint import files
from difflint.files import Unreadable, absolute, may_matter, read_source, split_lines
from tests.conftest import Project


def reason(name: str) -> str:
    """Why the file cannot be linted."""
    with pytest.raises(Unreadable) as caught:
        read_source(absolute(name))
    assert caught.value.error.path == name
    assert "\n" not in caught.value.error.message
    return caught.value.error.message


@pytest.mark.parametrize(
    "content",
    [
        "s = 'é'".encode(),
        "\ufeffs = 'é'".encode(),
        "# -*- coding: latin-1 -*-\ns = 'é'".encode("latin-1"),
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\ns = 'é'".encode("cp1252"),
    ],
)
def test_declared_encodings_and_byte_order_marks_are_understood(project: Project, content: bytes) -> None:
    project({"a.py": content})
    assert read_source(absolute("a.py")).text.endswith("s = 'é'")


def test_paths_are_shown_relative_to_the_working_folder(project: Project) -> None:
    root = project({"pkg/a.py": ""})
    assert read_source(root / "pkg" / "a.py").path == "pkg/a.py"
    assert files.shown_path(Path("/elsewhere/a.py")) == "/elsewhere/a.py"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\x00\x00", "is a binary file (it holds a null byte)"),
        (b"s = '\xff'", "cannot be decoded"),
        (b"# coding: latin-0\n", "cannot be decoded: unknown encoding"),
        (b"# coding: ascii\n\ns = '\xff'", "is not ascii text (byte 22)"),
    ],
)
def test_bytes_that_are_no_text_are_explained(project: Project, content: bytes, message: str) -> None:
    project({"a.py": content})
    assert message in reason("a.py")


def test_missing_files_dangling_links_pipes_and_huge_files_are_explained(project: Project) -> None:
    root = project({"huge.py": b"#" * (files.SIZE_LIMIT + 1)})
    os.symlink("nowhere.py", root / "link.py")
    os.mkfifo(root / "pipe.py")
    assert reason("missing.py") == "does not exist"
    assert reason("link.py") == "is a dangling symbolic link"
    assert reason("pipe.py") == "is not a regular file"
    assert reason("huge.py") == "is larger than 5 MB"


def test_a_file_without_permission_is_explained(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"a.py": ""})

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read everything, so the refusal is played
    assert reason("a.py") == "cannot be read: Permission denied"


def test_lines_end_where_python_ends_them() -> None:
    assert split_lines("a\r\nb\rc\nd\x0ce\u2028f") == ["a", "b", "c", "d\x0ce\u2028f"]


def test_the_project_is_the_nearest_marked_folder(project: Project) -> None:
    root = project({"pyproject.toml": "", "pkg/sub/a.py": ""})
    assert files.project_of(root / "pkg" / "sub") == root


def test_without_a_mark_the_project_is_the_topmost_folder_of_python_files(project: Project) -> None:
    root = project({"repo/src/train.py": "", "repo/src/models/unet.py": "", "repo/notes.txt": ""})
    assert files.project_of(root / "repo" / "src" / "models") == root / "repo" / "src"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (b"import torch\nx = torch.randn(3)\n", True),
        (b"from PIL import Image\nImage.fromarray(x)\n", True),
        (b"import numpy as np\nprint(np.arange(3))\n", False),
        (b"save_image = 1\n", False),
    ],
)
def test_only_files_with_a_library_and_a_source_or_sink_are_analysed(code: bytes, expected: bool) -> None:
    assert may_matter(code) is expected
