"""How pictures are made: the sampler's loop, what it clamps, and what is done before they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import libcst as cst

from difflint.card import CardLine
from difflint.facts.cards import words
from difflint.facts.cards.context import Context, Group, grouped, surely
from difflint.facts.cards.paths import Functions, Paths, is_constructor
from difflint.facts.cards.picture import scaling
from difflint.facts.cards.wording import argument, call, code, either, known
from difflint.facts.events import Sink
from difflint.facts.notes import written
from difflint.facts.shown import TOLD
from difflint.facts.steps import Bounded, Clamp, Link, Site
from difflint.facts.values import Class, Kind, Network, Tensor, tensors
from difflint.findings import Place
from difflint.syntax import walk

RENAMED = 3  # names that stand for one another
CAST = "cast to uint8"


@dataclass(eq=False)
class Sampling(Context):
    """A path that samples: the function whose loop changes the state (or that calls the generator), and the sinks."""

    loops: tuple[Site, ...] = ()
    networks: frozenset[Network] = frozenset()
    sinks: list[Sink] = field(default_factory=list)
    pipeline: Group = field(default_factory=list)  # the run of a library's pipeline

    @property
    def function(self) -> Site:
        return self.start[0]

    @cached_property
    def spans(self) -> list[Place]:
        return [self.facts.place(loop) for loop in self.loops]

    @cached_property
    def called(self) -> Functions:
        """What the loop calls."""
        return frozenset().union(*(self.paths.called_in(self.function, span) for span in self.spans))

    def looped(self, *topics: str) -> list[Group]:
        """The calls of these topics that the loop makes, itself or through functions."""
        notes = (n for n in self.facts.seen.notes if n.topic in topics)
        return grouped(
            n for n in notes if n.inside in self.called or any(self.paths.within(n.site, span) for span in self.spans)
        )

    def in_loop(self, site: Site) -> bool:
        """Whether a place belongs to the loop or to what it calls."""
        return any(self.paths.within(site, span) for span in self.spans) or self.paths.home(site) in self.called

    @cached_property
    def text(self) -> str:
        """The code of the loop and of what it calls, for judging what does not occur in it."""
        return self.code_of(self.called)

    def code_of(self, functions: Iterable[Site]) -> str:
        """The code of the loop and of these functions."""
        pieces = [self.paths.code(loop) for loop in self.loops]
        return "\n".join([*pieces, *(self.paths.code(f) for f in sorted(functions, key=repr) if f.node is not None)])

    @cached_property
    def own(self) -> Functions:
        """What each round runs: no constructors, nor what refinements of its class put in the place of its methods."""
        owners, calls = self.facts.seen.owners, self.paths.calls
        mine = owners.get(self.function)
        found: set[Site] = set()
        waiting = [f for f, at in calls.get(self.function, {}) if any(self.paths.within(at, s) for s in self.spans)]
        while waiting:
            function = waiting.pop()
            refined = mine is not None and function in owners and _refines(owners[function], mine)
            if function not in found and not refined and not is_constructor(function):
                found.add(function)
                waiting += [callee for callee, _ in calls.get(function, {})]
        return frozenset(found)


def _refines(cls: Class, other: Class) -> bool:
    return cls.node is not other.node and any(isinstance(c, Class) and c.node is other.node for c in cls.mro())


def written_loops(paths: Paths, function: Site) -> Iterator[Site]:
    """The loops of a function that go through noise levels, by what is written: something changes in each round."""
    if function.node is None or isinstance(function.node, cst.Lambda) or words.NO_SAMPLER.search(name_of(function)):
        return
    for node in walk.nodes(function.node.body):
        if isinstance(node, cst.For) and _goes_back(paths, function, node):
            yield Site(function.path, node)


def _goes_back(paths: Paths, function: Site, loop: cst.For) -> bool:
    over = paths.code(Site(function.path, _assigned(function, _unwrapped(loop.iter))))
    body = paths.code(Site(function.path, loop.body))
    return bool(words.BACKWARDS.search(over)) and bool(words.CHANGED.search(body)) and bool(_carried(loop))


def goes_through_files(paths: Paths, function: Site, loop: Site) -> bool:
    """Whether a loop's rounds are files, wherever their list was made."""
    if not isinstance(loop.node, cst.For):
        return False
    return bool(words.FILES.search(paths.code(Site(function.path, _assigned(function, loop.node.iter)))))


def _carried(loop: cst.For) -> set[str]:
    """The names that a round both reads and gives a new value."""
    assigned = [n for n in walk.nodes(loop.body) if isinstance(n, cst.Assign)]
    made = {name for n in assigned for t in n.targets for name in _names(t.target)}
    read = {n.value for a in assigned for n in walk.nodes(a.value) if isinstance(n, cst.Name)}
    return made & read


def _names(target: cst.CSTNode) -> Iterator[str]:
    if isinstance(target, cst.Tuple):
        yield from (name for element in target.elements for name in _names(element.value))
    elif isinstance(target, cst.Name):
        yield target.value


def name_of(function: Site) -> str:
    """A function's name; a module's body has its file's."""
    found = getattr(getattr(function.node, "name", None), "value", None)
    return str(found) if found else function.path.rpartition("/")[2]


def _has_name(function: Site) -> bool:
    return getattr(function.node, "name", None) is not None


def sampler(context: Sampling) -> CardLine:
    """Which way the state goes from noise to a picture."""
    schedulers = context.notes("scheduler")
    if context.pipeline:
        found = [g for g in (context.notes("pipeline"), schedulers) if g]
        text = " with ".join(either(group[0].name for group in groups) for groups in found)
        return context.line("sampler", text or None, found[0][0][0].site if found else None)
    steps = re.search(r"scheduler\.step\(", context.text)
    if steps and schedulers:
        return context.line("sampler", either(g[0].name for g in schedulers), schedulers[0][0].site)
    named = context.looped("sampler") or [g for g in context.notes("sampler") if g[0].inside == context.function]
    if named:
        return context.line("sampler", either(call_name(context, g) for g in named), named[0][0].site)
    if not context.loops:
        passed = any(t.kind is Kind.MODEL for _, t in shown(context))
        return context.line("sampler", "one pass of the network" if passed else None, context.function)
    noisy = _is_noisy(context)
    kind = _method(context, noisy)
    return context.line("sampler", kind, context.loops[0])


def _is_noisy(context: Sampling) -> bool:
    """Whether a round draws noise, itself or through what it calls."""
    drawn = [g for g in context.looped("noise") if g[0].inside in context.own or g[0].inside == context.function]
    return bool(drawn) or bool(
        re.search(r"randn|normal_?\(|noise_sampler\(|\.r?sample\(\)", context.code_of(context.own))
    )


def _owner(context: Context, function: Site) -> str:
    owner = context.facts.seen.owners.get(function)
    return owner.name if owner is not None else ""


def call_name(context: Context, group: Group) -> str:
    return call(context, group, skip=2)


def _method(context: Sampling, noisy: bool) -> str:
    owner = context.facts.seen.owners.get(context.function)
    functions = [name_of(context.function), *(name_of(f) for f in context.own if _has_name(f))]
    names = " ".join([owner.name if owner is not None else "", *functions]).lower()
    way = "noise in each step" if noisy else "deterministic"
    helpers = " ".join(_owner(context, f) for f in context.own).lower()
    if "ddim" in helpers and "ddpm" in helpers and "ddim" not in names:
        return "DDPM ancestral or DDIM"
    for text in (names, context.code_of(context.own).lower()):
        own = next((label for label, pattern in words.METHODS if re.search(pattern, text)), None)
        if own is not None:
            return f"{own} ({'with a noise term' if noisy else 'deterministic'})"
    if noisy and (words.ANCESTRAL.search(names) or words.DISCRETE.search(context.text)):
        return f"DDPM ancestral ({way})"
    if not noisy and not words.DISCRETE.search(context.text) and words.STRAIGHT.search(context.text):
        return f"Euler ({way})"
    return f"own loop, {way}"


def steps(context: Sampling) -> CardLine:
    """How many steps it takes, as its loop says."""
    if context.pipeline:
        count = argument(context, context.pipeline, "num_inference_steps")
        return context.line("steps", count, context.pipeline[0].site)
    given = context.notes("steps")
    if given and re.search(r"scheduler\.step\(", context.text):
        return context.line("steps", call(context, given[0]), given[0][0].site)
    solvers = [g for g in context.notes("sampler") if g[0].inside == context.function]
    if solvers:
        return context.line("steps", "those of the solver", solvers[0][0].site)
    if not context.loops:
        return CardLine("steps", "1" if any(t.kind is Kind.MODEL for _, t in shown(context)) else None)
    loop = context.loops[0]
    if not isinstance(loop.node, cst.For):
        return context.line("steps", f"while {code(context, loop.path, loop.node.test)}", loop)
    over = _assigned(context.function, _unwrapped(loop.node.iter))
    return context.line("steps", _counted(context, over) or code(context, loop.path, over), loop)


def _unwrapped(node: Any) -> Any:
    """What a loop goes through, without the bar that shows progress."""
    while True:
        if isinstance(node, cst.Call) and node.args and written(node.func)[-1] in words.BARS:
            node = node.args[0].value
        elif isinstance(node, cst.IfExp) and written(getattr(node.body, "func", node.body))[-1] in words.BARS:
            node = node.orelse
        else:
            return node


def _assigned(function: Site, node: Any) -> Any:
    """What a name was last given in the function, bars of progress left out."""
    if function.node is None:
        return node
    lines = [n for n in walk.nodes(function.node.body) if isinstance(n, cst.Assign)]
    for _ in range(RENAMED):
        name = node.value if isinstance(node, cst.Name) else None
        plain = [_unwrapped(n.value) for n in lines if any(written(t.target) == [name] for t in n.targets)]
        kept = [v for v in plain if not (isinstance(v, cst.Name) and v.value == name)]
        if name is None or len(kept) != 1:
            break
        node = kept[0]
    return node


def _counted(context: Sampling, over: Any) -> str | None:
    """The one ``range`` in it, where its bounds are known."""
    inside = {id(node) for node in walk.nodes(over)}
    groups = [g for g in context.every("range") if id(g[0].site.node) in inside]
    if len(groups) != 1 or not all(known(value) for _, _, value in groups[0][0].args):
        return None
    text = call(context, groups[0])
    backwards = "reversed" in context.facts.code(Site(context.function.path, over)) or "::-1" in context.facts.code(
        Site(context.function.path, over)
    )
    return f"{text}, backwards" if backwards else text


def x0_clamp(context: Sampling) -> CardLine:
    """Whether the loop bounds its estimate of the clean picture."""
    if context.pipeline:
        return CardLine("x0 clamp", None)
    groups = context.looped("clamp")
    about = [g for g in groups if words.X0.search(f"{context.facts.code(g[0].site)} {name_of(g[0].inside)}")]
    if about:
        asked = _asked(context)
        if asked == {"False"} and all(words.SWITCHED.search(context.paths.code(g[0].inside)) for g in about):
            return CardLine("x0 clamp", "none (its callers switch it off)")
        if all(_only_returned(g) for g in about):
            return CardLine("x0 clamp", None)
        texts = [_clamp(context, g) for g in about]
        return context.line("x0 clamp", either(texts[:3]), about[0][0].site)
    schedulers = context.notes("scheduler")
    if schedulers and "scheduler.step(" in context.text:
        return CardLine("x0 clamp", None)
    return CardLine("x0 clamp", None if groups or words.CLAMP.search(context.text) else "none")


def _asked(context: Sampling) -> set[str]:
    """What the callers of the sampler, nearest first, say about clipping: ``clip_denoised=False``."""
    known, beyond = {context.function}, {context.function}
    while beyond:
        beyond = {caller for f in beyond for caller in context.paths.callers.get(f, ())} - known
        known |= beyond
        codes = [context.paths.code(f if f.node is None else Site(f.path, f.node.body)) for f in beyond]
        told = {value for text in codes for value in re.findall(r"clip\w*\s*=\s*(True|False)\b", text)}
        if told:
            return told
    return set()


def _only_returned(group: Group) -> bool:
    """Whether what is clamped is only given back beside the next state, which does not depend on it."""
    site, body = group[0].site, getattr(group[0].inside.node, "body", None)
    nodes = list(walk.nodes(body)) if body is not None else []
    lines = [n for n in nodes if isinstance(n, cst.Assign)]
    clamping = [n for n in lines if any(part is site.node for part in walk.nodes(n.value))]
    names = {name for n in clamping for target in n.targets for name in _names(target.target)}
    given = [n.value for n in nodes if isinstance(n, cst.Return) and isinstance(n.value, cst.Tuple)]
    own = [n for n in lines if names & {name for target in n.targets for name in _names(target.target)}]
    apart = {id(part) for n in (*given, *own) for part in walk.nodes(n)}
    returned = {part.value for n in given for part in walk.nodes(n) if isinstance(part, cst.Name)} & names
    read = (n for n in nodes if isinstance(n, cst.Name) and id(n) not in apart)
    return bool(returned) and not any(n.value in names for n in read)


def _clamp(context: Context, group: Group) -> str:
    text = code(context, group[0].site.path, group[0].site.node)
    return text if surely(group) else f"{text} (under a condition)"


def shown(context: Sampling) -> list[tuple[Sink, Tensor]]:
    """The sinks with the sampled pictures they are given."""
    kinds = (Kind.SAMPLE, Kind.MODEL)
    return [(sink, t) for sink in context.sinks for t in tensors(sink.value) if t.kind in kinds]


def inverse(context: Sampling) -> CardLine:
    """What brings the sample back to the range of its sink."""
    if context.pipeline:
        return context.line("inverse normalisation", _of_pipeline(context), context.pipeline[0].site)
    found = shown(context)
    if not found:
        return CardLine("inverse normalisation", None)
    texts = [_way(context, sink, t) for sink, t in found]
    site = next((link.site for _, t in found for link in t.links if link.site is not None), found[0][0].site)
    return context.line("inverse normalisation", either(dict.fromkeys(texts)), site)


def _way(context: Sampling, sink: Sink, tensor: Tensor) -> str:
    """The code between sampler and sink, with what the sink was told to do."""
    links = [link for link in scaling(tensor.links) if not isinstance(link.step, Clamp)]
    closing = max((i for i, link in enumerate(links) if isinstance(link.step, Bounded)), default=-1)
    links = links[closing + 1 :]  # what the network itself ends with is no inverse
    return context.facts.written([link for link in links if link.site != sink.site or link.what in TOLD])


def final_clamp(context: Sampling) -> CardLine:
    """The last bound before the sink; what the sink itself does is said, too."""
    if context.pipeline:
        return context.line("final clamp", _of_pipeline(context), context.pipeline[0].site)
    found = shown(context)
    if not found:
        return CardLine("final clamp", None)
    clamps = [[link for link in t.links if isinstance(link.step, Clamp)] for _, t in found]
    texts = [_bound(context, sink, links) for links, (sink, _) in zip(clamps, found, strict=True)]
    site = next((links[-1].site for links in clamps if links), found[0][0].site)
    return context.line("final clamp", either(dict.fromkeys(texts)), site)


def _of_pipeline(context: Sampling) -> str | None:
    """Pipelines denormalise and clamp their pictures themselves, unless they are asked for latents."""
    return None if argument(context, context.pipeline, "output_type") == "'latent'" else "the pipeline's own"


def _bound(context: Sampling, sink: Sink, clamps: list[Link]) -> str:
    sites = [link.site for link in clamps if link.site is not None and link.site != sink.site and link.what not in TOLD]
    each = context.paths.home(sink.site) == context.function and context.in_loop(sink.site)  # every round is shown
    after = [s for s in sites if not context.in_loop(s) or (each and context.paths.home(s) == context.function)]
    if after:
        return context.facts.code(after[-1])
    return f"only {sink.name}'s own" if sink.outside == "clamp" or len(sites) < len(clamps) else "none"


def sinks(context: Sampling) -> CardLine:
    if not context.sinks:
        return context.absent("sink", words.SINK, "none in these files")
    real = [sink for sink in context.sinks if sink.name != CAST] or context.sinks
    ranged = {sink.name for sink in real if "float" in dict(sink.takes)}
    real = [sink for sink in real if sink.name not in ranged or "float" in dict(sink.takes)]
    texts = [
        f"{sink.name} (takes {dict(sink.takes)['float']})" if "float" in dict(sink.takes) else sink.name
        for sink in real
    ]
    return context.line("sink", either(dict.fromkeys(texts)), real[0].site)


def shows(paths_sinks: Iterable[Sink]) -> list[Sink]:
    """The sinks that may show a sample: those of data alone do not."""
    alone = (Kind.DATA, Kind.LATENT, Kind.NOISE, Kind.UNIFORM, Kind.FEATURE)
    given = ((sink, tensors(sink.value)) for sink in paths_sinks)
    return [s for s, found in given if not found or any(t.kind not in alone or _is_made(t) for t in found)]


def _is_made(tensor: Tensor) -> bool:
    return tensor.origin.what.startswith("the pipeline's")
