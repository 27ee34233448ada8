"""In which order the colours of a picture lie, where the way it was read says so."""

from __future__ import annotations

from difflint.relations.axes import subject
from difflint.relations.terms import Term, alternatives, number

RGB, BGR = "RGB", "BGR"
# Functions that give back the picture with its colours in place.
KEEPING = (
    *("resize", "copy", "astype", "float", "float32", "uint8", "clip", "clamp", "ascontiguousarray", "array", "round"),
    *("numpy", "cpu", "GaussianBlur", "medianBlur", "flip", "crop", "asarray", "warpAffine", "copyMakeBorder", "to"),
    *("contiguous", "from_numpy", "squeeze", "center_crop", "asanyarray", "rotate", "thumbnail"),
)
READERS = ("imageio.imread", "imageio.v2.imread", "imageio.v3.imread", "skimage.io.imread")
SWAPS = ("COLOR_BGR2RGB", "COLOR_RGB2BGR", "COLOR_BGRA2RGBA", "COLOR_RGBA2BGRA")
FILES = ("imread", "imdecode")
GREY = ("IMREAD_GRAYSCALE", "IMREAD_UNCHANGED", "IMREAD_ANYDEPTH")


def colours(term: Term) -> str | None:
    """``RGB`` or ``BGR``, when every way to the value says the same; None when it is not known."""
    found = {_of(way) for way in alternatives(term)}
    return found.pop() if len(found) == 1 else None


def _of(term: Term) -> str | None:
    if term.op == "call":
        return _called(term)
    if term.op in ("+", "-", "*", "/"):
        left, right = term.args
        return colours(right) if number(left) is not None else colours(left) if number(right) is not None else None
    if term.op == "index":
        return _item(term)
    return None


def _called(call: Term) -> str | None:
    swap = conversion(call)
    if swap is not None:
        known = colours(call.positional[0]) if call.positional else None  # both names do the same, so neither is proof
        return None if known is None else BGR if known == RGB else RGB
    if call.callee.startswith("cv2.") and call.called in FILES:
        return None if _grey(call) else BGR
    if call.callee in READERS:
        return RGB
    if call.called == "convert" and call.positional and call.positional[0].value in ("RGB", "RGBA"):
        return RGB
    if call.called in KEEPING and call.callee not in ("numpy.flip", "torch.flip", ".flip"):
        owner = call.positional[0] if call.callee.startswith(("cv2.", "numpy.", "torch.")) and call.positional else None
        owner = owner or subject(call)
        return colours(owner) if owner is not None else None
    return None


def _grey(call: Term) -> bool:
    """Whether the picture may come without colours."""
    flag = call.arg(1, "flags")
    if flag is None:
        return False
    return number(flag) != 1 and str(flag.value).rpartition(".")[2] != "IMREAD_COLOR"


def _item(term: Term) -> str | None:
    """``x[..., ::-1]`` turns the colours round, a crop leaves them, a frame of ``capture.read()`` has them."""
    owner, key = term.args
    if owner.called == "read" and owner.receiver is not None and owner.receiver.callee == "cv2.VideoCapture":
        return BGR if number(key) == 1 else None
    keys = key.args if key.op == "tuple" else (key,)
    known = colours(owner)
    if known is None or not all(part.op == "slice" or part.value == "..." for part in keys):
        return None
    last = keys[-1]
    reverses = last.op == "slice" and number(last.args[2]) == -1
    if reverses and len(keys) in (2, 3):
        return BGR if known == RGB else RGB
    return known if not reverses and len(keys) <= 2 else None


def conversion(call: Term) -> str | None:
    """The name of the colour conversion of ``cv2.cvtColor(x, cv2.COLOR_BGR2RGB)`` that only swaps colours."""
    code = call.arg(1, "code") if call.callee == "cv2.cvtColor" else None
    name = str(code.value).rpartition(".")[2] if code is not None and code.op == "lib" else ""
    return name if name in SWAPS else None
