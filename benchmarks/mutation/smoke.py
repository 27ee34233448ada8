"""Runs the reference programs for a few steps on random pictures: what passes for correct must at least run.

Not a test: it needs torch, torchvision, diffusers, accelerate and pytorch_lightning. Networks are small as they are;
the sizes in smoke.yaml and the stubs (data sets, what would be downloaded) make a program end within seconds.
"""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
import tempfile
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Run:
    """One way to start a program: its file, arguments, and what is made smaller in its text."""

    file: str
    args: tuple[str, ...] = ()
    smaller: dict[str, str] = field(default_factory=dict)


def ways() -> dict[str, list[Run]]:
    """Every program's runs, in their order: a sampler comes after what trains for it."""
    table = yaml.safe_load((Path(__file__).parent / "smoke.yaml").read_text("utf-8"))
    return {
        program: [Run(run["file"], tuple(run.get("args", "").split()), run.get("smaller", {})) for run in runs]
        for program, runs in table.items()
    }


def main() -> None:
    names = sys.argv[1:] or sorted(ways())
    if names[:1] == ["--inside"]:
        inside(names[1], names[2:])
        return
    failed = [name for name in names if not runs(name)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def runs(name: str) -> bool:
    """Whether every way to start the program ends well."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        pictures(folder, name)
        return all(starts(run, folder) for run in ways()[name])


def starts(run: Run, folder: Path) -> bool:
    """Whether a fresh copy of the program, beside what earlier runs have saved, ends well."""
    shutil.copytree(PROGRAMS / folder.name, folder, dirs_exist_ok=True)
    script = write_smaller(run, folder)
    command = [sys.executable, str(Path(__file__).resolve()), "--inside", script, *run.args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    print(f"{'ok' if done.returncode == 0 else 'FAILED':6} {folder.name} {run.file} {' '.join(run.args)}", flush=True)
    if done.returncode:
        print(done.stderr[-3000:])
    return done.returncode == 0


def write_smaller(run: Run, folder: Path) -> str:
    """The program with its replacements made; a notebook as the script of its cells."""
    file = folder / run.file
    text = file.read_text("utf-8")
    if file.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        text = "\n".join(line for line in text.split("\n") if not line.startswith(("!", "%")))
    for old, new in run.smaller.items():
        places = [path for path in folder.rglob("*.py") if old in path.read_text("utf-8")]
        assert old in text or places, f"{run.file}: {old!r} is not there any more"
        text = text.replace(old, new)
        for path in places:
            path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    target = file.with_suffix(".py")
    target.write_text(text, "utf-8")
    return target.name


def pictures(folder: Path, name: str) -> None:
    """The files that programs read: pictures in class folders and beside them, volumes, captions, a small config."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for directory in ("images", "images/0", "images/1", "slices"):
        (folder / directory).mkdir(exist_ok=True)
        for i in range(4):
            picture = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
            picture.save(folder / directory / f"{i}.png")
            np.save(folder / directory / f"{i}.npy", rng.uniform(-1200, 800, (64, 64)))
    np.save(folder / "images.npy", rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8))
    captions = [{"file": f"{i}.png", "text": "noise"} for i in range(4)]
    (folder / "images" / "captions.json").write_text(json.dumps(captions))
    config = PROGRAMS / name / "configs" / "celeba.yaml"
    if config.exists():
        text = config.read_text().replace("1000", "20").replace("epochs: 200", "epochs: 1")
        text = text.replace("every: 5", "every: 1").replace("data/celeba", "images").replace("size: 32", "size: 4")
        (folder / "small.yaml").write_text(text)


def inside(script: str, args: list[str]) -> None:
    """In the program's own process: put the stubs in place, refuse a loss that is not finite, run it."""
    sys.path[:0] = [str(ROOT), "."]
    from tests import torchvision_shim

    torchvision_shim.install()
    import matplotlib
    import torch

    matplotlib.use("Agg")
    backward = torch.Tensor.backward

    def finite(self: Any, *args: Any, **kwargs: Any) -> Any:
        assert torch.isfinite(self).all(), "the loss is not finite"
        return backward(self, *args, **kwargs)

    torch.Tensor.backward = finite  # type: ignore[method-assign]
    stub_datasets()
    stub_pretrained()
    alone()
    sys.argv = [script, *args]
    runpy.run_path(script, run_name="__main__")


def stub_datasets() -> None:
    """Random pictures where a data set would be downloaded."""
    import numpy as np
    import torch
    import torchvision
    from PIL import Image

    class Pictures(torch.utils.data.Dataset):  # type: ignore[type-arg]
        size, mode = 32, "RGB"

        def __init__(self, *_: Any, transform: Any = None, **__: Any) -> None:
            self.transform = transform

        def __len__(self) -> int:
            return 8

        def __getitem__(self, i: int) -> Any:
            array = np.random.default_rng(i).integers(0, 256, (self.size, self.size, 3), dtype=np.uint8)
            return self.transform(Image.fromarray(array).convert(self.mode)), i % 2

    class Grey(Pictures):
        size, mode = 28, "L"

    class Table(Pictures):
        """Of Hugging Face: a transform of columns."""

        def set_transform(self, transform: Any) -> None:
            self.transform = transform

        def __getitem__(self, i: int) -> Any:
            array = np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            return {key: value[0] for key, value in self.transform({"image": [Image.fromarray(array)]}).items()}

    torchvision.datasets.MNIST = torchvision.datasets.FashionMNIST = Grey
    torchvision.datasets.CIFAR10 = Pictures
    module = types.ModuleType("datasets")
    module.load_dataset = lambda *_, **__: Table()  # type: ignore[attr-defined]
    sys.modules["datasets"] = module


def stub_pretrained() -> None:
    """Small random networks where weights would be downloaded."""
    import diffusers
    import torch

    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    vae = lambda *_, **__: diffusers.AutoencoderKL(  # noqa: E731
        latent_channels=4, block_out_channels=(8, 8, 8, 8), norm_num_groups=4, scaling_factor=0.18215, **blocks
    )
    unet = lambda *_, **__: diffusers.UNet2DConditionModel(  # noqa: E731
        sample_size=8, cross_attention_dim=16, block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8,
        attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )  # fmt: skip
    scheduler = lambda *_, **__: diffusers.DDPMScheduler(  # noqa: E731
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )
    diffusers.AutoencoderKL.from_pretrained = vae
    diffusers.UNet2DConditionModel.from_pretrained = unet
    diffusers.DDPMScheduler.from_pretrained = scheduler

    class Tokenizer:
        model_max_length = 7

        def __call__(self, texts: Any, **_: Any) -> Any:
            count = 1 if isinstance(texts, str) else len(texts)
            return types.SimpleNamespace(input_ids=torch.randint(0, 9, (count, self.model_max_length)))

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(9, 16)

        def forward(self, ids: Any) -> Any:
            return (self.table(ids),)

    module: Any = types.ModuleType("transformers")
    module.CLIPTokenizer = types.SimpleNamespace(from_pretrained=lambda *_, **__: Tokenizer())
    module.CLIPTextModel = types.SimpleNamespace(from_pretrained=lambda *_, **__: Encoder())
    sys.modules["transformers"] = module


def alone() -> None:
    """One process as its own group of processes."""
    import os

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29517", RANK="0", WORLD_SIZE="1", CUDA_VISIBLE_DEVICES="")


if __name__ == "__main__":
    main()
