"""CPU seconds and memory of difflint on a pinned corpus, beside libcst.parse_module alone and other linters."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED = (
    "audio-diffusion-pytorch==0.1.3", "basicsr==1.4.2", "composer==0.29.0", "dalle2-pytorch==1.15.6",
    "denoising-diffusion-pytorch==2.2.5", "diffusers==0.30.3", "imagen-pytorch==2.1.0", "k-diffusion==0.1.1.post1",
    "lightning-bolts==0.7.0", "lpips==0.1.4", "monai-generative==0.2.3", "muse-maskgit-pytorch==0.3.5",
    "pytorch-fid==0.3.0", "pytorch-ignite==0.5.1", "stylegan2_pytorch==1.9.0", "taming-transformers==0.0.1",
    "torchcfm==1.0.7", "vector-quantize-pytorch==1.14.0", "video-diffusion-pytorch==0.7.0",
)  # fmt: skip
PARSE = """
import sys, libcst
from pathlib import Path
from difflint.files import may_matter
for file in map(Path, sys.stdin.read().splitlines()):
    content = file.read_bytes()
    if may_matter(content):
        libcst.parse_module(content)
"""
OTHERS = {  # what is installed, and the command; each looks at everything it can
    "ruff": ("ruff", ["ruff", "check", "--no-cache", "--isolated", "--quiet", "."]),
    "flake8": ("flake8", ["flake8", "--isolated", "-j1", "."]),
    "TorchFix": ("torchfix==0.7.0", ["torchfix", "--select=ALL", "."]),
    "Fixit": ("fixit", ["fixit", "--quiet", "lint", "."]),
}


@dataclass(frozen=True)
class Cost:
    """What a command took: processor seconds of it and its children, wall seconds, megabytes of the largest process."""

    cpu: float
    wall: float
    memory: float

    def __str__(self) -> str:
        return f"{self.cpu:8.2f} s CPU {self.wall:8.2f} s {self.memory:6.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "difflint-corpus")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--others", action="store_true")
    options = parser.parse_args()
    corpus = download(options.corpus)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for size in [*options.sizes, sys.maxsize]:
            tree = shutil.copytree(corpus, scratch / f"tree{size}")
            files = thin(tree, size)
            measure(tree, files, scratch / f"cache{size}")
        if options.others:
            compare(tree, scratch / "venv")


def download(folder: Path) -> Path:
    """The packages at their pinned versions, unpacked; downloaded once."""
    source = folder / "src"
    if not source.is_dir():
        archives = folder / "archives"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(archives)]
        subprocess.run([*pip, *PINNED], check=True)
        for archive in sorted(archives.iterdir()):
            unpack(archive, source / archive.name.split("-")[0])
    return source


def unpack(archive: Path, target: Path) -> None:
    if archive.suffix == ".whl":
        zipfile.ZipFile(archive).extractall(target)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")


def thin(tree: Path, size: int) -> list[Path]:
    """Every n-th file is kept, so that ``size`` are left, of every package some."""
    files = sorted(tree.rglob("*.py"))
    kept = {files[int(i * len(files) / size)] for i in range(size)} if size < len(files) else set(files)
    for file in files:
        if file not in kept:
            file.unlink()
    return sorted(kept)


def measure(tree: Path, files: Sequence[Path], cache: Path) -> None:
    lint = [sys.executable, "-m", "difflint", "check", "--exit-zero", "--format", "concise", "--jobs", "1", "."]
    kept = [*lint, "--cache-dir", str(cache)]
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    parse = cost([sys.executable, "-c", PARSE], tree, "\n".join(map(str, files)))
    cold = cost(kept, tree)
    warm = cost(kept, tree)
    changed = next(file for file in files if file.name.startswith("train"))
    changed.write_text(changed.read_text("utf-8") + "\nnew = 1\n", "utf-8")
    rows = {"libcst.parse_module alone": parse, "difflint, cold": cold, "difflint, warm": warm}
    rows[f"difflint, {changed.name} changed"] = cost(kept, tree)
    rows["difflint, no cache, 2 jobs"] = cost([*lint, "--no-cache", "--jobs", "2"], tree)
    for name, row in rows.items():
        print(f"  {name:34} {row} {row.cpu / parse.cpu:6.2f} x parse")


def compare(tree: Path, venv: Path) -> None:
    """Other linters on the same files."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    for name, (package, command) in OTHERS.items():
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", package], check=True)
        row = cost([str(venv / "bin" / command[0]), *command[1:]], tree)
        print(f"  {name:34} {row}")


def cost(command: Sequence[str], folder: Path, given: str = "") -> Cost:
    """Run a command and say what it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as stdin:
        stdin.write(given)
        stdin.seek(0)
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=stdin, stdout=quiet, stderr=quiet)
        _, _, used = os.wait4(process.pid, 0)
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
