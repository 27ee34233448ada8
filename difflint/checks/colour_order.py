"""DFL109: red and blue are swapped on the way from a file to where the picture is used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.colours import BGR, RGB, colours, conversion

_WORDS = re.compile(r"\bcv2\b")
TAKES = {  # what each function takes its colours for, and the argument that holds the picture
    "cv2.imwrite": (BGR, 1, "img"),
    "cv2.imshow": (BGR, 1, "mat"),
    "PIL.Image.fromarray": (RGB, 0, "obj"),
    "matplotlib.pyplot.imshow": (RGB, 0, "X"),
    "matplotlib.pyplot.imsave": (RGB, 1, "arr"),
    "imageio.imwrite": (RGB, 1, "im"),
    "imageio.imsave": (RGB, 1, "im"),
    "imageio.v2.imwrite": (RGB, 1, "im"),
    "torchvision.transforms.functional.to_pil_image": (RGB, 0, "pic"),
}


def check_file(file: File) -> Iterator[Problem]:
    if not _WORDS.search(file.text):
        return
    seen = set[int]()
    for function in file.about(re.compile(r"imwrite|imshow|fromarray|cvtColor|imsave|to_pil_image")):
        for event in function.calls:
            if id(event.node) not in seen:
                seen.add(id(event.node))
                yield from _taken(file, event.term)
                yield from _converted(file, event.term)


def _taken(file: File, call: Term) -> Iterator[Problem]:
    wanted, position, name = TAKES.get(call.callee, ("", 0, ""))
    picture = call.arg(position, name) if wanted else None
    known = colours(picture) if picture is not None else None
    if picture is not None and known is not None and known != wanted:
        reason = f"{call.callee} takes {wanted} and gets a picture in {known}"
        repair = f"Give it cv2.cvtColor(x, cv2.COLOR_{known}2{wanted})."
        yield _problem(file, call, picture, reason, repair)


def _converted(file: File, call: Term) -> Iterator[Problem]:
    swap, picture = conversion(call), call.arg(0, "src")
    assumed = "" if swap is None else BGR if swap.startswith("COLOR_BGR") else RGB
    known = colours(picture) if picture is not None and assumed else None
    if picture is not None and known is not None and known != assumed:
        reason = f"{swap} takes it for {assumed}, but it is in {known} already"
        yield _problem(file, call, picture, reason, "Remove this conversion.")


def _problem(file: File, call: Term, picture: Term, reason: str, repair: str) -> Problem:
    return Problem(
        file.place(call),
        {"code": file.code(call), "reason": reason},
        (file.step(picture, f"{file.code(picture)} is in {colours(picture)}"), file.step(call, reason)),
        repair,
    )
