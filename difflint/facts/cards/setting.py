"""What training and sampling share: schedule, precision, and the scale of latents."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import libcst as cst

from difflint.card import CardLine
from difflint.facts.cards import words
from difflint.facts.cards.context import Context, Group, surely
from difflint.facts.cards.sampling import Sampling
from difflint.facts.cards.wording import argument, call, code, either, number
from difflint.facts.notes import written
from difflint.facts.schedules import Schedule
from difflint.facts.steps import Site
from difflint.facts.targets import target
from difflint.facts.values import choices, constant
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
MOST = 2  # tables that one line can hold
SCALES = (0.18215, 0.13025, 1.5305, 0.3611, 5.489980785067252)


def schedule(context: Context) -> CardLine:
    """The table of noise levels: numbers where they are known, else the call that makes it."""
    seen = list(context.facts.seen.schedules)
    tables = context.near(
        (s for s in seen if s.site is not None), lambda s: context.paths.home(s.site or Site("", None))
    )
    tables = tables or (seen if len(seen) == 1 and context.mentions(words.TABLES) else [])
    if len(tables) > 1:
        tables = _asked(context, tables) or tables
    if tables and len(tables) <= MOST:
        return context.line("schedule", either(_numbers(table) for table in tables), tables[0].site)
    groups = context.notes("scheduler") or context.notes("schedule")
    if groups:
        text = either(call(context, g) for g in groups[:MOST])
        return context.line("schedule", None if "or others" in text else text, groups[0][0].site)
    betas = [g for g in context.every("range") if "beta" in context.facts.code(g[0].site) and len(g[0].args) > 2]
    if betas:
        return context.line("schedule", call(context, betas[0]), betas[0][0].site)
    if _interpolates(context):
        return CardLine("schedule", "none (noise and data are interpolated)")
    return context.absent("schedule", words.SCHEDULE, "none (no table of noise levels)")


def _asked(context: Context, tables: list[Schedule]) -> list[Schedule]:
    """The tables that the path's own calls ask for, by their number of steps."""
    given = [value for g in context.notes("schedule") for noted in g for _, _, value in noted.args]
    numbers = {constant(v) for value in given if value is not None for v in choices(value)}
    return [table for table in tables if table.T in numbers]


def _interpolates(context: Context) -> bool:
    """Whether it learns a velocity between noise and data, which needs no table."""
    near = context.near(context.facts.seen.losses, lambda loss: context.paths.home(loss.site))
    kinds = [(target(loss.target), context.paths.code(context.paths.home(loss.site))) for loss in near]
    found = [(kind, text) for kind, text in kinds if kind is not None]
    return bool(found) and all(
        kind == "v" and words.FLOW.search(text) is not None and not words.TABLES.search(text) for kind, text in found
    )


def _numbers(table: Schedule) -> str:
    known = [f"{table.name}, T={table.T}", f"beta {number(table.beta_start)} to {number(table.beta_end)}"]
    if math.isfinite(table.alpha_bar_last):
        known.append(f"alpha_bar_T {table.alpha_bar_last:.3g}")
    return ", ".join(known)


def precision(context: Context) -> CardLine:
    """float32, or what lowers it: autocast with its dtype, half-precision weights, a scaler of gradients."""
    for group in context.every("trainer"):
        value = argument(context, group, "mixed_precision") or argument(context, group, "precision")
        if value is not None:
            text = "float32" if value in ("'no'", "32", "'32'", "None") else f"{group[0].name}({value})"
            return context.line("precision", text, group[0].site)
    regions = [g for g in context.notes("autocast") if argument(context, g, "enabled") != "False"]
    scalers = [g for g in context.every("scaler") if argument(context, g, "enabled") != "False"]
    halves = [g for g in context.notes("half") if _of_network(context, g)]
    found = [*regions[:2], *scalers[:1]] or halves[:2]
    if found:
        return context.line("precision", " + ".join(dict.fromkeys(_words(context, g) for g in found)), found[0][0].site)
    if context.every("autocast", "scaler"):
        return CardLine("precision", "float32 (autocast and scaler are off)")
    if isinstance(context, Sampling) and "float64" in context.paths.code(context.function):
        return context.line("precision", "float64 in the sampler", context.function)
    if context.by_trainer:
        return CardLine("precision", None)
    return context.absent("precision", words.HALF, "float32", networks=False)


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
    if context.mentions(words.VAE) and not context.mentions(words.SCALED) and not context.every("pipeline", "vae"):
        return CardLine("VAE scale", "none (latents are not scaled)")
    return context.absent("VAE scale", words.VAE, "none (no autoencoder)")


def _scalings(context: Context, function: Site) -> Iterator[tuple[Site, str]]:
    if function.node is None or not words.VAE.search(context.paths.code(function)):
        return
    for node in walk.nodes(function.node.body):
        found = [factor for factor in _factors(node) if _is_scale(factor)]
        if found:
            text = code(context, function.path, node)
            short = f"… {_sign(node)} {context.facts.code(Site(function.path, found[0]))}"
            yield Site(function.path, node), short if text.endswith("…") else text


def _sign(node: cst.CSTNode) -> str:
    name = written(node.func)[-1] if isinstance(node, cst.Call) else type(getattr(node, "operator", node)).__name__
    return "/" if name.lower().startswith("div") else "*"


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
