"""What the pictures of a path are: data set, range at the model, normalisation, channels and size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from difflint.card import CardLine
from difflint.facts.cards import words
from difflint.facts.cards.context import Context, Group, surely
from difflint.facts.cards.wording import argument, either, known
from difflint.facts.events import Noted, Trained
from difflint.facts.interval import SIGNED
from difflint.facts.notes import CHANNELS, SIZES
from difflint.facts.steps import Cast, Link, Site, through
from difflint.facts.values import Class, Const, Instance, Items, Kind, Tensor, choices, tensors

NATIVE = {
    "MNIST": (1, 28), "FashionMNIST": (1, 28), "KMNIST": (1, 28), "EMNIST": (1, 28), "QMNIST": (1, 28), "USPS": (1, 16),
    "CIFAR10": (3, 32), "CIFAR100": (3, 32), "SVHN": (3, 32), "STL10": (3, 96),
}  # fmt: skip
_CROPPED = ("CenterCrop", "RandomCrop", "RandomResizedCrop", "_arr")


def data_set(context: Context) -> CardLine:
    """The data sets of libraries by name, those of the project by their class."""
    groups = context.every("data set")
    if groups:
        return context.line("data set", either(_named(context, g) for g in groups), groups[0][0].site)
    loaders = [(name, g[0].site) for g in context.every("loader") for noted in g for name in _loaded(noted)]
    return (
        context.line("data set", either(name for name, _ in loaders), loaders[0][1])
        if loaders
        else CardLine("data set", None)
    )


def _named(context: Context, group: Group) -> str:
    """``load_dataset`` says nothing without its argument."""
    first = argument(context, group, "path", 0) if group[0].name == "load_dataset" else None
    return f"{group[0].name}({first})" if first else group[0].name


def _loaded(noted: Noted) -> Iterator[str]:
    given = [value for key, _, value in noted.args if key in (None, "dataset")][:1]
    for value in choices(given[0]) if given and given[0] is not None else ():
        if isinstance(value, Instance) and not value.cls.module.stub:
            yield value.cls.name


def pictures(context: Context) -> list[Tensor]:
    """The clean data that the path's networks are given or compared with, the nearest first; latents count."""
    events = [t for t in context.facts.seen.trained if t.data.kind in (Kind.DATA, Kind.LATENT, Kind.OTHER)]
    for role in ("input", "target"):
        near = _known(context.near((t for t in events if t.role == role), lambda t: context.paths.home(t.site)))
        if near:
            return [t.data for t in near]
    losses = context.near(context.facts.seen.losses, lambda loss: context.paths.home(loss.site))
    targets = [loss.target for loss in losses if loss.target.kind is Kind.DATA]
    return targets or _scaled(context)


def _here(context: Context) -> list[Tensor]:
    """The pictures that are made ready on this path: a function that several paths share is given those of all."""
    found = pictures(context)
    sites = [_last(tensor.links) or tensor.origin.site for tensor in found]
    return [t for t, site in zip(found, sites, strict=True) if site is None or site.path in context.files]


def _known(events: Iterable[Trained]) -> list[Trained]:
    """Data of a known beginning, else all."""
    every = list(events)
    return [t for t in every if t.data.kind in (Kind.DATA, Kind.LATENT)] or [t for t in every if t.data.base] or every


def _scaled(context: Context) -> list[Tensor]:
    """Where no network is known: what becomes of pictures in the path's own functions, up to [-1, 1]."""
    events = (r for r in context.facts.seen.rescaled if r.value.kind in (Kind.DATA, Kind.OTHER) and r.value.base)
    near = [event.value for event in context.near(events, lambda r: context.paths.home(r.site))]
    signed = [value for value in near if value.nominal is not None and value.nominal.near(SIGNED)]
    return list(dict.fromkeys(signed))[:1]


def _encodes(context: Context) -> bool:
    """Whether an autoencoder that is not the one that learns may stand before the model."""
    losses = context.near(context.facts.seen.losses, lambda loss: context.paths.home(loss.site))
    learns = any(loss.target.kind is Kind.DATA for loss in losses)
    return not learns and any(words.ENCODES.search(context.paths.code(f)) for f in context.levels[0])


def data_range(context: Context) -> CardLine:
    """What the pictures lie between where the model is given them."""
    texts: list[str] = []
    site = None
    found = _here(context)
    if not any(t.kind is Kind.LATENT for t in found) and _encodes(context):
        return CardLine("data range", None)
    unused = _by_default(context) and any(t.kind is Kind.DATA for t in found)
    for tensor in found:
        if tensor.kind is Kind.LATENT and unused:
            continue
        reached = through(tensor.links, tensor.base)
        if tensor.kind is Kind.LATENT:
            texts.append(f"latents{_made_of(tensor)}")
        elif reached is not None and reached.bounded:
            texts.append(str(reached))
        site = site or _last(tensor.links) or tensor.origin.site
    by_default = " by default" if unused and any(t.kind is Kind.LATENT for t in found) else ""
    return context.line("data range", f"{either(texts)}{by_default}" if texts else None, site)


def _by_default(context: Context) -> bool:
    """Whether an option names the autoencoder, and by default none."""
    return context.option(r"\w*(?:vae|autoencoder)\w*") == "None"


def _made_of(latents: Tensor) -> str:
    """The range of the pictures that went into the autoencoder."""
    ranges = {str(part.nominal) for part in latents.origin.parts if part.nominal is not None}
    return f" of pictures in {either(sorted(ranges))}" if ranges else ""


def _last(links: Iterable[Link]) -> Site | None:
    return next((link.site for link in reversed(list(links)) if link.site is not None), None)


def scaling(links: Iterable[Link]) -> tuple[Link, ...]:
    """The links that scale; casts are left out."""
    return tuple(link for link in links if not isinstance(link.step, Cast))


def normalisation(context: Context) -> CardLine:
    """The code that brings them there."""
    every = [p for t in _here(context) for p in (t.origin.parts if t.kind is Kind.LATENT else (t,))]
    found = [t for t in every if t.base is not None]
    texts = [context.facts.written(scaling(t.links)) for t in found]
    site = next((s for t in found if (s := _last(t.links)) is not None), None)
    return context.line("normalisation", either(texts) if texts else None, site)


def channels(context: Context) -> CardLine:
    """The colour channels: the network's argument, the shape of the noise, a grey transform, the data set."""
    for found in (_of_networks(context, CHANNELS), _of_noise(context, 1)):
        if found is not None:
            return context.line("channels", *found)
    grey = context.notes("grey")
    if grey and all(surely(g) for g in grey):
        count = argument(context, grey[0], "num_output_channels", 0) or "1"
        return context.line("channels", count, grey[0][0].site)
    return _option(context, "channels", CHANNELS) or _native(context, "channels", 0)


def size(context: Context) -> CardLine:
    """Height and width at the model: the crops, else the resizes, the network's argument, the data set."""
    several = " or " in (data_set(context).value or "")  # each may have its own, unless it stands in the very file
    own = {function.path for function in context.start}
    groups = [g for g in context.every("size") if not several or (g[0].site.path in own and surely(g))]
    every = [(g, _size_of(context, g)) for g in groups]
    sizes = [(g, text) for g, text in every if text is not None]
    crops = [(g, text) for g, text in sizes if g[0].name.endswith(_CROPPED)]
    if any(_resized(g, text, every) for g, text in crops):
        return CardLine("size", None)
    chosen = crops or sizes
    if chosen and len({text for _, text in chosen}) <= 2:
        return context.line("size", either(text for _, text in chosen), chosen[0][0][0].site)
    found = _of_networks(context, SIZES) or _of_noise(context, 2)
    if found:
        return context.line("size", *found)
    return _option(context, "size", SIZES) or _native(context, "size", 1)


def _resized(crop: Group, size: str, every: list[tuple[Group, str | None]]) -> bool:
    """Whether what a crop leaves is then given another size by the same function."""
    after = every[[g for g, _ in every].index(crop) + 1 :]
    inside = ((g, text) for g, text in after if g[0].inside == crop[0].inside)
    return any(text != size for g, text in inside if not g[0].name.endswith(_CROPPED))


def _option(context: Context, topic: str, names: tuple[str, ...]) -> CardLine | None:
    """The default of a command-line option of that name."""
    found = [default for name in names if (default := context.option(name)) is not None and default.isdigit()]
    return CardLine(topic, f"{found[0]} by default") if found else None


def _size_of(context: Context, group: Group) -> str | None:
    for name in ("size", "height", "image_size"):
        text = argument(context, group, name, 1 if group[0].name.endswith("_arr") else 0)
        if text is not None and re.fullmatch(r"(\d+|\(\d+(, \d+)*\))( or \d+)?", text):
            return _square(text)
    return None


def _square(text: str) -> str:
    numbers = re.findall(r"\d+", text)
    return numbers[0] if len(set(numbers)) == 1 else text


def _of_networks(context: Context, names: tuple[str, ...]) -> tuple[str, Site] | None:
    """What the outermost networks are made with."""
    owners = context.facts.seen.owners
    groups = [g for g in context.every("network") if not _is_module(owners.get(g[0].inside))]
    found = [(text, g[0].site) for g in groups for n in names if (text := _constant(g, n)) is not None]
    return (either(text for text, _ in found), found[0][1]) if found else None


def _constant(group: Group, name: str) -> str | None:
    values = [value for noted in group for key, _, value in noted.args if key == name]
    texts = [known(value) for value in values if isinstance(value, Const) and isinstance(value.value, int)]
    return either(texts) if values and len(texts) == len(values) else None


def _is_module(cls: Class | None) -> bool:
    return cls is not None and any(c.name.endswith(("Module", "Sequential")) for c in cls.mro() if c is not cls)


def _of_noise(context: Context, axis: int) -> tuple[str, Site] | None:
    """The shape of the noise that a sampler starts from; that of a generator's latent is not the picture's."""
    if _generates(context) or not context.mentions(words.LEVELS, networks=False):
        return None
    shapes = [(shape, g[0].site) for g in context.notes("noise") for noted in g for shape in _shapes(noted.args)]
    found = [(shape[axis], site) for shape, site in shapes if len(shape) == 4]
    numbers = [(v.value, site) for v, site in found if isinstance(v, Const) and isinstance(v.value, int)]
    if not numbers or len(numbers) < len(found):
        return None
    latent = " (latents)" if any(t.kind is Kind.LATENT for t in pictures(context)) else ""
    return either(f"{n}{latent}" for n, _ in numbers), numbers[0][1]


def _generates(context: Context) -> bool:
    """Whether what the path shows is made in one pass of noise alone."""
    here = [sink for sink in context.facts.seen.sinks if context.paths.home(sink.site) in context.functions]
    made = [t for sink in here for t in tensors(sink.value) if t.kind is Kind.MODEL and t.origin.parts]
    return any({part.kind for part in t.origin.parts} <= {Kind.NOISE, Kind.UNIFORM} for t in made)


def _shapes(args: Iterable[tuple[str | None, object, object]]) -> Iterator[tuple[object, ...]]:
    plain = [value for key, _, value in args if key is None]
    for value in plain:
        if isinstance(value, Items):
            yield value.items
    if len(plain) == 4:
        yield tuple(plain)


def _native(context: Context, topic: str, which: int) -> CardLine:
    """What the pictures of a well-known data set are, when nothing resizes them."""
    groups = context.every("data set")
    names = {g[0].name for g in groups}
    if len(names) == 1 and names <= NATIVE.keys() and not context.notes("size", "grey"):
        return context.line(topic, str(NATIVE[names.pop()][which]), groups[0][0].site)
    return CardLine(topic, None)
