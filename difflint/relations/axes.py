"""The axes of a tensor through permutations, and what a reshape asks for in terms of them."""

from __future__ import annotations

from dataclasses import dataclass

from difflint.relations.terms import Term, number

SAME = ("contiguous", "clone", "detach", "float", "half", "cpu", "cuda", "to", "numpy", "type_as", "copy", "astype")
RESHAPES = ("reshape", "view")


@dataclass(frozen=True, eq=False)
class Laid:
    """A tensor as its axes lie: at place ``i`` axis ``order[i]`` of ``base``; with no order the base itself."""

    base: Term
    order: tuple[int, ...] | None
    by: Term | None = None  # the last permutation


def laid(term: Term) -> Laid:
    """The tensor that a chain of permutations starts from, and the order in which its axes lie now."""
    chain = []
    while True:
        moved = permutation(term)
        if moved is not None:
            chain.append((term, moved))
        elif term.op != "call" or term.called not in SAME or term.receiver is None:
            break
        owner = subject(term)
        if owner is None:
            break
        term = owner
    order: tuple[int, ...] | None = None
    for _, moved in reversed(chain):
        order = moved if order is None else _composed(order, moved)
        if order is None:
            return Laid(chain[0][0], None)
    return Laid(term, order, chain[0][0] if chain else None)


def _composed(order: tuple[int, ...], moved: tuple[int, ...]) -> tuple[int, ...] | None:
    if len(order) != len(moved):
        return None
    return tuple(order[axis] for axis in moved)


def subject(call: Term) -> Term | None:
    """The tensor that a method or a function of torch or numpy is about."""
    if call.op != "call":
        return None
    if call.receiver is not None:
        return call.receiver
    return call.positional[0] if call.positional else None


def arguments(call: Term) -> tuple[Term, ...]:
    """The sizes or axes that are given, one by one or as one tuple."""
    given = call.positional if call.receiver is not None else call.positional[1:]
    if len(given) == 1 and given[0].op in ("tuple", "list"):
        return given[0].args
    return given


def permutation(call: Term) -> tuple[int, ...] | None:
    """The axes of ``permute(0, 2, 3, 1)`` and of numpy's ``transpose(2, 0, 1)``."""
    if call.called not in ("permute", "transpose") or call.keywords:
        return None
    axes = [number(given) for given in arguments(call)]
    known = [int(axis) for axis in axes if axis is not None]
    if len(known) != len(axes) or len(known) < 3:
        return None  # transpose(1, 2) of torch: how many axes there are is not said
    return tuple(known) if sorted(known) == list(range(len(known))) else None


def axis_of(size: Term, base: Term) -> int | None:
    """Which axis of a tensor a size is: of ``x.shape[1]``, ``x.size(1)``; from the front."""
    axis = _named_axis(size, base)
    if axis is None and base.op == "index" and _is_item(base.args[1]):  # of one item: x[i] has one axis less
        outer = _named_axis(size, base.args[0])
        return outer - 1 if outer is not None and outer > 0 else None
    return axis


def _is_item(key: Term) -> bool:
    return key.op in ("each", "param", "loop") or (key.op == "const" and isinstance(key.value, int))


def _named_axis(size: Term, base: Term) -> int | None:
    if size.op == "index":
        owner, key = size.args
        axis = number(key)
        return int(axis) if axis is not None and axis >= 0 and _shape_of(owner, base) else None
    owner_of = size.receiver if size.called == "size" and len(size.positional) == 1 else None
    if owner_of is not None and base in (owner_of, _bare(owner_of)):
        axis = number(size.positional[0])
        return int(axis) if axis is not None and axis >= 0 else None
    return None


def _shape_of(term: Term, base: Term) -> bool:
    if term.op == "attr" and term.value == "shape":
        return base in (term.args[0], _bare(term.args[0]))
    owner = term.receiver if term.called == "size" and not term.positional else None
    return owner is not None and base in (owner, _bare(owner))


def _bare(term: Term) -> Term:
    """Without what leaves the axes alone."""
    while term.op == "call" and term.called in SAME and term.receiver is not None:
        term = term.receiver
    return term


def factors(size: Term, base: Term) -> tuple[int, ...] | None:
    """The axes whose sizes are multiplied, in their own order: ``w * h`` is as good as ``h * w``."""
    if size.op == "*":
        left, right = factors(size.args[0], base), factors(size.args[1], base)
        return None if left is None or right is None else tuple(sorted(left + right))
    axis = axis_of(size, base)
    return None if axis is None else (axis,)


READ = ("cv2.imread", "cv2.imdecode", "cv2.cvtColor", "cv2.resize", "imageio.imread", "skimage.io.imread")
ARRAYS = ("numpy.array", "numpy.asarray")


def is_channels_last(term: Term) -> bool:
    """Whether it surely is a picture as PIL and OpenCV give it: height, width, channels (perhaps in a batch of one)."""
    while True:
        if term.op == "index" and not any(part.op == "const" and isinstance(part.value, int) for part in _keys(term)):
            term = term.args[0]
        elif term.op in ("+", "-", "*", "/") and (number(term.args[0]) is None) is not (number(term.args[1]) is None):
            term = term.args[0] if number(term.args[1]) is not None else term.args[1]
        elif term.op == "call" and term.callee in ("torch.from_numpy", "numpy.ascontiguousarray") and term.positional:
            term = term.positional[0]
        elif term.op == "call" and term.called in SAME and term.receiver is not None:
            term = term.receiver
        else:
            break
    if term.callee in READ:
        return len(term.positional) < 3
    return term.callee in ARRAYS and bool(term.positional) and _is_pil(term.positional[0])


def _keys(term: Term) -> tuple[Term, ...]:
    key = term.args[1]
    return key.args if key.op == "tuple" else (key,)


def _is_pil(term: Term) -> bool:
    """Whether it is a PIL picture with colours, by how it was made."""
    while term.op == "call" and term.receiver is not None:
        if term.called == "convert":
            return bool(term.positional) and term.positional[0].value == "RGB"
        term = term.receiver
    return False


def is_grid(term: Term) -> bool:
    """Whether it is what ``make_grid`` gives: channels, height, width."""
    return laid(term).order is None and laid(term).base.called == "make_grid"
