"""From observations to cards: which paths there are, and their lines."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from difflint.card import SAMPLING, TRAINING, Card, CardLine
from difflint.facts.cards import learning, picture, sampling, setting, words
from difflint.facts.cards.context import Context, grouped
from difflint.facts.cards.paths import Paths, is_test
from difflint.facts.cards.sampling import Sampling, name_of
from difflint.facts.cards.wording import either
from difflint.facts.events import Sink
from difflint.facts.interval import BYTE
from difflint.facts.report import Facts
from difflint.facts.steps import Site
from difflint.facts.values import Kind, Network, tensors

log = logging.getLogger(__name__)
Path = TypeVar("Path", bound=Context)
MOST = 3  # different values that one line can hold
SHARED = ("data set", "data range", "normalisation", "channels", "size", "prediction", "output activation", "schedule")


def cards(facts: Facts) -> tuple[Card, ...]:
    """One card for each training path and each sampling path, by place."""
    paths = Paths(facts)
    taught = [(context, _training(context)) for context in _training_paths(facts, paths)]
    made = [_sampling(context, _teachers(context, taught)) for context in _sampling_paths(facts, paths)]
    return tuple(sorted([*(card for _, card in taught), *made], key=lambda card: (card.place, card.kind)))


def _training_paths(facts: Facts, paths: Paths) -> list[Context]:
    """The functions that compute gradients; those of one class belong together."""
    notes = [n for n in facts.seen.notes if n.topic == "backward" and not is_test(n.site.path)]
    steps = [f for f in facts.seen.owners if name_of(f) == "training_step" and not is_test(f.path)]
    inside = dict.fromkeys(f for g in (*(n.inside for n in notes), *steps) for f in _behind(g, paths))
    groups: dict[object, list[Site]] = {}
    for function in inside:
        owner = facts.seen.owners.get(function)
        groups.setdefault(id(owner.node) if owner is not None else function, []).append(function)
    return [Context(facts, paths, tuple(functions)) for functions in groups.values()]


def _behind(function: Site, paths: Paths) -> list[Site]:
    """Who computes gradients with a function: itself, or its callers if it is a ``backward`` for others."""
    callers = [f for f in paths.callers.get(function, ()) if f != function and not is_test(f.path)]
    passes = name_of(function) in ("backward", "manual_backward", "__call__") and bool(callers)
    return sorted(callers, key=lambda f: (f.path, name_of(f))) if passes else [function]


TEACHES: dict[str, Callable[[Context], CardLine]] = {
    "data set": picture.data_set,
    "data range": picture.data_range,
    "normalisation": picture.normalisation,
    "channels": picture.channels,
    "size": picture.size,
    "prediction": learning.prediction,
    "output activation": learning.output_activation,
    "loss": learning.loss,
    "schedule": setting.schedule,
    "precision": setting.precision,
    "optimizer": learning.optimizer,
    "grad clip": learning.grad_clip,
    "EMA": learning.ema,
    "VAE scale": setting.latent_scale,
}
SAMPLES: dict[str, Callable[[Sampling], CardLine]] = {
    "inverse normalisation": sampling.inverse,
    "sampler": sampling.sampler,
    "steps": sampling.steps,
    "x0 clamp": sampling.x0_clamp,
    "final clamp": sampling.final_clamp,
    "sink": sampling.sinks,
    "precision": setting.precision,
    "VAE scale": setting.latent_scale,
}


def _training(context: Context) -> Card:
    return _card(context, TRAINING, context.start[0], [_line(context, *entry) for entry in TEACHES.items()])


def _line(context: Path, topic: str, make: Callable[[Path], CardLine]) -> CardLine:
    """One line; a defect in what finds it must not hide the others."""
    try:
        return make(context)
    except Exception:
        log.debug("the card's line %r failed", topic, exc_info=True)
        return CardLine(topic, None)


def _card(context: Context, kind: str, function: Site, lines: Iterable[CardLine]) -> Card:
    place = context.facts.place(function)
    return Card(kind, _title(context.facts, function), place, tuple(lines))


def _title(facts: Facts, function: Site) -> str:
    owner = facts.seen.owners.get(function)
    return f"{owner.name}.{name_of(function)}" if owner is not None else name_of(function)


def _sampling_paths(facts: Facts, paths: Paths) -> list[Sampling]:
    """The functions whose loop changes a sampler's state, and those that show what a network makes of noise."""
    found: dict[Site, tuple[dict[Site, None], set[Network]]] = {}
    for event in facts.seen.sampled:
        files = sampling.goes_through_files(paths, event.inside, event.loop)
        other = files or words.NO_LOOP.search(paths.code(event.loop))
        if not is_test(event.inside.path) and not other:
            loops, networks = found.setdefault(event.inside, ({}, set()))
            loops[event.loop] = None
            networks.update(event.networks)
    for function in paths.functions:
        if function not in found and not is_test(function.path):
            loops_here = sampling.written_loops(paths, function)
            written = dict.fromkeys(loop for loop in loops_here if not words.NO_LOOP.search(paths.code(loop)))
            if written:
                found[function] = (written, set())
    made = [Sampling(facts, paths, (f,), tuple(loops), frozenset(n)) for f, (loops, n) in found.items()]
    taught = {n.inside for n in facts.seen.notes if n.topic == "backward"}
    made = [context for context in made if not taught & context.called]
    made = [context for context in made if not any(other.function in context.called for other in made)]
    for group in grouped(n for n in facts.seen.notes if n.topic == "pipeline run" and not is_test(n.site.path)):
        made.append(Sampling(facts, paths, (group[0].inside,), pipeline=group))
    for sink in sampling.shows(_shows(facts)):
        samplers = _samplers(made, sink, paths)
        for context in samplers:
            context.sinks.append(sink)
        if not samplers and (_generated(sink) or _named_so(facts, paths, sink)):
            shown = frozenset(n for t in tensors(sink.value) for n in t.origin.networks)
            made.append(Sampling(facts, paths, (paths.home(sink.site),), (), shown, [sink]))
    return _used(made, paths)


def _used(made: list[Sampling], paths: Paths) -> list[Sampling]:
    """Of a file's samplers those that somebody calls, if there are any; each generator that shows something once."""
    called = [c for c in made if c.sinks or _is_called(c, paths)]
    files = {c.function.path for c in called}
    return list({c.function: c for c in made if c in called or c.function.path not in files}.values())


def _is_called(context: Sampling, paths: Paths) -> bool:
    """Whether somebody outside its class calls it, directly or through the class."""
    mates = set(paths.mates(context.function)) | {context.function}
    inner = waiting = {context.function}
    while waiting:
        callers = {caller for function in waiting for caller in paths.callers.get(function, ())}
        if callers - mates:
            return True
        waiting = callers - inner
        inner = inner | callers
    return False


def _shows(facts: Facts) -> list[Sink]:
    """The sinks, and the casts to bytes, which stand for a sink that nobody knows."""
    casts = [
        Sink(c.site, c.calls, c.part, sampling.CAST, c.value, (("float", BYTE),), "wrap") for c in facts.seen.casts
    ]
    return [*facts.seen.sinks, *casts]


def _samplers(made: list[Sampling], sink: Sink, paths: Paths) -> list[Sampling]:
    """Whose samples a sink shows: those whose state it is given, else those that are run on the way to it."""
    states = [t.origin.site for t in tensors(sink.value) if t.kind is Kind.SAMPLE and t.origin.site is not None]
    homes = {paths.home(site) for site in states}
    of_states = [c for c in made if c.loops and homes & {c.function, *c.called}]
    for site in (sink.site, *reversed(sink.calls)):
        reached = paths.reached((paths.home(site),))
        found = [c for c in of_states or made if c.function in reached]
        if found:
            return found
    return of_states if len(of_states) == 1 else []


def _generated(sink: Sink) -> bool:
    """Whether it shows what a network makes of noise alone."""
    outputs = [t for t in tensors(sink.value) if t.kind is Kind.MODEL and t.origin.parts]
    return any({part.kind for part in t.origin.parts} <= {Kind.NOISE, Kind.UNIFORM} for t in outputs)


def _named_so(facts: Facts, paths: Paths, sink: Sink) -> bool:
    """Whether what it shows is called a generator's, where nothing else is known of it."""
    given = tensors(sink.value)
    unknown = not given or all(t.kind in (Kind.MODEL, Kind.OTHER, Kind.MIX) for t in given)
    around = paths.code(paths.home(sink.site))
    return unknown and bool(words.GENERATED.search(facts.code(sink.site))) and bool(words.GENERATOR.search(around))


def _teachers(context: Sampling, taught: list[tuple[Context, Card]]) -> list[Card]:
    """The trainings whose network this samples: by the network, by the functions they share, or the only one."""
    keys = {network.key for network in context.networks}
    same = [card for other, card in taught if keys & _networks(other)]
    near = _nearest(context, taught)
    every = [card for _, card in taught]
    found = same or near or (every if len(every) == 1 else [])
    homes = {context.paths.home(sink.site) for sink in context.sinks}
    shown = [card for other, card in taught if card in found and homes & other.functions]
    found = [card for card in shown or found if _says(card, "prediction")] or found
    return [card for card in found if _of_levels(card)] or found if context.loops else found


def _nearest(context: Sampling, taught: list[tuple[Context, Card]]) -> list[Card]:
    """Those that share the sampler itself or its class, else methods that its loop calls, else anything."""
    mates = {context.function, *context.paths.mates(context.function)}
    methods = {f for f in context.called if f in context.facts.seen.owners}
    shared = ([card for other, card in taught if other.functions & own] for own in (mates, methods, context.functions))
    return next((found for found in shared if found), [])


def _of_levels(card: Card) -> bool:
    """Whether a training has noise levels that a loop can go through."""
    line = card.line("schedule")
    return line is None or line.value is None or "no table" not in line.value


def _says(card: Card, topic: str) -> bool:
    line = card.line(topic)
    return line is not None and line.value is not None


def _networks(context: Context) -> set[Any]:
    return {network.key for loss in learning.losses(context) for network in loss.prediction.origin.networks}


def _sampling(context: Sampling, teachers: list[Card]) -> Card:
    shared = [_shared(teachers, topic) for topic in SHARED]
    own = [_line(context, *entry) for entry in SAMPLES.items()]
    activation = SHARED.index("output activation")
    if not context.loops and shared[activation].value is None:
        shared[activation] = _line(context, "output activation", learning.output_activation)
    lines = [*shared[:3], own[0], *shared[3:], *own[1:]]
    return _card(context, SAMPLING, context.function, lines)


def _shared(teachers: list[Card], topic: str) -> CardLine:
    """What all of them say, where all of them say something."""
    lines = [line for card in teachers if (line := card.line(topic)) is not None]
    values = dict.fromkeys(line.value for line in lines)
    if not lines or None in values or len(values) > MOST:
        return CardLine(topic, None)
    if topic == "prediction":
        values = dict.fromkeys(part for value in values for part in re.split(r" or |, ", str(value)))
    whole = [v for v in values if not any(v != other and _is_part(str(v), str(other)) for other in values)]
    return CardLine(topic, either(whole), lines[0].place)


def _is_part(value: str, other: str) -> bool:
    """Whether a line's value is one of the alternatives of another."""
    return bool(re.search(rf"(^| or |, ){re.escape(value)}($| or |, )", other))
