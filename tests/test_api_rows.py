"""The tables of library knowledge: every row can be read and used, and a broken one stops with its file and key."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from difflint import places
from difflint.facts.analysis import interpret
from difflint.facts.events import Sink
from difflint.facts.intrinsics import INTRINSICS
from difflint.facts.library import TRANSFERS, Library, Row, RowError, load_rows
from difflint.facts.stubs import FOLDER as STUBS
from difflint.facts.transfers import TRANSFERS as TAKEN
from difflint.facts.values import Kind, Tensor
from difflint.files import SourceFile

APIS = places.RULES / "apis"
LIBRARY = load_rows(APIS)
ROWS = tuple(row for name, row in LIBRARY.rows.items() if name == row.api)
SINK_KEYS = {"takes", "outside"}
VALUE_KEYS = {"dtype", "range", "container", "dtype_is", "layout"}
OUTSIDE = {"clamp", "wrap", "wrap-cast", "raise", "stretch", "collapse"}


def broken(folder: Path, text: str) -> str:
    """What the loader says of this table."""
    (folder / "table.yaml").write_text(text)
    with pytest.raises(RowError) as raised:
        load_rows(folder)
    return str(raised.value)


def test_the_tables_describe_at_least_150_calls() -> None:
    assert len(ROWS) >= 150


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("- {api: a.b, colour: red}", "colour"),
        ("- {api: a.b, transfer: melt}", "melt"),
        ("- {api: a.b, transfer: [{melt: 3}]}", "melt"),
        ("- {api: a.b, signature: x}", "signature"),
        ("- {api: a.b, also: [3]}", "also"),
        ("- {api: a.b, modules: [3]}", "modules"),
        ("- {transfer: keep}", "api"),
        ("- {api: a.b, cases: [keep]}", "case"),
        ("api: a.b", "list"),
        ("- {api: [", ""),
    ],
)
def test_a_broken_row_stops_with_the_file_and_the_key(tmp_path: Path, text: str, key: str) -> None:
    message = broken(tmp_path, text)
    assert "table.yaml" in message
    assert key in message


AGAIN = ["{api: a.b}", "{api: c.d, also: [a.b]}", "{api: c.b, modules: [a]}", "{api: a, made_by: [b]}"]


@pytest.mark.parametrize("again", AGAIN)
def test_a_name_described_twice_stops_with_that_name(tmp_path: Path, again: str) -> None:
    assert "a.b" in broken(tmp_path, f"- {{api: a.b}}\n- {again}\n")


def test_a_row_answers_to_its_aliases_in_every_module_and_by_every_maker(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text("- {api: a.X, also: [a.Y], modules: [b], made_by: [load]}\n")
    assert set(load_rows(tmp_path).rows) == {"a.X", "a.Y", "b.X", "b.Y", "a.X.load", "a.Y.load", "b.X.load", "b.Y.load"}


def test_the_loader_and_the_interpreter_know_the_same_transfers() -> None:
    assert set(TAKEN) | {"join", "pass"} == set(TRANSFERS)


@pytest.mark.parametrize("row", [row for row in ROWS if row.stub], ids=lambda row: row.api)
def test_the_stub_that_a_row_names_is_written(row: Row) -> None:
    stem, _, name = str(row.stub).partition(".")
    body = ast.parse((STUBS / f"{stem}.pystub").read_text()).body
    values = [
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert name in {*values, *(node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef))}


@pytest.mark.parametrize("row", [row for row in ROWS if row.intrinsic], ids=lambda row: row.api)
def test_a_row_that_promises_an_intrinsic_has_one(row: Row) -> None:
    assert row.api in INTRINSICS


@pytest.mark.parametrize("name", INTRINSICS)
def test_an_intrinsic_can_be_reached(name: str) -> None:
    owner, _, last = name.rpartition(".")
    if owner == "difflint":
        sources = [*STUBS.glob("*.pystub"), *STUBS.parent.glob("*.py")]
        assert any(re.search(rf"difflint\.{last}(\(|\"\))", source.read_text()) for source in sources)
    else:
        made = LIBRARY.find(owner)  # a method of an object is looked up under the object's canonical name
        assert made is None or (made.makes_object and made.api == owner)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.api)
def test_the_parts_of_a_row_fit_together(row: Row) -> None:
    names = {name.lstrip("*") for name, _ in (*row.parameters, *(row.call_parameters or ()))}
    assert row.subject.lstrip("*") in names or not names
    for case in row.cases:
        assert {key for key in case.when if not key.startswith("self.")} <= names | VALUE_KEYS
        if case.sink is not None:
            assert set(case.sink) == SINK_KEYS
            assert case.sink["outside"] in OUTSIDE
            assert all(low < high for low, high in case.sink["takes"].values())
    if row.loss is not None:
        assert set(row.loss) <= names
    for dtype, (low, high) in (row.needs or {}).items():
        assert dtype in ("float", "uint8")
        assert low < high
    assert row.acts_as is None or LIBRARY.knows(row.acts_as)


def test_a_name_of_a_library_is_found_under_its_aliases() -> None:
    assert LIBRARY.find("diffusers.schedulers.DDPMScheduler") is LIBRARY.find("diffusers.DDPMScheduler")
    assert LIBRARY.find("torchvision.transforms.v2.Normalize") is LIBRARY.find("torchvision.transforms.Normalize")


def test_an_empty_library_knows_nothing() -> None:
    assert not Library({}).knows("torch.clamp")


# --- what library objects do, seen from a program that uses them

DATA = "import torch\nfrom torchvision.io import read_image\nx = read_image('a.png').float() / 255\n"


def sinks(text: str) -> list[Sink]:
    source = SourceFile("example.py", DATA + text, Path("example.py"), Path("."))
    return list(interpret([source], LIBRARY, lambda path: None).seen.sinks)


def shown(text: str) -> str:
    """The range at the only sink of a program, or ``unknown``."""
    (sink,) = sinks(text)
    return str(sink.value.nominal) if isinstance(sink.value, Tensor) else "unknown"


AXES = [
    "ax = plt.subplots()[1]",
    "ax = plt.subplots(2, 3)[1][0, 1]",
    "for ax in plt.subplots(2, 2)[1].flat: pass",
    "ax = plt.gca()",
]


@pytest.mark.parametrize("axes", [*AXES, "f, (ax, b) = plt.subplots(1, 2)", "ax = plt.figure().add_subplot(111)"])
def test_drawing_into_axes_is_the_same_as_pyplot_imshow(axes: str) -> None:
    assert shown(f"import matplotlib.pyplot as plt\n{axes}\nax.imshow(x.permute(1, 2, 0) * 2 - 1)") == "[-1, 1]"


@pytest.mark.parametrize("module", ["torch.utils.tensorboard", "tensorboardX"])
def test_both_tensorboards_are_sinks_and_only_torchs_clips(module: str) -> None:
    (sink,) = sinks(f"from {module} import SummaryWriter\nw = SummaryWriter('runs')\nw.add_image('a', x * 2 - 1, 3)")
    assert sink.outside == ("clamp" if module.startswith("torch.") else "wrap")


def test_wandb_is_judged_only_for_values_of_both_signs() -> None:
    assert shown("import wandb\nwandb.Image(x * 2 - 1)") == "[-1, 1]"
    assert [s.takes for s in sinks("import wandb\nwandb.Image(x)")] == [()]
    assert [s.takes for s in sinks("import wandb\nwandb.Image(x * 255)")] == [()]


@pytest.mark.parametrize(("kind", "range_"), [("'np'", "[0, 1]"), ("'pil'", "[0, 255]")])
def test_a_pipeline_gives_pictures_that_are_already_denormalised(kind: str, range_: str) -> None:
    text = "from diffusers import DDPMPipeline\np = DDPMPipeline.from_pretrained('a').to('cuda')\n"
    assert shown(f"{text}import matplotlib.pyplot as plt\nplt.imshow(p(output_type={kind}).images[0])") == range_


def test_only_a_pretrained_autoencoder_decodes_to_a_known_range() -> None:
    text = "from diffusers import AutoencoderKL\nfrom torchvision.utils import save_image\n"
    use = "save_image(vae.decode(vae.encode(x).latent_dist.sample()).sample, 'a.png')"
    assert shown(f"{text}vae = AutoencoderKL.from_pretrained('a').eval()\n{use}") == "[-1, 1]"
    assert shown(f"{text}vae = AutoencoderKL()\n{use}") == "unknown"


@pytest.mark.parametrize(
    "maker", ["DDPMScheduler()", "DDIMScheduler.from_pretrained('a')", "EulerDiscreteScheduler.from_config(c)"]
)
def test_a_scheduler_turns_noise_and_a_networks_output_into_a_samplers_state(maker: str) -> None:
    (sink,) = sinks(
        "from torchvision.utils import save_image\n"
        "from diffusers import UNet2DModel, DDPMScheduler, DDIMScheduler, EulerDiscreteScheduler\n"
        f"net, s = UNet2DModel.from_pretrained('a'), {maker}\n"
        "z = torch.randn(1, 3, 8, 8)\n"
        "for t in s.timesteps:\n"
        "    z = s.step(net(z, t).sample, t, z).prev_sample\n"
        "save_image(z, 'a')"
    )
    assert isinstance(sink.value, Tensor)
    assert sink.value.kind is Kind.SAMPLE


def test_an_albumentations_pipeline_takes_and_gives_image_by_name() -> None:
    text = "import albumentations as A\nimport cv2\nimport matplotlib.pyplot as plt\n"
    made = "t = A.Compose([A.HorizontalFlip(), A.Normalize(mean=(0.5,), std=(0.5,))])\n"
    assert shown(f"{text}{made}plt.imshow(t(image=cv2.imread('a'))['image'])") == "[-1, 1]"


@pytest.mark.parametrize(
    "made", ["torch.load('a')", "torch.zeros(3, 4)", "torch.full((3,), 7)", "library.call(x)", "torch.fft.fftn(x)"]
)
def test_what_nobody_knows_stays_unknown(made: str) -> None:
    assert shown(f"import library\nfrom torchvision.utils import save_image\nsave_image({made}, 'a')") in (
        "unknown",
        "None",
    )
