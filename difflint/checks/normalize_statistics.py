"""DFL107: the numbers given to Normalize cannot be the mean and deviation of the pictures it gets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.opening import Opener
from difflint.relations.transforms import Chain, chains, every_call, name_of, numbers

Numbers = tuple[float, ...]
KNOWN = {  # whose statistics these are: (mean, deviation)
    "ImageNet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "CLIP": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "CIFAR-10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "CIFAR-10 ": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "CIFAR-100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    "MNIST": ((0.1307,), (0.3081,)),
}
GREY = ("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "USPS")


def check_file(file: File) -> Iterator[Problem]:
    opener = file.once(Opener)
    statistics = [
        (event.term, mean, std)
        for event in every_call(file)
        if name_of(event.term) == "Normalize"
        and (mean := numbers(opener, event.term.arg(0, "mean"))) is not None
        and (std := numbers(opener, event.term.arg(1, "std"))) is not None
    ]
    listed = list(chains(file))
    for call, mean, std in statistics:
        found = _reason(opener, listed, statistics, call, mean, std)
        if found is not None:
            yield Problem(
                file.place(call),
                {"mean": _text(mean), "std": _text(std), "reason": found[0]},
                (file.step(call, f"mean {_text(mean)}, deviation {_text(std)}"),),
                found[1],
            )
    yield from _grey(file, opener, listed)


def _reason(
    opener: Opener,
    listed: list[Chain],
    statistics: list[tuple[Term, Numbers, Numbers]],
    call: Term,
    mean: Numbers,
    std: Numbers,
) -> tuple[str, str] | None:
    if any(x == 0 for x in std):
        return "it divides by 0, and every pixel becomes infinite or NaN", "Give the data's deviation, 0.5 for [-1, 1]."
    swapped = next((name for name, (m, s) in KNOWN.items() if _same(mean, s) and _same(std, m)), None)
    if swapped is not None:
        return (
            f"these are {swapped.strip()}'s numbers with the mean and the deviation swapped",
            f"Write Normalize({_text(std)}, {_text(mean)}).",
        )
    if _in_bytes(listed, call, mean):
        return (
            "the mean is one of bytes, but ToTensor has scaled the pictures to [0, 1]: they all become one flat colour",
            "Divide mean and deviation by 255.",
        )
    if any(_half_inverted(mean, std, m, s) for other, m, s in statistics if other is not call):
        return (
            "it should take Normalize back, but computes (x + mean) * std: the mean is to be divided by the deviation",
            "Write Normalize([-m / s for m, s in zip(mean, std)], [1 / s for s in std]).",
        )
    return None


def _same(a: Numbers, b: Numbers) -> bool:
    return len(a) == len(b) and all(abs(x - y) < 6e-3 for x, y in zip(a, b, strict=True))


def _in_bytes(listed: list[Chain], call: Term, mean: Numbers) -> bool:
    """Whether ToTensor stands somewhere before a Normalize whose mean no [0, 1] picture can have."""
    for chain in listed:
        before = [item for item in chain.items if item.node is not call.node]
        inside = len(before) < len(chain.items)
        names = [name_of(item) for item in before]
        if inside and "ToTensor" in names and not set(names) & {"Lambda", "PILToTensor", ""}:
            return max(mean) > 2
    return False


def _half_inverted(mean: Numbers, std: Numbers, m: Numbers, s: Numbers) -> bool:
    """Whether (mean, std) is (-m, 1 / s), where (-m / s, 1 / s) would take (m, s) back."""
    size = max(len(mean), len(m))
    a, b, c, d = (tuple(islice(cycle(x), size)) for x in (mean, std, m, s))
    inverse = all(y != 0 and abs(x * y - 1) < 0.02 for x, y in zip(b, d, strict=True))
    negated = all(abs(x + y) < 1e-6 for x, y in zip(a, c, strict=True))
    return inverse and negated and any(x > 0 for x in c) and any(abs(x - 1) > 0.02 for x in d)


def _grey(file: File, opener: Opener, listed: list[Chain]) -> Iterator[Problem]:
    """Three channels' statistics for pictures that have one."""
    for chain in listed:
        grey = next((item for item in chain.items if _makes_grey(item)), None) or _used_for_grey(file, opener, chain)
        three = next((item for item in chain.items if _channels(opener, item) == 3), None)
        expanded = any(name_of(item) in ("", "Lambda") for item in chain.items)
        if grey is not None and three is not None and not expanded:
            yield Problem(
                file.place(three),
                {
                    "mean": _text(numbers(opener, three.arg(0, "mean")) or ()),
                    "std": _text(numbers(opener, three.arg(1, "std")) or ()),
                    "reason": "three channels' numbers meet pictures of one channel: the first item fails",
                },
                (file.step(grey, "gives one channel"), file.step(three, "takes three")),
                "Give one number each, Normalize((0.5,), (0.5,)), or Grayscale(3) for three equal channels.",
            )


def _channels(opener: Opener, item: Term) -> int:
    return len(numbers(opener, item.arg(0, "mean")) or ()) if name_of(item) == "Normalize" else 0


def _makes_grey(item: Term) -> bool:
    channels = item.arg(0, "num_output_channels") if name_of(item) == "Grayscale" else None
    return name_of(item) == "Grayscale" and (channels is None or channels.value == 1)


def _used_for_grey(file: File, opener: Opener, chain: Chain) -> Term | None:
    """The data set of grey pictures that is given this very list, unless it makes three channels of them."""
    if any(name_of(item) in ("Grayscale", "ToPILImage", "Lambda") for item in chain.items):
        return None
    for event in every_call(file):
        known = event.term.callee.startswith("torchvision.datasets.") and event.term.called in GREY
        given = event.term.keywords.get("transform") if known else None
        if given is not None and opener.open(given) == opener.open(chain.event.term):
            return event.term
    return None


def _text(found: Numbers) -> str:
    shown = [f"{x:.4g}" for x in found]
    return shown[0] if len(set(shown)) == 1 else f"({', '.join(shown)})"
