"""What training and sampling share: schedule, precision, and the scale of latents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libcst as cst

from difflint.card import CardLine
from difflint.facts.cards import words
from difflint.facts.cards.context import Context, Group, surely
from difflint.facts.cards.sampling import Sampling
from difflint.facts.cards.wording import argument, call, code, either, number
from difflint.facts.notes import written
from difflint.facts.steps import Site
from difflint.syntax import walk

SCALE_NAMES = (
    "scaling_factor",
    "scale_factor",
    "latent_scale",
    "latents_scale",
    "vae_scale",
    "vae_scaling_factor",
    "latent_scale_factor",
)
SCALES = (0.18215, 0.13025, 1.5305, 0.3611, 5.489980785067252)


def schedule(context: Context) -> CardLine:
    """The table of noise levels: numbers where they are known, else the call that makes it."""
    seen = list(context.facts.seen.schedules)
    groups = context.notes("scheduler") or context.notes("schedule")
    if len(seen) == 1:
        s = seen[0]
        betas = f"beta {number(s.beta_start)} to {number(s.beta_end)}"
        text = f"{s.name}, T={s.T}, {betas}, alpha_bar_T {_last_alpha(s.to_json())}"
        return context.line("schedule", text, groups[0][0].site if groups else None)
    if groups:
        return context.line("schedule", either(call(context, g) for g in groups[:2]), groups[0][0].site)
    return context.absent("schedule", words.SCHEDULE, "none (no noise schedule)")


def _last_alpha(known: dict[str, Any]) -> str:
    if known["name"] != "linear":
        return "unknown"
    product = 1.0
    for step in range(known["T"]):
        beta = known["beta_start"] + (known["beta_end"] - known["beta_start"]) * step / max(1, known["T"] - 1)
        product *= 1 - beta
    return f"{product:.3g}"


def precision(context: Context) -> CardLine:
    """float32, or what lowers it: autocast with its dtype, half-precision weights, a scaler of gradients."""
    for group in context.every("trainer"):
        value = argument(context, group, "mixed_precision") or argument(context, group, "precision")
        if value is not None:
            text = "float32" if value in ("'no'", "32", "'32'", "None") else f"{group[0].name}({value})"
            return context.line("precision", text, group[0].site)
    regions = [g for g in context.notes("autocast") if argument(context, g, "enabled") != "False"]
    scalers, halves = context.every("scaler"), [g for g in context.notes("half") if _of_network(context, g)]
    found = [*regions[:2], *scalers[:1]] or halves[:2]
    if found:
        return context.line("precision", " + ".join(dict.fromkeys(_words(context, g) for g in found)), found[0][0].site)
    if isinstance(context, Sampling) and "float64" in context.paths.code(context.function):
        return context.line("precision", "float64 in the sampler", context.function)
    return context.absent("precision", words.HALF, "float32")


def _of_network(context: Context, group: Group) -> bool:
    """Whether it is a network that is cast, not what somebody saves or shows."""
    func = group[0].site.node.func
    text = context.facts.code(Site(group[0].site.path, getattr(func, "value", func)))
    return bool(words.NETWORK.search(text)) and "." not in text.replace("self.", "").replace(".model", "")


def _words(context: Context, group: Group) -> str:
    if group[0].topic == "half":
        text = code(context, group[0].site.path, group[0].site.node)
        return text if surely(group) else f"{text} (under a condition)"
    return call(context, group)


def latent_scale(context: Context) -> CardLine:
    """What latents are multiplied with after encoding, or divided by before decoding."""
    found = [(site, text) for level in context.levels for f in level for site, text in _scalings(context, f)]
    if found:
        found.sort(key=lambda pair: (pair[0].path, context.facts.place(pair[0]).line))
        return context.line("VAE scale", either(list(dict.fromkeys(text for _, text in found))[:2]), found[0][0])
    return context.absent("VAE scale", words.VAE, "none (no autoencoder)")


def _scalings(context: Context, function: Site) -> Iterator[tuple[Site, str]]:
    if function.node is None or not words.VAE.search(context.paths.code(function)):
        return
    for node in walk.nodes(function.node.body):
        if any(_is_scale(factor) for factor in _factors(node)):
            yield Site(function.path, node), code(context, function.path, node)


def _factors(node: cst.CSTNode) -> list[cst.CSTNode]:
    """What a product, a quotient or their methods scale with."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply | cst.Divide):
        return [node.left, node.right]
    if isinstance(node, cst.Call) and written(node.func)[-1] in ("mul_", "div_", "mul", "div"):
        return [arg.value for arg in node.args]
    return []


def _is_scale(node: Any) -> bool:
    if isinstance(node, cst.Float):
        return float(node.value) in SCALES
    name = node.attr.value if isinstance(node, cst.Attribute) else getattr(node, "value", None)
    if isinstance(node, cst.BinaryOperation):
        return isinstance(node.operator, cst.Divide) and _is_scale(node.right)
    return isinstance(name, str) and name in SCALE_NAMES
