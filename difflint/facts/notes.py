"""Notes for the pipeline card: calls that say how something is trained or sampled, and who calls whom.

Nothing is judged by them. A name decides the topic of a note, since what is written down is the call itself."""

from __future__ import annotations

import re
from typing import Any

import libcst as cst

from difflint.facts.events import Noted, Sampled
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import (
    Class,
    Function,
    Kind,
    Library,
    LibraryObject,
    Partial,
    Tensor,
    Value,
    choices,
    constant,
)
from difflint.syntax import walk
from difflint.syntax.outline import ClassDefinition, Definition

STATES = (Kind.NOISE, Kind.SAMPLE)
DEFINED = (cst.FunctionDef, cst.ClassDef, Definition, ClassDefinition)  # what nobody calls is run from there
MAKERS = ("from_pretrained", "from_config", "from_single_file", "from_pipe", "create")

# Names of calls by what they say; classes, functions and methods alike.
TOPICS = {
    "optimizer": (
        r"(?:Fused|DeepSpeedCPU|Paged)?(?:Adam|AdamW|AdamP|RAdam|NAdam|Adamax|Lion)(?:8bit|Mini|ScheduleFree)?|SGD|RMSprop"
        r"|Adagrad|Adadelta|Adafactor|Prodigy|LBFGS|Ranger|AdaBelief|[Ll]amb|LAMB|LARS|Shampoo|SOAP|Muon|StableAdamW\w*"
    ),
    "grad clip": r"clip_grad_norm_?|clip_grad_value_?|clip_gradients|clip_by_global_norm|clip_grads?",
    "ema": (
        r"\w*EMA(?![a-z])\w*|\w*Ema(?![a-z])\w*|_*(?:update|step|apply|init|model)?_*ema(?:_\w+)?"
        r"|\w*ExponentialMovingAverage|AveragedModel|\w*moving_average\w*|update_average|accumulate"
    ),
    "autocast": r"autocast",
    "scaler": r"GradScaler|NativeScaler\w*",
    "half": r"half|bfloat16|convert_to_fp16",
    "trainer": r"Accelerator|Trainer|Fabric",
    "data set": (
        r"MNIST|FashionMNIST|KMNIST|EMNIST|QMNIST|CIFAR10|CIFAR100|SVHN|STL10|CelebA|LSUN|LSUNClass|ImageFolder|ImageNet"
        r"|DatasetFolder|Flowers102|Food101|StanfordCars|OxfordIIITPet|Places365|Omniglot|USPS|FakeData|load_dataset"
    ),
    "size": r"Resize|CenterCrop|RandomCrop|RandomResizedCrop|center_crop_arr|random_crop_arr|resize|SmallestMaxSize",
    "grey": r"Grayscale|to_grayscale",
    "noise": r"randn|normal|randn_tensor|StackedRandomGenerator|randn_like",
    "loss": (
        r"mse_loss|l1_loss|smooth_l1_loss|huber_loss|cross_entropy|binary_cross_entropy(?:_with_logits)?|nll_loss|kl_div"
        r"|MSELoss|L1Loss|SmoothL1Loss|HuberLoss|CrossEntropyLoss|BCELoss|BCEWithLogitsLoss|NLLLoss|KLDivLoss"
    ),
    "schedule": r"\w*(?:beta|noise|alpha|sigma)s?_?schedule\w*|betas_for_alpha_bar|get_(?:\w+_)?betas|get_sigmas_\w+",
    "scheduler": (
        r"(?:DDPM|DDIM|PNDM|LMS|Euler|Heun|DPM|UniPC|DEIS|KDPM|LCM|TCD|EDM|Flow|IPNDM|CMSt|SASol|RePaint|Score|Karras)"
        r"\w*Scheduler"
    ),
    "sampler": r"odeint\w*|solve_ivp|NeuralODE|ODESolver|sample_(?:euler|heun|dpm|lms|dpmpp|ddpm|ddim)\w*",
    "pipeline": r"\w+Pipeline\w*|AutoPipeline\w+",
    "steps": r"set_timesteps",
    "clamp": r"clamp_?|clip_?|clamp_min_?|clamp_max_?",
    "backward": r"backward|manual_backward",
    "loader": r"DataLoader",
    "range": r"range|trange|linspace|arange",
    "vae": r"AutoencoderKL\w*|AutoencoderTiny|AutoencoderDC|VQModel\w*",
}
CHANNELS = ("in_channels", "channels", "c_in", "img_channels", "image_channels", "input_channels", "in_ch", "in_chans")
SIZES = ("image_size", "img_size", "resolution", "img_resolution", "image_resolution", "sample_size")
DECAYS = ("decay", "rate", "beta", "ema_decay", "mu", "momentum", "max_decay", "alpha", "ema_rate", "gamma")
DEFAULTS = frozenset([*CHANNELS, *SIZES, *DECAYS])  # parameters whose defaults are noted where no argument is given
_NAMES = re.compile("|".join(f"(?P<t{number}>{pattern})" for number, pattern in enumerate(TOPICS.values())))
_TOPIC = list(TOPICS)


def observe(machine: Machine, frame: Frame, node: cst.Call, callee: Value, arguments: Arguments) -> None:
    """Note a call of the user's code whose name says something."""
    if frame.scope.module.stub or not machine.noting:
        return
    for name in dict.fromkeys([*_names(node, callee), *_named(arguments)]):
        topic = _topic(name, callee, node)
        if topic is not None:
            args = (*_arguments(node, arguments, _parameters(callee)), *_defaults(node, callee))
            noted = Noted(Site(frame.path, node), here(frame), topic, name, args, frame.undecided == 0)
            machine.seen.notes[noted] = None


def _topic(name: str, callee: Value, node: cst.Call) -> str | None:
    found = _NAMES.fullmatch(name)
    if found is not None:
        topic = _TOPIC[int(str(found.lastgroup)[1:])]
        return None if name == "accumulate" and len(node.args) < 2 else topic
    if name in ("pipeline", "pipe") or (isinstance(callee, LibraryObject) and "Pipeline" in callee.name):
        return "pipeline run"
    if name in ("lerp", "lerp_", "mul_", "copy_"):
        return "ema step" if any("ema" in part.lower() for part in _mentioned(node)) else None
    makes = isinstance(callee, Class) or name[:1].isupper()
    given = {arg.keyword.value for arg in node.args if arg.keyword is not None}
    given |= {str(key) for key, _, _ in _defaults(node, callee)} if makes else set()
    return "network" if makes and given & {*CHANNELS, *SIZES} else None


def _mentioned(node: cst.CSTNode) -> list[str]:
    return [part.value for part in walk.nodes(node) if isinstance(part, cst.Name)]


def _defaults(node: cst.Call, callee: Value) -> tuple[tuple[str | None, Any, Value | None], ...]:
    """The defaults of the project's function, for the parameters that this call does not give."""
    made = callee.find("__init__") if isinstance(callee, Class) and callee.node is not None else callee
    if not isinstance(made, Function) or made.module.stub or isinstance(made.node, cst.Lambda):
        return ()
    given = {*_parameters(callee)[: sum(1 for arg in node.args if arg.keyword is None)]}
    given |= {arg.keyword.value for arg in node.args if arg.keyword is not None}
    if any(arg.star for arg in node.args):
        return ()
    return tuple((name, None, value) for name, value in made.defaults if name in DEFAULTS and name not in given)


def _names(node: cst.Call, callee: Value) -> list[str]:
    """What is called: by the library's own name, else as it is written."""
    here = written(node.func)
    if here[-1] in MAKERS and _NAMES.fullmatch(_last(here)):
        return [_last(here)]
    known = [name for v in choices(callee) if (name := _name(v)) is not None]
    return [_last(name.split(".")) for name in known] or [_last(written(node.func))]


def _name(callee: Value) -> str | None:
    if isinstance(callee, Library):
        return callee.written or callee.name
    if isinstance(callee, Partial):
        return _name(callee.function)
    if isinstance(callee, Function) and not isinstance(callee.node, cst.Lambda) and not callee.module.stub:
        return str(callee.node.name.value)
    return callee.name if isinstance(callee, Class) and callee.node is not None and not callee.module.stub else None


def _named(arguments: Arguments) -> list[str]:
    """The class that a configuration names: ``dict(class_name="torch.optim.Adam", lr=1e-3)``."""
    names = (constant(arguments.keyword(key)) for key in ("class_name", "target", "_target_"))
    return [_last(name.split(".")) for name in names if isinstance(name, str)]


def written(node: Any) -> list[str]:
    """The names of ``a.b.c``; what is no name is left out."""
    if isinstance(node, cst.Attribute):
        return [*written(node.value), node.attr.value]
    return [node.value] if isinstance(node, cst.Name) else [""]


def _last(parts: list[str]) -> str:
    named = [part for part in parts if part not in MAKERS]
    return named[-1] if named else parts[-1]


def _parameters(callee: Value) -> list[str]:
    """The parameters of the project's class or function, without ``self``."""
    made = callee.find("__init__") if isinstance(callee, Class) and callee.node is not None else callee
    if not isinstance(made, Function) or made.module.stub or isinstance(made.node, cst.Lambda):
        return []
    names = [p.name.value for p in made.node.params.params]
    return names[1:] if made is not callee or made.bound is not None else names


def _arguments(
    node: cst.Call, arguments: Arguments, parameters: list[str]
) -> tuple[tuple[str | None, Any, Value | None], ...]:
    """Each argument as it is written, with its keyword (or the parameter's name) and what it evaluates to."""
    found: list[tuple[str | None, Any, Value | None]] = []
    starred = False
    for position, arg in enumerate(node.args):
        starred |= bool(arg.star)
        if arg.keyword is not None:
            found.append((arg.keyword.value, arg.value, arguments.keyword(arg.keyword.value)))
        elif arg.star == "**":
            opened = [(key, None, value) for key, value in arguments.kwargs if not _written(node, key)]
            found += opened or [("**", arg.value, None)]
        elif not starred and position < len(arguments.args):
            name = parameters[position] if position < len(parameters) else None
            found.append((name if name in DEFAULTS else None, arg.value, arguments.args[position]))
    return tuple(found)


def _written(node: cst.Call, keyword: str) -> bool:
    return any(arg.keyword is not None and arg.keyword.value == keyword for arg in node.args)


def here(frame: Frame) -> Site:
    """The function a frame runs; a module's body has no node."""
    return Site(frame.path, frame.function)


def observe_run(machine: Machine, frame: Frame, function: Function, site: Site) -> None:
    """Who calls whom, and from where: a stub in between is passed over."""
    if function.module.stub:
        return
    callee = Site(function.module.path, function.node)
    machine.seen.calls.setdefault(callee, {})
    if isinstance(function.owner, Class):
        machine.seen.owners[callee] = function.owner
    caller = next((f for f in (frame, *reversed(machine.stack)) if not f.scope.module.stub), None)
    if caller is not None and not isinstance(site.node, DEFINED):
        machine.seen.calls.setdefault(here(caller), {})[callee, site] = None


def observe_state(machine: Machine, parts: tuple[Tensor, ...], state: Tensor) -> None:
    """A state that a loop has changed before is changed again; the layers of a denoiser that runs are no such loop."""
    if any(part.kind in STATES for given in machine.inside for t in given for part in (t, *t.origin.parts)):
        return
    loops = [(frame, loop) for frame, loop in machine.loops if not frame.scope.module.stub]
    if state.kind is Kind.SAMPLE and loops and any(part.kind is Kind.SAMPLE for part in parts):
        frame, loop = loops[-1]
        machine.seen.sampled[Sampled(here(frame), Site(frame.path, loop), state.origin.networks)] = None
