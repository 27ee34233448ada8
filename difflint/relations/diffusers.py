"""Objects of the diffusers library: schedulers and autoencoders, where they come from and what they are asked to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from difflint.relations.file import File
from difflint.relations.model import Event, Function
from difflint.relations.sampling import once
from difflint.relations.terms import Term, alternatives, path, walk
from difflint.relations.timesteps import opener

SCHEDULER = re.compile(r"^(?:.*\.)?(\w+Scheduler)(?:\.(from_pretrained|from_config))?$")
_LEARNING_RATE = re.compile(r"LambdaLR|lr_scheduler|^(LR|Cosine|Linear|Constant|Warmup)\w*Scheduler$")
# These scale the model's input by the noise level, and start from noise times init_noise_sigma.
SCALING = frozenset(
    {
        *("EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "LMSDiscreteScheduler", "HeunDiscreteScheduler"),
        *("KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "EDMEulerScheduler"),
        "EDMDPMSolverMultistepScheduler",
    }
)
# These hand x_0 estimates through `clip_sample`, on by default.
CLIPPING = frozenset(("DDIMScheduler", "DDPMScheduler", "DDIMParallelScheduler", "DDPMParallelScheduler"))
VAE_WORDS = re.compile(r"(^|_)(vae|vqvae|autoencoder|first_stage_model|vqgan)(_|$)|^(AutoencoderKL|VQModel)")


@dataclass(frozen=True, eq=False)
class Scheduler:
    """A scheduler as it is made: its class, how (``""`` for the constructor), and what it is given by name."""

    kind: str
    how: str
    call: Term
    given: dict[str, Term] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything it is configured with is written there; the rest are the library's defaults."""
        return not self.how and not self.call.open


def made_scheduler(term: Term) -> Scheduler | None:
    """The scheduler that a call makes, None for any other term."""
    if term.op != "call" or term.args[0].op not in ("lib", "name", "attr"):
        return None
    called = path(term.args[0]) or ""
    found = SCHEDULER.match(called)
    foreign = term.args[0].op == "lib" and not called.startswith("diffusers.")  # of one's own project, say
    if found is None or foreign or _LEARNING_RATE.search(called):
        return None
    return Scheduler(found[1], found[2] or "", term, term.keywords)


def schedulers(file: File, term: Term) -> tuple[Scheduler, ...]:
    """Each scheduler that a term may be; empty when one of them is not known."""
    opened = opener(file).open(term)
    found = []
    for way in alternatives(opened):
        made = made_scheduler(way)
        if made is None:
            return ()
        found.append(made)
    return tuple(found)


@once
def every_scheduler(file: File) -> tuple[tuple[Function, Event, Scheduler], ...]:
    """Every place where a file makes a scheduler."""
    found = []
    for function in file.functions:
        for event in function.calls:
            made = made_scheduler(event.term)
            if made is not None:
                found.append((function, event, made))
    return tuple(found)


def only_kinds(file: File, term: Term) -> frozenset[str]:
    """The classes that a scheduler may have: its own where it is known, else those of all that the file makes."""
    known = schedulers(file, term)
    if known or term.op != "param":
        return frozenset(made.kind for made in known)
    return frozenset(made.kind for _, _, made in every_scheduler(file))


def is_diffusers(file: File, function: Function, step: Term) -> bool:
    """Whether the scheduler of a step is one of diffusers: by its class, or since its result has a prev_sample."""
    taken = (part for event in function.assigned for part in walk(event.term) if part.op == "attr")
    known = step.receiver is not None and bool(schedulers(file, step.receiver))
    return known or any(part.value == "prev_sample" and part.args[0] == step for part in taken)


@dataclass(frozen=True, eq=False)
class Step:
    """A call ``scheduler.step(model_output, timestep, sample)``."""

    function: Function
    event: Event

    @property
    def call(self) -> Term:
        return self.event.term

    @property
    def scheduler(self) -> Term:
        assert self.call.receiver is not None
        return self.call.receiver


@once
def steps(file: File) -> tuple[Step, ...]:
    """Every step that a scheduler takes in a file."""
    return tuple(
        Step(function, event)
        for function in file.functions
        for event in function.calls
        if event.term.called == "step" and event.term.receiver is not None and _is_step(event.term)
    )


def _is_step(call: Term) -> bool:
    return len(call.positional) + sum(name in ("model_output", "timestep", "sample") for name in call.keywords) >= 3


def same_object(a: Term, b: Term) -> bool:
    """Whether two terms are one object by the way they are written."""
    return a == b or (path(a) is not None and path(a) == path(b))


def calls_of(function: Function, owner: Term, name: str) -> Iterator[Event]:
    """The calls of a method of an object in a function."""
    for event in function.calls:
        receiver = event.term.receiver
        if event.term.called == name and receiver is not None and same_object(receiver, owner):
            yield event


def mentions(function: Function, owner: Term, name: str) -> bool:
    """Whether a function speaks of an attribute or a method of an object."""
    return any(
        part.op == "attr" and part.value == name and same_object(part.args[0], owner)
        for event in function.events
        for part in walk(event.term)
    )


def is_vae(term: Term) -> bool:
    """Whether a name or what it was made by says that it is an autoencoder of latents."""
    if term.op == "call":
        return any(VAE_WORDS.search(word) for word in (path(term.args[0]) or "").split("."))
    last = (path(term) or "").rpartition(".")[2]
    return bool(VAE_WORDS.search(last))
