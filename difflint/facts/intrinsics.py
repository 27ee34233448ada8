"""The few library calls that change the analysis itself rather than a value."""

from __future__ import annotations

from collections.abc import Callable

from difflint.facts import (
    aliases,
    arithmetic,
    autocast,
    bunches,
    configcalls,
    dotted,
    modes,
    networks,
    notes,
    options,
    questions,
    samples,
)
from difflint.facts.events import Backward, Judged
from difflint.facts.interval import SIGNED, UNBOUNDED
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.sequences import SEQUENCES
from difflint.facts.steps import Site
from difflint.facts.truth import dtype_name, truth
from difflint.facts.values import (
    ANY,
    NONE,
    Const,
    Elements,
    Instance,
    Items,
    Kind,
    Library,
    LibraryObject,
    Life,
    Network,
    Origin,
    Partial,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    tensors,
)

Intrinsic = Callable[[Machine, Frame, Arguments, Site], Value]


def partial(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    if not arguments.args:
        return ANY
    return Partial(arguments.args[0], arguments.args[1:], arguments.kwargs)


def half(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``model.half()``, ``model.to(torch.float16)``: from here on the parameters are float16."""
    owner, *rest = arguments.args or (ANY,)
    wanted = [dtype_name(v) for v in (*rest, *(v for _, v in arguments.kwargs))]
    network = network_of(owner)
    if network is not None and (not (rest or arguments.kwargs) or "float16" in wanted):
        machine.half_networks.setdefault(network, site)
    elif network is not None and any(w in ("float32", "bfloat16") for w in wanted):
        machine.half_networks.pop(network, None)
    return owner


def single(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``model.float()``, ``model.bfloat16()``: the parameters leave float16."""
    owner = arguments.args[0] if arguments.args else ANY
    network = network_of(owner)
    if network is not None:
        machine.half_networks.pop(network, None)
    return owner


def freeze(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``model.requires_grad_(False)``: it is not trained."""
    owner = arguments.args[0] if arguments.args else ANY
    network = owner.network if isinstance(owner, Unknown) else network_of(owner)
    if network is not None and truth(arguments.get(1, "requires_grad") or Const(True)) is False:
        machine.frozen.add(network)
    return owner


def network_of(value: Value) -> Network | None:
    if isinstance(value, Instance) and networks.is_network(value):
        return value.network
    return value.network if isinstance(value, LibraryObject) else None


def backward(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``loss.backward()``: note whether float16 is in play on this path, and whether anything scales."""
    owner, *given = arguments.args or (ANY,)
    if any(isinstance(v, Tensor | Unknown) for v in given):
        return NONE  # engine.backward(loss): whoever it is scales as it likes
    loss = next(iter(tensors(owner)), None)
    region = _region(machine, frame)
    halves = [machine.half_networks[n] for n in _trained(machine, loss)] if loss is not None else []
    mode = "autocast" if region is not None else ("half" if halves else None)
    where = region or (halves[0] if halves else None)
    scaled = _scaled(machine, frame, owner, where)
    machine.seen.backwards[Backward(site, machine.calls, machine.part, mode, where, scaled)] = None
    return NONE


def _region(machine: Machine, frame: Frame) -> Site | None:
    return next((f.half for f in (frame, *reversed(machine.stack)) if f.half is not None), None)


def _trained(machine: Machine, loss: Tensor) -> list[Network]:
    return [
        n
        for n in sorted(loss.origin.networks, key=lambda n: n.label)
        if n in machine.half_networks and n not in machine.frozen
    ]


def _scaled(machine: Machine, frame: Frame, owner: Value, where: Site | None) -> bool:
    """Whether the loss was multiplied, or the modules on the way name a scaler."""
    if any(isinstance(v, Tensor) and any(_enlarges(link.step) for link in v.links) for v in choices(owner)):
        return True
    if any(isinstance(v, Unknown) and v.what == "scaled loss" for v in choices(owner)):
        return True
    if frame.undecided == 0 and any(t.kind is Kind.LOSS for t in tensors(owner)):
        return False  # the loss itself, and surely: a scaler elsewhere does not reach it
    modules = [f.scope.module for f in (frame, *machine.stack)]
    paths = {where.path} if where is not None else set()
    modules += [m for m in machine.project.modules.values() if m.path in paths]
    return any(autocast.has_scaler(module.text) for module in modules)


def _enlarges(step: object) -> bool:
    return any(abs(a) > 1 for a in getattr(step, "scale", ()))


def anything(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Unknown("anything", site)


def dictionary(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return machine.call(frame, Library("builtins.dict"), arguments, site)


def named_tuple(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``namedtuple("Name", ["a", "b"])``: what it makes carries its fields by name and by position."""
    fields = arguments.get(1, "field_names")
    if isinstance(fields, Const) and isinstance(fields.value, str):
        fields = Items(tuple(Const(name) for name in fields.value.replace(",", " ").split()))
    return Partial(Library("difflint.make_record"), (fields,), ()) if isinstance(fields, Items) else ANY


def data_field(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``field(default=...)`` and ``field(default_factory=...)`` in a dataclass."""
    return LibraryObject("dataclasses.field", arguments.kwargs, site)


def replaced(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``dataclasses.replace(object, field=value)``: another object with these fields."""
    owner = arguments.args[0] if arguments.args else ANY
    if not isinstance(owner, Instance) or arguments.open:
        return Unknown("replaced", site)
    return Instance(owner.cls, site, {**owner.attributes, **dict(arguments.kwargs)}, Life(machine.memory.born()))


def as_dict(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    owner = arguments.args[0] if arguments.args else ANY
    return Record(tuple(owner.attributes.items())) if isinstance(owner, Instance) else Record(rest=ANY)


def leave(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``sys.exit()`` and what else never returns."""
    frame.alive = False
    return NONE


def make_record(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    names, *values = arguments.args
    keys = [constant(name) for name in names.items] if isinstance(names, Items) else []
    given = {**dict(zip(keys, values, strict=False)), **dict(arguments.kwargs)}
    return Record(tuple((key, given.get(key, Unknown(str(key), site))) for key in keys), ordered=True)


def prepare(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``accelerator.prepare(a, b)``: the same things, wrapped."""
    given = arguments.args[1:]
    return given[0] if len(given) == 1 else Items(given, "tuple")


def scaled_loss(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Unknown("scaled loss", site)


def gather(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``dist.all_gather(tensors, x)``: the list is filled with what x is on every machine."""
    given = arguments.get(1, "tensor")
    if arguments.args and given is not None:
        aliases.changed(machine, frame, arguments.args[0], Elements(given))
    return NONE


def copy_into(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``buffer.copy_(x)``: x, cast to what the buffer holds."""
    buffer, value = arguments.get(0, "input"), arguments.get(1, "src") or ANY
    return arithmetic.into(machine, buffer, value, site, "0 src") if isinstance(buffer, Tensor) else value


def deepcopy(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    if not arguments.args:
        return ANY
    modes.copied(machine, arguments.args[0])
    return aliases.fresh(arguments.args[0])


def noisy(clean: str, noise: int) -> Intrinsic:
    """``scheduler.add_noise(x0, noise, t)``, ``get_velocity``, ``scale_noise``: a mixture of both; ``clean`` is the
    first parameter's name, ``noise`` the other one's position."""
    from difflint.facts import mixing

    def mixture(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
        given = [t for name, position in ((clean, 1), ("noise", noise)) for t in tensors(arguments.get(position, name))]
        return mixing.mix(given, site) if given else Unknown("noised", site)

    return mixture


def denoising_step(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``scheduler.step(output, t, x).prev_sample``: the state, changed by the network's output."""
    from difflint.facts import mixing

    given = [
        t for name, position in (("model_output", 1), ("sample", 3)) for t in tensors(arguments.get(position, name))
    ]
    if len(given) != 2:
        return Unknown("denoised", site)
    state = mixing.blend(tuple(given), site)
    notes.observe_state(machine, tuple(given), state)
    return state


def encode(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``vae.encode(x)``: latents; the autoencoder will give back the range that it was given."""
    network = network_of(arguments.args[0]) if arguments.args else None
    pictures = tensors(arguments.get(1, "x"))
    for given in pictures:
        if given.nominal is not None and network is not None:
            machine.seen.encoded[network, given.nominal] = None
        if network is not None:
            given_to = Judged(site, machine.calls, machine.part, f"{network.label}.encode", (("x", given),))
            machine.seen.judged[given_to] = None
    origin = Origin(Kind.LATENT, site, "the autoencoder's latents", parts=frozenset(pictures))
    return Tensor(origin, (), "float32", "tensor")


def decode(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``vae.decode(z)``: a picture in [-1, 1], which pretrained autoencoders have learned, without a bound."""
    network = network_of(arguments.args[0]) if arguments.args else None
    known = frozenset((network,)) if network is not None else frozenset()
    picture = Origin(Kind.MODEL, site, "the autoencoder's picture", SIGNED, UNBOUNDED, known)
    return Tensor(picture, (), "float32", "tensor")


def like_noise(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Tensor(Origin(Kind.NOISE, site, "normal noise", None, UNBOUNDED), (), "float32", "tensor")


INTRINSICS: dict[str, Intrinsic] = {
    **SEQUENCES,
    **configcalls.INTRINSICS,
    **options.INTRINSICS,
    **bunches.INTRINSICS,
    "functools.partial": partial,
    "importlib.import_module": dotted.import_module,
    "pydoc.locate": dotted.locate,
    "hydra.utils.get_class": dotted.locate,
    "hydra.utils.get_method": dotted.locate,
    "hydra.utils.get_object": dotted.locate,
    "dataclasses.field": data_field,
    "dataclasses.replace": replaced,
    "dataclasses.asdict": as_dict,
    "difflint.raises": leave,
    "sys.exit": leave,
    "os._exit": leave,
    "os.abort": leave,
    "copy.deepcopy": deepcopy,
    "copy.copy": deepcopy,
    "Tensor.backward": backward,
    "Tensor.requires_grad_": freeze,
    "torch.autograd.backward": backward,
    "Tensor.normal_": like_noise,
    "Object.to": half,
    "Object.half": half,
    "Object.float": single,
    "Object.double": single,
    "Object.bfloat16": single,
    "Object.requires_grad_": freeze,
    "torch.distributed.all_gather": gather,
    "Tensor.copy_": copy_into,
    "torch.is_tensor": questions.is_tensor,
    "torch.is_floating_point": questions.is_floating_point,
    "Tensor.is_floating_point": questions.is_floating_point,
    "numpy.issubdtype": questions.is_sub_dtype,
    "difflint.half": half,
    "difflint.switch": modes.switch,
    "difflint.entered": autocast.entered,
    "Object.train": modes.switch,
    "Object.eval": modes.switch_off,
    "torch.set_grad_enabled": modes.set_grad_enabled,
    "torch.set_default_dtype": modes.set_default_dtype,
    "difflint.single": single,
    "difflint.freeze": freeze,
    "difflint.anything": anything,
    **samples.INTRINSICS,
    "collections.OrderedDict": dictionary,
    "collections.namedtuple": named_tuple,
    "difflint.make_record": make_record,
    "accelerate.Accelerator.prepare": prepare,
    "torch.cuda.amp.GradScaler.scale": scaled_loss,
    "diffusers.AutoencoderKL.encode": encode,
    "diffusers.AutoencoderKL.from_pretrained.encode": encode,
    "diffusers.AutoencoderKL.from_pretrained.decode": decode,
    "diffusers.DDPMScheduler.add_noise": noisy("original_samples", 2),
    "diffusers.DDPMScheduler.get_velocity": noisy("sample", 2),
    "diffusers.DDPMScheduler.scale_noise": noisy("sample", 3),
    "diffusers.DDPMScheduler.step": denoising_step,
}
