"""How a network is taught: target, loss, optimizer, and what is done to gradients and weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from difflint.card import CardLine
from difflint.facts.activations import activation
from difflint.facts.cards import words
from difflint.facts.cards.context import Context, Group, surely
from difflint.facts.cards.wording import argument, call, code, either
from difflint.facts.events import Loss
from difflint.facts.interval import UNBOUNDED
from difflint.facts.notes import DECAYS, written
from difflint.facts.steps import Affine, Bounded, Site
from difflint.facts.targets import target
from difflint.facts.values import Kind, Tensor, tensors
from difflint.syntax import walk

PREDICTIONS = {
    "eps": "eps (the noise)",
    "x0": "x0 (the clean picture)",
    "score": "score",
    "v": "v",
    "flow": "velocity (flow)",
}
LOSSES = {
    "mse_loss": "MSE",
    "MSELoss": "MSE",
    "l1_loss": "L1",
    "L1Loss": "L1",
    "squared difference": "squared error",
    "square": "squared error",
    "pow": "squared error",
    "abs": "absolute error",
}
LEFT_OUT = "params foreach fused class_name target _target_"
DEFAULT_LR = {"Adam": "0.001", "AdamW": "0.001", "RMSprop": "0.01", "NAdam": "0.002", "RAdam": "0.001"}
OTHER_USES = re.compile(r"load|find|scope|save|copy_to|store|state|param|path|name")


def losses(context: Context) -> list[Loss]:
    """The nearest comparisons of a network's output with something."""
    return context.near(context.facts.seen.losses, lambda loss: context.paths.home(loss.site))


def prediction(context: Context) -> CardLine:
    """What the network is taught to give."""
    found = [(kind, loss.site) for loss in losses(context) if (kind := _asked(context, loss)) is not None]
    found = found or [(kind, site) for site, kind in _compared(context)]
    if found:
        return context.line("prediction", either(PREDICTIONS[kind] for kind, _ in found), found[0][1])
    classes = [g for g in context.notes("loss") if "entropy" in g[0].name or "nll" in g[0].name.lower()]
    if classes and not context.mentions(words.SCHEDULE):
        return context.line("prediction", "no denoiser: classes or tokens", classes[0][0].site)
    return CardLine("prediction", None)


def _asked(context: Context, loss: Loss) -> str | None:
    kind = target(loss.target)
    around = context.paths.code(context.paths.home(loss.site))
    if kind == "score" and loss.target.kind is Kind.MIX and not words.SCORE.search(around):
        return None
    straight = words.FLOW.search(context.paths.text(loss.site.path)) and not words.TABLES.search(around)
    return "flow" if kind == "v" and (straight or _is_straight(loss.target)) else kind


def _is_straight(tensor: Tensor) -> bool:
    """Data minus noise without coefficients: the velocity of a straight path."""
    pair = tensor.origin.residual
    return pair is not None and all(side.kind is not Kind.MIX for side in pair)


def _compared(context: Context) -> list[tuple[Site, str]]:
    """Where no value says it, the names of what is squared or given to a loss."""
    for level in context.levels:
        pairs = [pair for function in sorted(level, key=repr) for pair in _differences(function)]
        found = [(site, kind) for site, names in pairs for kind in _kinds(names)]
        if found:
            return found
    return []


def _kinds(names: list[str]) -> Iterator[str]:
    return (kind for kind, known in words.TARGETS.items() if any(known.fullmatch(name) for name in names))


def _differences(function: Site) -> Iterator[tuple[Site, list[str]]]:
    """The names of the two sides of everything that looks like a loss."""
    for node in walk.nodes(function.node.body) if function.node is not None else ():
        if isinstance(node, cst.Call) and written(node.func)[-1] in words.LOSS_CALLS:
            yield Site(function.path, node), [written(arg.value)[-1] for arg in node.args[:2]]
            continue
        difference = _made_positive(node)
        if isinstance(difference, cst.BinaryOperation) and isinstance(difference.operator, cst.Subtract):
            yield Site(function.path, node), [written(difference.left)[-1], written(difference.right)[-1]]


def _made_positive(node: cst.CSTNode) -> cst.CSTNode | None:
    """What a square or an absolute value is taken of."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power):
        return node.left
    if not isinstance(node, cst.Call) or written(node.func)[-1] not in ("square", "pow", "abs"):
        return None
    if written(node.func)[0] == "torch":
        return node.args[0].value if node.args else None
    return node.func.value if isinstance(node.func, cst.Attribute) else None


def output_activation(context: Context) -> CardLine:
    """What closes the network whose output is compared."""
    found = [(_closing(context, loss.prediction), loss) for loss in losses(context)]
    texts = [text for text, _ in found]
    if not found:
        return _of_generator(context)
    value = either(texts) if texts and None not in texts else None
    return context.line("output activation", value, found[0][1].site if found else None)


def _of_generator(context: Context) -> CardLine:
    """What closes a network that makes pictures of noise alone, seen where they are shown."""
    near = context.near(context.facts.seen.sinks, lambda sink: context.paths.home(sink.site))
    made = [t for sink in near for t in tensors(sink.value) if t.kind is Kind.MODEL and t.origin.parts]
    made = [t for t in made if {part.kind for part in t.origin.parts} <= {Kind.NOISE, Kind.UNIFORM}]
    names = [last.name if (last := _bounded(t)) is not None else None for t in made]
    return CardLine("output activation", either(names) if names and None not in names else None)


def _bounded(tensor: Tensor) -> Bounded | None:
    return next((link.step for link in tensor.links if isinstance(link.step, Bounded)), None)


def _closing(context: Context, tensor: Tensor) -> str | None:
    last = activation(tensor)
    if last is not None:
        after = [link.site for link in tensor.links if isinstance(link.step, Affine)]
        text = f", then {context.facts.code(after[-1])}" if after and after[-1] is not None else ""
        return f"{last.name}{text}"
    return "none" if tensor.kind is Kind.MODEL and tensor.origin.hard == UNBOUNDED else None


def loss(context: Context) -> CardLine:
    """How output and target are compared."""
    seen = losses(context)
    if seen:
        return context.line("loss", either(_how(context, event) for event in seen), seen[0].site)
    groups = context.notes("loss")
    if groups:
        return context.line("loss", either(LOSSES.get(g[0].name, g[0].name) for g in groups), groups[0][0].site)
    named = _compared(context)
    return context.line("loss", "squared error", named[0][0]) if named else CardLine("loss", None)


def _how(context: Context, event: Loss) -> str:
    """The name of the loss as it is written, where it is called or made; several share one row."""
    if event.how in LOSSES and "squared" in LOSSES[event.how]:
        return LOSSES[event.how]
    names = [g[0].name for g in context.every("loss") if g[0].site == event.site]
    names = names or [g[0].name for g in context.every("loss") if g[0].name.endswith("Loss")]
    return either(LOSSES.get(name, name) for name in names) if names else LOSSES.get(event.how, event.how)


def optimizer(context: Context) -> CardLine:
    groups = context.notes("optimizer")
    if not groups:
        return CardLine("optimizer", None)
    return context.line("optimizer", either(_optimizer(context, g) for g in groups[:4]), groups[0][0].site)


def _optimizer(context: Context, group: Group) -> str:
    text = call(context, group, skip=1, names=("params", "lr", "betas"), leave=LEFT_OUT)
    default = DEFAULT_LR.get(group[0].name)
    whole = bool(group[0].args) and context.facts.code(Site(group[0].site.path, group[0].args[0][1])).endswith(
        "parameters()"
    )
    if default is None or not whole or "lr=" in text or "*" in text:
        return text
    return f"{text[:-1]}{'' if text.endswith('()') else ', '}lr={default} by default)"


def _has_one_rate(context: Context, group: Group) -> bool:
    """Whether it is given plain parameters, not groups that may bring rates of their own."""
    site, args = group[0].site, group[0].args
    return (
        bool(args)
        and args[0][1] is not None
        and context.facts.code(Site(site.path, args[0][1])).endswith("parameters()")
    )


def grad_clip(context: Context) -> CardLine:
    groups = context.notes("grad clip")
    if groups:
        return context.line("grad clip", either(_clip(context, g) for g in groups), groups[0][0].site)
    for group in context.every("trainer"):
        value = argument(context, group, "gradient_clip_val")
        if value is not None:
            return context.line("grad clip", f"norm {value}", group[0].site)
    if context.by_trainer:
        return CardLine("grad clip", None)
    line = context.absent("grad clip", words.GRAD_CLIP)
    cleaned = any(words.NAN_TO_NUM.search(context.paths.code(function)) for function in context.functions)
    return CardLine("grad clip", "none, but nan_to_num on the gradients") if line.value and cleaned else line


def _clip(context: Context, group: Group) -> str:
    kind = "value" if "value" in group[0].name else "norm"
    limit = next(
        (t for n in ("max_norm", "clip_value", "max_grad_norm") if (t := argument(context, group, n, 1))), None
    )
    text = f"{kind} {limit}" if limit else call(context, group)
    return f"{text}{_condition([group])}"


def ema(context: Context) -> CardLine:
    """An average of the weights, with its decay where that is known."""
    groups = [g for g in context.every("ema") if not OTHER_USES.search(g[0].name) and not _runs(g)]
    found = [(decay, g) for g in groups if (decay := _decay(context, g)) is not None]
    if found:
        text = f"decay {either(decay for decay, _ in found)}{_condition(groups)}"
        return context.line("EMA", text, found[0][1][0].site)
    steps = context.every("ema step")
    if steps and not groups:
        best = next((g for g in steps if g[0].name == "copy_"), steps[0])
        return context.line("EMA", f"yes: {code(context, best[0].site.path, best[0].site.node)}", best[0].site)
    if groups:
        updates = [g for g in groups if "=0" not in call(context, g)] or groups
        best = max(updates, key=lambda g: len(g[0].args))
        return context.line("EMA", f"yes: {call(context, best)}{_condition(groups)}", best[0].site)
    return context.absent("EMA", words.EMA)


def _runs(group: Group) -> bool:
    """Whether the averaged network itself is run: it is given pictures, or anything beside the network to average."""
    given = [value for _, node, value in group[0].args if node is not None]
    return group[0].name == "ema" and (len(given) > 1 or any(isinstance(value, Tensor) for value in given))


def _condition(groups: Sequence[Group]) -> str:
    return "" if any(surely(group) for group in groups) else " (under a condition)"


def _decay(context: Context, group: Group) -> str | None:
    texts = [t for name in DECAYS if (t := argument(context, group, name)) is not None]
    texts += [t for position in range(3) if (t := argument(context, group, None, position)) is not None]
    numbers = [
        n for text in texts for n in re.split(r" or |, ", text) if re.fullmatch(r"0?\.\d+", n) and float(n) > 0.5
    ]
    return either(numbers) if numbers else None
