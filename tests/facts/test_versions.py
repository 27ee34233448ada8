"""Releases: what requirement texts allow, what a project's files say, and which case of a row that picks."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from difflint.facts.analysis import interpret
from difflint.facts.library import Case, Library, Row
from difflint.facts.releases import ALL, CURRENT, key, releases, requirement
from difflint.facts.values import Tensor
from difflint.facts.versions import Versions
from difflint.files import SourceFile

ORDERED = [
    "0.9",
    "0.12.0.dev1",
    "0.12a1",
    "0.12b2",
    "0.12rc1",
    "0.12",
    "0.12.post1",
    "0.12.1",
    "0.13.0",
    "1.0",
    "1.10",
    "2",
]
SPECIFIERS = [
    ">=0.12",
    "<=0.12",
    "<0.13",
    ">0.12",
    "==0.12",
    "==0.12.*",
    "~=0.12.0",
    "~=0.12",
    ">=0.9,<1",
    ">=0.12.1,<=1.0",
]


def test_versions_are_ordered_as_pep_440_orders_them() -> None:
    assert sorted(ORDERED, key=Version) == ORDERED
    assert sorted(set(ORDERED), key=lambda text: key(text) or ()) == ORDERED


@pytest.mark.parametrize(
    ("text", "same"), [("1.0", "1.0.0"), ("v1.2", "1.2"), ("1.12.1+cu113", "1.12.1"), ("1-rc1", "1c1")]
)
def test_two_ways_to_write_a_version_are_the_same(text: str, same: str) -> None:
    assert key(text) == key(same)


@pytest.mark.parametrize("specifier", SPECIFIERS)
@pytest.mark.parametrize("version", ORDERED)
def test_a_range_holds_the_versions_that_packaging_says(specifier: str, version: str) -> None:
    wanted = SpecifierSet(specifier, prereleases=True).contains(version)
    assert releases(f"=={version}").lie_in(releases(specifier)) is wanted


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("^1.2", "1.9", "2.0"),
        ("^0.2.3", "0.2.9", "0.3"),
        ("~1.2", "1.2.9", "1.3"),
        ("=1.2", "1.2.9", "1.3"),
        ("1.2", "1.2.0", "1.2.1"),
    ],
)
def test_what_poetry_and_conda_write(text: str, inside: str, outside: str) -> None:
    assert releases(f"=={inside}").lie_in(releases(text)) is True
    assert releases(f"=={outside}").lie_in(releases(text)) is False


@pytest.mark.parametrize("text", ["", "*", "!=1.3", ">=1.0|<0.5", "nonsense"])
def test_what_excludes_nothing_that_can_be_said_allows_all(text: str) -> None:
    assert releases(text) == ALL


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("torchvision==0.12 # old", "torchvision"),
        ("torch_ema[extra]>=1 ; python_version < '3.9'", "torch-ema"),
        ("Pillow", "pillow"),
        ("pytorch (>=1.2)", "torch"),
        ("lib @ git+https://example.org/lib.git", "lib"),
    ],
)
def test_a_requirement_names_a_library(line: str, name: str) -> None:
    found = requirement(line)
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize(
    "line", ["", "# torch==1.0", "-r other.txt", "--index-url https://x", "https://x/y.whl", "git+https://x"]
)
def test_an_option_or_an_address_names_none(line: str) -> None:
    assert requirement(line) is None


FILES = {
    "requirements.txt": "numpy\ntorchvision==0.12.1 --hash=x\n",
    "requirements-dev.txt": "torchvision >=0.12.1, <=0.12.1\n",
    "pyproject.toml": '[project]\ndependencies = ["torchvision==0.12.1"]\n',
    "setup.cfg": "[options]\ninstall_requires =\n    numpy\n    torchvision==0.12.1\n",
    "setup.py": "setup(name='torchvision-user', install_requires=['torchvision==0.12.1', 'numpy'])\n",
    "environment.yml": "name: x\ndependencies:\n  - python=3.9\n  - pytorch::torchvision=0.12.1=py39_cu113\n",
    "environment.yaml": "dependencies:\n  - pip\n  - pip:\n    - torchvision==0.12.1\n",
    "Pipfile": '[packages]\ntorchvision = "==0.12.1"\n',
    "poetry.lock": '[[package]]\nname = "torchvision"\nversion = "0.12.1"\n',
    "uv.lock": 'version = 1\n[[package]]\nname = "torchvision"\nversion = "0.12.1"\n',
    "Pipfile.lock": '{"default": {"torchvision": {"version": "==0.12.1"}}}',
    "conda-lock.yml": "version: 1\npackage:\n- name: torchvision\n  version: 0.12.1\n",
}
POETRY = (
    '[tool.poetry.dependencies]\ntorchvision = {version = "^0.12"}\n[tool.poetry.group.a.dependencies]\nnumpy = "*"\n'
)


def satisfies(folder: Path, text: str) -> bool | None:
    return Versions(set()).satisfy(folder, {"torchvision": text})


@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_file_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name])
    assert satisfies(tmp_path, ">=0.12.1,<0.12.2") is True
    assert satisfies(tmp_path, ">=0.13") is False
    assert satisfies(tmp_path, "stated <0.13") is True


def test_poetrys_own_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(POETRY)
    assert satisfies(tmp_path, "<0.13") is True


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_nobody_could_read_says_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe[[[\n\x00 = : - {")
    assert Versions(set()).of(tmp_path, "torchvision") == CURRENT


def test_without_a_word_about_a_library_it_is_current(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch==1.12\n")
    assert satisfies(tmp_path, ">=0.13") is True
    assert satisfies(tmp_path, "<0.13") is False
    assert satisfies(tmp_path, "stated >=0.13") is False


@pytest.mark.parametrize(
    "text", ["torchvision\n", "torchvision>=0.8\n", "torchvision==0.14\ntorchvision==0.10 ; os_name == 'nt'\n"]
)
def test_a_range_on_both_sides_decides_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    assert satisfies(tmp_path, "<0.13") is None
    assert satisfies(tmp_path, ">=0.13") is None


def test_files_hold_together_and_a_lock_decides(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torchvision>=0.8\n")
    (tmp_path / "setup.py").write_text("setup(install_requires=['torchvision<0.13'])")
    assert satisfies(tmp_path, "<0.13") is True
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "torchvision"\nversion = "0.20.0"\n')
    assert satisfies(tmp_path, "<0.13") is False


def test_every_file_that_was_looked_for_is_noted(tmp_path: Path) -> None:
    (tmp_path / "requirements-gpu.txt").write_text("torch\n")
    consulted: set[str] = set()
    Versions(consulted).of(tmp_path, "torch")
    assert {Path(path).name for path in consulted} == {*FILES, "requirements-gpu.txt"} - {"requirements-dev.txt"}
    assert all(Path(path).is_absolute() for path in consulted)


# --- rows with variants


def variant(text: str, high: float) -> Case:
    gives = {"kind": "data", "nominal": [0, high], "dtype": "float32"}
    return Case({}, (), gives, None, (), {"torchvision": text})


SOURCE = Row("made.picture", (), None, "x", (variant("<0.13", 1), variant(">=0.13", 255)))
SINK = Row(
    "made.show", (("x", None),), None, "x", (Case({}, (), None, {"takes": {"float": [0, 1]}, "outside": "clamp"}),)
)


def shown(folder: Path) -> tuple[str, set[str]]:
    """What a row of two variants gives in this project, and the files that were asked."""
    text = "import made\nmade.show(made.picture())\n"
    source = SourceFile("a.py", text, folder / "a.py", folder)
    analysis = interpret([source], Library({"made.picture": SOURCE, "made.show": SINK}), lambda path: None)
    (sink,) = analysis.seen.sinks
    return str(sink.value.nominal) if isinstance(sink.value, Tensor) else "unknown", analysis.project.consulted


@pytest.mark.parametrize(
    ("line", "range_"),
    [
        ("torchvision==0.9", "[0, 1]"),
        ("torchvision>=0.15", "[0, 255]"),
        ("torchvision", "unknown"),
        ("numpy", "[0, 255]"),
    ],
)
def test_the_project_picks_the_variant_of_a_row(line: str, range_: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(line)
    found, consulted = shown(tmp_path)
    assert found == range_
    assert str(tmp_path / "requirements.txt") in consulted


def test_no_file_is_read_for_rows_without_variants(tmp_path: Path) -> None:
    source = SourceFile("a.py", "import made\nmade.show(3)\n", tmp_path / "a.py", tmp_path)
    assert interpret([source], Library({"made.show": SINK}), lambda path: None).project.consulted == set()
