"""What users install: the wheel works without torch, and pre-commit runs the hook on a repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from difflint import places
from tests.conftest import DEFECT

pytestmark = pytest.mark.slow

CONSTRAINTS = places.ROOT / "constraints.txt"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git would hold, so that nothing built here gets into the checkout."""
    copy = tmp_path_factory.mktemp("checkout") / "difflint"
    listed = _run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=places.ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (places.ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(places.ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def dist(checkout: Path) -> Path:
    """The sdist, and the wheel built from that sdist."""
    _run(sys.executable, "-m", "build", "--outdir", "dist", ".", cwd=checkout)
    return checkout / "dist"


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a new environment that holds the wheel and what it requires, no torch."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=True)
    commands = environment / "bin"
    (wheel,) = dist.glob("*.whl")
    _run(str(commands / "python"), "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS), str(wheel))
    return commands


def test_the_wheel_holds_rules_runtime_and_fixtures_inside_the_package(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"difflint", f"difflint-{wheel.name.split('-')[1]}.dist-info"}
    parts = ("rules/DFL101-", "rules/apis/", "runtime/__main__.py", "fixtures/DFL101/", "checks/range_at_sink.py")
    for part in parts:
        assert any(name.startswith(f"difflint/{part}") for name in names), part


def test_the_sdist_holds_tests_and_documents(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "Makefile", "tests/test_cli.py", "tests/data/sarif-schema-2.1.0.json"} <= names
    assert not any(name.startswith((".venv", ".git/")) for name in names)


def test_the_installed_linter_works_without_torch(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(DEFECT, "utf-8")
    # A user's own folders of these names must not be taken for difflint's.
    for name in ("rules", "runtime", "difflint_checks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('the wrong folder')\n", "utf-8")
    run = _run(str(installed / "difflint"), "--format", "concise", "bad.py", cwd=tmp_path, code=1)
    assert run.stdout.startswith("bad.py:5:1: DFL101 ")
    assert _run(str(installed / "difflint"), "rules").stdout.count("DFL") >= 8


def test_confirm_without_torch_says_in_one_line_what_to_install(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(DEFECT, "utf-8")
    run = _run(str(installed / "difflint"), "confirm", "bad.py", cwd=tmp_path, code=2)
    assert run.stdout == ""
    assert run.stderr == 'difflint: confirm needs torch, numpy, PIL: pip install "difflint[runtime]"\n'


def test_the_installed_runtime_is_found_as_a_module(installed: Path, tmp_path: Path) -> None:
    code = "import importlib.util as u; from difflint import places; print(u.find_spec(places.RUNTIME_MODULE).origin)"
    run = _run(str(installed / "python"), "-c", code, cwd=tmp_path)
    assert run.stdout.strip().endswith("site-packages/difflint/runtime/__init__.py")


def test_pre_commit_runs_the_hook(checkout: Path, tmp_path: Path) -> None:
    _repository(checkout)
    user = tmp_path / "user"
    user.mkdir()
    (user / "bad.py").write_text(DEFECT, "utf-8")
    (user / "fine.py").write_text("x = 1\n", "utf-8")
    head = _run("git", "rev-parse", "HEAD", cwd=checkout).stdout.strip()
    config = f"repos:\n- repo: {checkout}\n  rev: {head}\n  hooks:\n  - id: difflint\n"
    (user / ".pre-commit-config.yaml").write_text(config, "utf-8")
    _repository(user)
    environment = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "PIP_CONSTRAINT": str(CONSTRAINTS)}
    command = (sys.executable, "-m", "pre_commit", "run", "--all-files")
    run = _run(*command, cwd=user, code=1, environment=environment)
    assert "bad.py:5:1: error DFL101 range-at-sink" in run.stdout
    (user / "bad.py").unlink()
    _run("git", "add", "--all", cwd=user)
    assert "Passed" in _run(*command, cwd=user, environment=environment).stdout


def _repository(folder: Path) -> None:
    _run("git", "init", "--quiet", cwd=folder)
    _run("git", "add", "--all", cwd=folder)
    _run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "all", cwd=folder)


def _run(
    *command: str, cwd: Path | None = None, code: int = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    # Variables that git sets inside a hook would turn the repositories made here into the one being committed to.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") and key != "PYTHONPATH"}
    run = subprocess.run(
        command, cwd=cwd, env={**clean, **(environment or {})}, capture_output=True, text=True, check=False
    )
    assert run.returncode == code, f"{' '.join(command)} exited {run.returncode}\n{run.stdout}\n{run.stderr}"
    return run
