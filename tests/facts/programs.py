# ruff: noqa: E501, RUF028 (tables of statements)
"""Random small programs over arrays and tensors: run for real and interpreted, and what both say of each name."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from difflint.facts import knowledge
from difflint.facts.analysis import interpret
from difflint.facts.values import Choice, Const, Elements, Items, Kind, Record, Tensor, Value, choices
from difflint.files import SourceFile

HEAD = """\
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision import transforms
from torchvision.transforms.functional import to_tensor
"""
# What a program begins with: the text the interpreter reads, and what stands there when it is run.
SOURCES = {
    'np.array(Image.open("a.png"))': "uint8 array",
    'torch.from_numpy(np.array(Image.open("a.png")))': "uint8 tensor",
    'to_tensor(Image.open("a.png"))': "float32 tensor",
    "torch.randint(0, 256, (3, 4, 4), dtype=torch.uint8)": "uint8 tensor",
    "torch.rand(3, 4, 4)": "float32 tensor",
    "torch.randn(3, 4, 4)": "normal tensor",
}
NAMES = ("x", "y", "z")


@dataclass(frozen=True)
class Program:
    """A program and what its names hold after it was run."""

    text: str
    names: Mapping[str, Any]


# --- making and running programs

CONSTANTS = ("0", "1", "2", "3", "-1", "0.5", "-0.5", "1.0", "2.0", "127.5", "255", "255.0", "-3", "0.25", "100")
DIVISORS = ("2", "4", "0.5", "255", "255.0", "127.5", "-2", "2.0", "3")
BOUNDS = ("0, 1", "-1, 1", "0, 255", "-1.0, 1.0", "0.25, 0.75", "0, None", "None, 1", "-0.5, 200")
CHANNELS = ("(0.5, 0.4, 0.3)", "(0.5, 0.5, 0.5)", "[0.485, 0.456, 0.406]", "(0.5,)")
FLOATS = ("float16", "float32", "float64")
WHOLE = ("uint8", "int32", "int64", "int16", "int8")

# {v} and {w} are names that hold something, {c} a constant, {d} a divisor, {b} bounds, {f} and {i} dtypes
EXPRESSIONS = [
    *("{v} * {c}", "{c} * {v}", "{v} + {c}", "{c} + {v}", "{v} - {c}", "{c} - {v}", "{v} / {d}", "-{v}", "+{v}"),
    *("({v} - {c}) / {d}", "{v} / {d} * 2 - 1", "({v} + 1) / 2", "({v} - 0.5) * {c}", "{c} * {v} + {c}"),
    *("{v} ** 2", "{v} // {d}", "{v} % {d}", "abs({v})", "{v} + {w}", "{v} - {w}", "{v} * {w}", "{c} / {v}", "{v} ** 0.5"),
    *("{v}[0]", "{v}[..., :2]", "{v}[None]", "{v}[:, 1:]", "{v}[[0]]", "{v}[{v} > {c}]", "{v}[::1]", "{v}[-1]"),
    *("{v}.clip({b})", "{v}.round()", "{v}.flatten()", "{v}.reshape(-1)", "{v}.T", "{v}.mean()", "{v}.sum()"),
    *("({v} - {v}.min()) / ({v}.max() - {v}.min())", "{v} / {v}.max()", "{v} - {v}.mean()"),
    *("{v}.clamp({b})", "torch.clamp({v}, {b})", "{v}.clamp(min={c})", "{v}.clamp(max={c})", "{v}.clamp_min({c})"),
    *("torch.clip({v}, {b})", "torch.clamp({v}, min={c})", "torch.clamp(input={v}, max={c})", "F.hardtanh({v})"),
    *("F.hardtanh({v}, {c}, 300.0)", "F.relu({v})", "torch.sigmoid({v})", "{v}.tanh()", "F.softplus({v})", "{v}.relu()"),
    *("torch.minimum({v}, torch.tensor({c}))", "torch.maximum({v}, {w})", "torch.max({v}, {w})", "torch.min({v}, {w})"),
    *("torch.where({v} > {c}, {v}, {w})", "torch.where({v} > {c}, {v}, {c})", "F.relu6({v})", "F.softmax({v}, 0)", "torch.erf({v})"),
    *("{v}.float()", "{v}.half()", "{v}.double()", "{v}.byte()", "{v}.to(torch.{f})", "{v}.to(torch.{i})", "{v}.int()"),
    *("{v}.to(dtype=torch.{f})", "{v}.to('cpu', torch.{i})", "{v}.type(torch.{f})", "{v}.type_as({w})", "{v}.long()", "{v}.to({w})"),
    *("{v}.floor()", "{v}.ceil()", "torch.round({v})", "torch.floor({v})", "{v}.trunc()", "{v}.permute(1, 2, 0)", "{v}.flip(-1)", "{v}.short()"),
    *("{v}.transpose(0, 1)", "{v}.unsqueeze(0)", "{v}.squeeze(0)", "{v}.repeat(2, 1, 1)", "{v}.expand(2, 3, 4, 4)", "{v}.bool()"),
    *("torch.cat([{v}, {w}])", "torch.stack([{v}, {w}], dim=0)", "torch.cat(({v}, {v}), 0)", "torch.stack([{v}, {v} * 2])"),
    *("{v}.add({c})", "{v}.mul({c})", "{v}.div({d})", "{v}.sub({c})", "{v}.add({w}, alpha=2)", "torch.add({v}, {w})", "torch.mul({v}, {c})"),
    *("{v}.mul({c}).add({c})", "torch.lerp({v}, {w}, 0.5)", "{v}.lerp({w}, 0.25)", "{v}.abs()", "{v}.pow(2)", "{v}.exp()", "{v}.sqrt()"),
    *("{v}.neg()", "torch.neg({v})", "{v}.square()", "{v}.detach().cpu()", "{v}.numpy()", "{v}.clone()", "{v}.contiguous()", "torch.sign({v})"),
    *("transforms.Normalize({m}, {m})({v})", "transforms.Normalize([0.5], [0.5])({v})", "{v}.sigmoid() * 2 - 1", "{v}.masked_fill({v} > {c}, {c})"),
    *("torch.zeros_like({v})", "torch.ones_like({v})", "torch.full_like({v}, {c})", "torch.rand_like({v})", "torch.randn_like({v})", "torch.tril({v})"),
    *("torch.tensor({c})", "torch.tensor([0.5, 0.25, 2.0]).view(3, 1, 1)", "{v} * torch.tensor([0.5, 2.0, 1.0]).view(3, 1, 1)", "torch.as_tensor({v})"),
    *("{v} - torch.tensor([0.5, 0.4, 0.3])[:, None, None]", "{v} / torch.tensor([2, 4, 8]).view(3, 1, 1)", "torch.tensor(255) * {v}", "F.gelu({v})"),
    *("torch.zeros(3, 4, 4)", "torch.ones(3, 4, 4, dtype=torch.uint8)", "torch.full((2, 2), {c})", "torch.rand(2, dtype=torch.float64)", "F.silu({v})"),
    *("np.clip(np.asarray({v}), {b})", "np.maximum(np.asarray({v}), {c})", "np.minimum(np.asarray({v}), {c})", "np.round(np.asarray({v}))", "np.rint(np.asarray({v}))", "np.floor(np.asarray({v}))", "np.fmod(np.asarray({v}), {d})"),
    *("{v}.astype('uint8')", "{v}.astype(np.{f})", "{v}.astype(np.{i})", "{v}.astype(float)", "{v}.astype(int)", "np.float32(np.asarray({v}))", "np.uint8(np.asarray({v}))"),
    *("np.transpose(np.array({v}), (1, 2, 0))", "np.moveaxis(np.array({v}), 0, -1)", "np.stack([np.asarray({v}), {w}])", "np.concatenate([np.asarray({v}), {v}], axis=0)", "np.flip(np.array({v}), 0)"),
    *("torch.from_numpy({v}.copy())", "torch.tensor({v})", "np.asarray({v}, dtype=np.{f})", "np.array({v})", "{v}.copy()", "np.ascontiguousarray({v})"),
    *("np.where(np.asarray({v}) > {c}, {v}, {w})", "np.abs(np.asarray({v}))", "np.sqrt(np.abs(np.asarray({v})))", "np.tanh(np.asarray({v}))", "torch.Tensor({v})", "torch.FloatTensor({v})", "torch.as_tensor({v}, dtype=torch.{f})"),
    *("np.multiply(np.asarray({v}), {c})", "np.add(np.asarray({v}), {w})", "np.subtract(np.asarray({v}), {c})", "np.divide(np.asarray({v}), {d})", "np.zeros_like(np.asarray({v}))", "np.random.rand(2, 2)", "np.random.randn(2, 2)", "np.dot(np.asarray({v}), 2)"),
    *("[{v}, {w}][0]", "({v}, {w})[{k}]", "dict(a={v}, b={w})['b']", "{{'a': {v}}}.get('a')", "[g * {c} for g in ({v}, {w})]", "max({v}.max(), {c})", "sum([{v}, {w}])"),
    *("{v} if FLAG else {w}", "{v} / 255 if {v}.dtype == torch.uint8 else {v}", "{v} / 255 if {v}.max() > 1 else {v}", "(lambda a: a * {c})({v})", "torch.nan_to_num({v})"),
    *("{v} @ {w}", "{v} > {c}", "({v} > {c}).float()", "({v} > {c}) * {v}", "{v}.ndim", "{v}.dtype", "np.pi * {v}"),
]  # fmt: skip
CHANGES = [
    *("{v} += {c}", "{v} -= {c}", "{v} *= {c}", "{v} /= {d}", "{v} //= {d}", "{v} += {w}", "{v} *= {w}", "{v} **= 2", "{v} -= {w}"),
    *("{v}.clamp_({b})", "{v}.mul_({c})", "{v}.add_({c}).div_({d})", "{v}.sub_({c})", "{v}.abs_()", "{v}.neg_()", "{v}.clip_({b})"),
    *("{v}[0] = {c}", "{v}[0] = {w}[0]", "{v}[:] = {w}", "{v}[:, 0] = {w}[:, 0]", "{v}[{v} > {c}] = {c}", "{v}[0] *= {c}", "{v}[...] = {v} / {d}"),
    *("{v}.copy_({w})", "{v}.zero_()", "{v}.fill_({c})", "{v}.uniform_(-1, 1)", "{v}.normal_()", "{v}.sigmoid_()", "{v}.round_()", "{v}.relu_()"),
    *("{u} = {v}", "{u}, {v} = {v}, {w}", "{u} = {v}; {u} *= {c}", "{u} = {v}.view(-1); {u}.mul_({c})", "np.clip({v}, {b}, out={v})", "{v}.masked_fill_({v} > {c}, {c})"),
    *("{u} = [{v}, {w}]; {u}[0] = {v} * {c}; {u} = {u}[0]", "{u} = {{'k': {v}}}; {u}['k'] = {u}['k'] * {c}; {u} = {u}['k']"),
    *("{u} = torch.zeros(3, 4, 4); {u}[0] = {v}[0]", "{u} = np.zeros((3, 4, 4), dtype=np.uint8); {u}[:] = {v}", "{u} = torch.empty_like({v}); {u}[:] = {w}", "torch.relu_({v})"),
]  # fmt: skip
TESTS = [
    *("FLAG", "not FLAG", "{v}.max() > 1", "{v}.min() < 0", "{v}.max() <= 1", "{v}.dtype == torch.uint8", "{v}.dtype != torch.float32"),
    *("isinstance({v}, np.ndarray)", "torch.is_tensor({v})", "{v}.dtype == np.uint8", "{v}.ndim == 3", "{v}.shape[0] == 3", "{v}.min() >= 0 and {v}.max() <= 1"),
    *("isinstance({v}, (np.ndarray, torch.Tensor))", "FLAG and {v}.max() > 2", "FLAG or {v}.min() < 0", "({v} >= 0).all()", "not ({v} > 1).any()", "np.issubdtype({v}.dtype, np.floating)"),
    *("torch.is_tensor({v}) and {v}.is_floating_point()", "{c} > 1", "MODE == 'a'", "MODE in ('a', 'b')", "MODE is None", "{v}.dtype in (torch.uint8, torch.int32)"),
]  # fmt: skip


def _keeps_items(text: str) -> bool:
    """Whether it writes into nothing: what a loop goes over may change with its item, which is not followed yet."""
    return re.search(r"\] *[-+*/]?=(?!=)|[-+*/]=", text) is None


def blocks(simple: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Branches, loops, functions and the like around simpler statements."""
    inner = simple.map(lambda text: "\n".join("    " + line for line in text.splitlines()))
    test = filled(st.sampled_from(TESTS))
    return st.one_of(
        st.builds("if {}:\n{}".format, test, inner),
        st.builds("if {}:\n{}\nelse:\n{}".format, test, inner, inner),
        st.builds("if {}:\n{}\nelif {}:\n{}\nelse:\n{}".format, test, inner, test, inner, inner),
        st.builds("for i in range({}):\n{}".format, st.sampled_from(("0", "1", "2", "3", "12", "N", "N")), inner),
        st.builds("for i in range(3):\n{}\n    if {}:\n        break\n{}".format, inner, test, inner),
        st.builds("for i in range(N):\n    if {}:\n        continue\n{}".format, test, inner),
        st.builds(
            "for {} in ({} * 2, {} + 0.5):\n{}".format, *[st.sampled_from(NAMES)] * 3, inner.filter(_keeps_items)
        ),
        st.builds(
            "k = iter(range({}))\nwhile next(k, None) is not None:\n{}".format, st.sampled_from(("1", "2", "N")), inner
        ),
        st.builds("with torch.no_grad():\n{}".format, inner),
        st.builds("assert {}\n{}".format, test, simple),
        st.builds("try:\n{}\nexcept ValueError:\n    pass".format, inner),
        st.builds("try:\n{}\nfinally:\n{}".format, inner, inner),
        st.builds(
            "def f({1}, y=y):\n    if {2}:\n        return {1}\n{3}\n    return {1}\n{0} = f({4})".format,
            *[st.sampled_from(NAMES)] * 2,
            test,
            inner,
            st.sampled_from(NAMES),
        ),  # fmt: skip
        st.builds(
            "def g(x, z):\n{1}\n    return z\n{0} = g({2}, {3})\n{0} = g({3}, {0})".format,
            st.sampled_from(NAMES),
            inner,
            *[st.sampled_from(NAMES)] * 2,
        ),  # fmt: skip
        st.builds(
            "class A:\n    def __init__(self, x):\n        self.x = x\n    def run(self, y, z):\n        x = self.x\n"
            "        self.x = {1}\n        return self.x\na = A({2})\n{0} = a.run(y, z)\n{3} = a.x".format,
            st.sampled_from(NAMES),
            filled(st.sampled_from(EXPRESSIONS)),
            *[st.sampled_from(NAMES)] * 2,
        ),  # fmt: skip
        st.builds(
            "match MODE:\n    case 'a':\n{0}\n    case _:\n{1}".format,
            *[inner.map(lambda t: t.replace("\n", "\n    ")).map(lambda t: "    " + t)] * 2,
        ),
    )


def filled(templates: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Templates with names and numbers put in."""
    pick = st.sampled_from
    parts = {"v": NAMES, "w": NAMES, "u": NAMES, "c": CONSTANTS, "d": DIVISORS, "b": BOUNDS, "m": CHANNELS}
    parts |= {"f": FLOATS, "i": WHOLE, "k": ("0", "1", "-1")}
    known = st.fixed_dictionaries({key: pick(values) for key, values in parts.items()})
    return st.builds(lambda template, values: template.format(**values), templates, known)


assignments = st.builds("{} = {}".format, st.sampled_from(NAMES), filled(st.sampled_from(EXPRESSIONS)))
simple = st.one_of(assignments, assignments, filled(st.sampled_from(CHANGES)))
pairs = st.builds("{}\n{}".format, simple, simple)
statements = st.one_of(simple, simple, simple, blocks(st.one_of(simple, pairs)), blocks(blocks(simple)))


@st.composite
def programs(draw: st.DrawFn, longest: int = 7) -> Program:
    """A program whose statements all run; the values that it begins with hold the ends of their ranges."""
    seed = draw(st.integers(0, 3))
    sources = [draw(st.sampled_from(sorted(SOURCES))) for _ in NAMES]
    begin = {
        name: _begin(SOURCES[source], seed + i) for i, (name, source) in enumerate(zip(NAMES, sources, strict=True))
    }
    unknown = {
        "FLAG": draw(st.booleans()),
        "N": draw(st.integers(1, 3)),
        "MODE": draw(st.sampled_from(["a", "b", None])),
    }
    lines = [f"{name} = {source}" for name, source in zip(NAMES, sources, strict=True)]
    names: dict[str, Any] = begin
    for statement in draw(st.lists(statements, min_size=1, max_size=longest)):
        after = run(statement, names, unknown)
        if after is not None:
            names = after
            lines.append(statement)
    return Program(HEAD + "\n".join(lines) + "\n", names)


def _begin(what: str, seed: int) -> Any:
    random = np.random.default_rng(seed)
    dtype, holds = what.split()
    if dtype == "normal":
        return torch.from_numpy(random.normal(0, 3, (3, 4, 4)).astype("float32"))
    values = random.uniform(0, 1, (3, 4, 4)).astype("float32")
    values.flat[:2], values.flat[-1] = (0, 1), 1
    if dtype == "uint8":
        values = np.round(values * 255).astype("uint8")
    return values if holds == "array" else torch.from_numpy(values)


def run(statement: str, names: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any] | None:
    """The names after a statement; None if it raises or runs into numbers that are none."""
    from torchvision import transforms

    libraries = {"np": np, "torch": torch, "F": torch.nn.functional, "transforms": transforms}
    space = {**libraries, **unknown, **_copied(names)}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(statement, space)
    except Exception:  # a statement that does not fit what the names hold
        return None
    after = {name: space[name] for name in space if name in NAMES}
    return after if all(_is_plain(value) for value in after.values()) else None


def _copied(names: Mapping[str, Any]) -> dict[str, Any]:
    """The names with copies of what they hold; views of one memory stay views of one memory."""
    return copy.deepcopy(dict(names))


def _is_plain(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.numel() < 5000 and bool(torch.isfinite(value.double()).all()) and not value.is_complex()
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiub" and value.size < 5000 and bool(np.isfinite(value).all())
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return isinstance(value, int | float | str | bool | torch.dtype | np.dtype) and abs(_number(value)) < 1e30


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


# --- comparing


def interpreted(text: str) -> dict[str, Value]:
    """What the interpreter says of every name at the end."""
    source = SourceFile("program.py", text, Path("/nowhere/program.py"), Path("/nowhere"))
    analysis = interpret([source], knowledge(), lambda path: None)
    assert analysis.failures == (), (analysis.failures, text)
    return {n: v for m in analysis.project.modules.values() if m.path == "program.py" for n, v in m.scope.names.items()}


def holds(claim: Value, real: Any) -> str | None:
    """What is wrong with a claim about a real value; None if nothing is."""
    if isinstance(claim, Choice):
        return _choice(claim, real)
    if isinstance(claim, Tensor):
        return _tensor(claim, real)
    if isinstance(claim, Const):
        return _constant(claim.value, real)
    if isinstance(claim, Items) and claim.kind == "batch":
        return None if any(True for _ in claim.items) else "an empty batch"
    if isinstance(claim, Items) and isinstance(real, list | tuple):
        if len(claim.items) != len(real):
            return f"{len(claim.items)} items are {len(real)}"
        return next((w for c, r in zip(claim.items, real, strict=True) if (w := holds(c, r))), None)
    if isinstance(claim, Elements) and isinstance(real, list | tuple):
        return next((w for r in real if (w := holds(claim.item, r))), None)
    return "a dict" if isinstance(claim, Record) and not isinstance(real, dict) else None


def _choice(claim: Choice, real: Any) -> str | None:
    """One of the choices holds, or each element is what one of them says: a tensor written in part is both."""
    wrong = [holds(choice, real) for choice in choices(claim)]
    given = [choice for choice in choices(claim) if isinstance(choice, Tensor | Const)]
    if None in wrong or len(given) < len(wrong) or not isinstance(real, torch.Tensor | np.ndarray):
        return None if None in wrong else f"none of {wrong}"
    apart = [[holds(choice, one) for choice in given] for one in _elements(real)]
    return None if all(None in answers for answers in apart) else f"none of {wrong}"


def _elements(real: Any) -> Any:
    flat = real.reshape(-1)
    return [flat[i : i + 1] for i in range(len(flat))]


def _constant(value: Any, real: Any) -> str | None:
    if isinstance(real, torch.Tensor | np.ndarray | np.generic) and isinstance(value, int | float):
        off = np.abs(_values(real) - value).max(initial=0)
        return None if off <= 1e-3 * (1 + abs(value)) else f"{value} is off by {off}"
    if isinstance(real, float) and isinstance(value, int | float):
        return None if abs(real - value) <= 1e-6 * (1 + abs(value)) else f"{value!r} is {real!r}"
    return None if value == real else f"{value!r} is {real!r}"


def _values(real: Any) -> Any:
    numbers = real.detach().double().numpy() if isinstance(real, torch.Tensor) else np.asarray(real)
    return numbers.astype("float64").ravel()


def _tensor(claim: Tensor, real: Any) -> str | None:
    if isinstance(real, list | tuple):
        return next((w for item in real if (w := _tensor(claim, item))), None)
    if isinstance(real, str | torch.dtype | np.dtype) or real is None:
        return f"{real!r} is no tensor"
    dtype = str(getattr(real, "dtype", type(real).__name__)).rpartition(".")[2]
    if claim.dtype is not None and claim.dtype != dtype and not (claim.dtype == "float" and "float" in dtype):
        return f"dtype {claim.dtype} is {dtype}"
    container = "tensor" if isinstance(real, torch.Tensor) else "array"
    if claim.container is not None and claim.container != container and isinstance(real, torch.Tensor | np.ndarray):
        return f"container {claim.container} is {container}"
    ranges = {"hard": claim.hard}
    if claim.kind in (Kind.DATA, Kind.UNIFORM):
        ranges["nominal"] = claim.nominal
    values = _values(real)
    for name, interval in ranges.items():
        if interval is None or not values.size:
            continue
        room = (2e-2 if "16" in dtype else 1e-3) * (1 + np.abs(values).max())
        if values.min() < interval.low - room or values.max() > interval.high + room:
            return f"{name} {interval} is [{values.min()}, {values.max()}]"
    return None
