"""DFL106: transforms of torchvision in an order that spoils the picture or fails."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.opening import Opener
from difflint.relations.transforms import Chain, chains, name_of, numbers

TO_TENSOR = ("ToTensor", "PILToTensor", "ToImage", "ToImageTensor", "ToDtype", "ConvertImageDtype")
PHOTOMETRIC = (  # they clamp to [0, 1] or compute 1 - x
    *("ColorJitter", "RandomInvert", "RandomSolarize", "RandomAdjustSharpness", "RandomAutocontrast", "AutoAugment"),
    *("RandAugment", "TrivialAugmentWide", "AugMix", "RandomPhotometricDistort", "RandomPosterize", "RandomEqualize"),
)


def check_file(file: File) -> Iterator[Problem]:
    opener = file.once(Opener)
    for chain in chains(file):
        problem = next(_wrong(file, opener, chain), None)
        if problem is not None:
            yield problem


def _wrong(file: File, opener: Opener, chain: Chain) -> Iterator[Problem]:
    """What stands in the wrong order, the first thing first; after a transform of somebody else's nothing is known."""
    names = [_effect(opener, item) for item in chain.items]
    for position, name in enumerate(names):
        before = names[:position]
        if "" in before:
            before = before[len(before) - before[::-1].index("") :]
        item = chain.items[position]
        if name == "Normalize" and "ToTensor" in names[position + 1 :] and not set(before) & set(TO_TENSOR):
            later = chain.items[names.index("ToTensor", position)]
            yield _problem(file, chain, item, later, _UNREADY, "Put ToTensor() before Normalize.")
        elif name == "ToTensor" and "ToTensor" in before and "ToPILImage" not in before:
            first = chain.items[position - len(before) + before.index("ToTensor")]
            yield _problem(file, chain, item, first, _TWICE, "Remove the second ToTensor().")
        elif name in (*PHOTOMETRIC, "ToPILImage") and "Normalize" in before:
            first = chain.items[position - len(before) + before.index("Normalize")]
            effect = _BYTES if name == "ToPILImage" else _COLOURS
            yield _problem(file, chain, item, first, effect, f"Put {name} before ToTensor() and Normalize.")


def _effect(opener: Opener, item: Term) -> str:
    """The name of a transform whose effect is known: Lambda may do anything, and a negative mean takes one back."""
    name = name_of(item)
    mean = numbers(opener, item.arg(0, "mean")) if name == "Normalize" else (0.0,)
    return "" if name == "Lambda" or mean is None or min(mean) < 0 else name


_UNREADY = "Normalize takes a tensor and gets a PIL picture, so the first item fails"
_TWICE = "ToTensor takes a PIL picture or an array and gets a tensor, so the first item fails"
_COLOURS = "it works in [0, 1] and clamps there: everything below the mean is cut to one flat colour"
_BYTES = "it multiplies by 255 and casts to bytes: values below 0 wrap around to bright specks"


def _problem(file: File, chain: Chain, item: Term, other: Term, effect: str, repair: str) -> Problem:
    order = ", ".join(name for name in map(name_of, chain.items) if name)
    return Problem(
        file.place(item),
        {"transform": name_of(item), "other": name_of(other), "effect": effect},
        (file.step(other, f"{name_of(other)} stands in the same list"), file.step(item, f"the order is {order}")),
        repair,
    )
