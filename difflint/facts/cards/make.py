"""From observations to cards: which paths there are, and their lines."""

from __future__ import annotations

from collections.abc import Iterable

from difflint.card import SAMPLING, TRAINING, Card, CardLine
from difflint.facts.cards import learning, picture, sampling, setting
from difflint.facts.cards.context import Context
from difflint.facts.cards.paths import Paths, is_test
from difflint.facts.cards.sampling import Sampling, name_of
from difflint.facts.cards.wording import either
from difflint.facts.events import Sink
from difflint.facts.interval import BYTE
from difflint.facts.report import Facts
from difflint.facts.steps import Site
from difflint.facts.values import Kind, Network, tensors

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
    inside = dict.fromkeys(n.inside for n in notes if not _only_passes(n.inside, paths))
    groups: dict[object, list[Site]] = {}
    for function in inside:
        owner = facts.seen.owners.get(function)
        groups.setdefault(id(owner.node) if owner is not None else function, []).append(function)
    return [Context(facts, paths, tuple(functions)) for functions in groups.values()]


def _only_passes(function: Site, paths: Paths) -> bool:
    """Whether a function is itself a ``backward`` that others call."""
    return name_of(function) in ("backward", "manual_backward", "__call__") and bool(paths.callers.get(function))


def _training(context: Context) -> Card:
    lines = [
        *picture.data_lines(context),
        learning.prediction(context),
        learning.output_activation(context),
        learning.loss(context),
        setting.schedule(context),
        setting.precision(context),
        learning.optimizer(context),
        learning.grad_clip(context),
        learning.ema(context),
        setting.latent_scale(context),
    ]
    return _card(context, TRAINING, context.start[0], lines)


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
        if not is_test(event.inside.path):
            loops, networks = found.setdefault(event.inside, ({}, set()))
            loops[event.loop] = None
            networks.update(event.networks)
    for function in paths.functions:
        if function not in found and not is_test(function.path):
            written = dict.fromkeys(sampling.written_loops(function))
            if written:
                found[function] = (written, set())
    made = [Sampling(facts, paths, (f,), tuple(loops), frozenset(n)) for f, (loops, n) in found.items()]
    made = [context for context in made if not any(other.function in context.called for other in made)]
    for sink in sampling.shows(_shows(facts)):
        samplers = _samplers(made, sink, paths)
        for context in samplers:
            context.sinks.append(sink)
        if not samplers and _generated(sink):
            shown = frozenset(n for t in tensors(sink.value) for n in t.origin.networks)
            made.append(Sampling(facts, paths, (paths.home(sink.site),), (), shown, [sink]))
    return _used(made, paths)


def _used(made: list[Sampling], paths: Paths) -> list[Sampling]:
    """Of a file's samplers those that somebody calls, if there are any; each generator that shows something once."""
    called = [c for c in made if c.sinks or paths.callers.get(c.function)]
    files = {c.function.path for c in called}
    return list({c.function: c for c in made if c in called or c.function.path not in files}.values())


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
    if of_states:
        return of_states
    for site in (sink.site, *reversed(sink.calls)):
        reached = paths.reached((paths.home(site),))
        found = [c for c in made if c.function in reached]
        if found:
            return found
    return []


def _generated(sink: Sink) -> bool:
    """Whether it shows what a network makes of noise alone."""
    outputs = [t for t in tensors(sink.value) if t.kind is Kind.MODEL and t.origin.parts]
    return any({part.kind for part in t.origin.parts} <= {Kind.NOISE, Kind.UNIFORM} for t in outputs)


def _teachers(context: Sampling, taught: list[tuple[Context, Card]]) -> list[Card]:
    """The trainings whose network this samples: by the network, by the functions they share, or the only one."""
    keys = {network.key for network in context.networks}
    same = [card for other, card in taught if keys & _networks(other)]
    near = [card for other, card in taught if other.functions & context.functions]
    every = [card for _, card in taught]
    return same or near or (every if len(every) == 1 else [])


def _networks(context: Context) -> set[str]:
    return {network.key for loss in learning.losses(context) for network in loss.prediction.origin.networks}


def _sampling(context: Sampling, teachers: list[Card]) -> Card:
    shared = {topic: _shared(teachers, topic) for topic in SHARED}
    lines = [
        *(shared[topic] for topic in SHARED[:3]),
        sampling.inverse(context),
        *(shared[topic] for topic in SHARED[3:]),
        sampling.sampler(context),
        sampling.steps(context),
        sampling.x0_clamp(context),
        sampling.final_clamp(context),
        sampling.sinks(context),
        setting.precision(context),
        setting.latent_scale(context),
    ]
    return _card(context, SAMPLING, context.function, lines)


def _shared(teachers: list[Card], topic: str) -> CardLine:
    """What all of them say, where all of them say something."""
    lines = [line for card in teachers if (line := card.line(topic)) is not None]
    values = dict.fromkeys(line.value for line in lines)
    if not lines or None in values or len(values) > MOST:
        return CardLine(topic, None)
    return CardLine(topic, either(values), lines[0].place)
