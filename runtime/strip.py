"""The image strip: both arms in, one PNG with the control row above the defect row out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .arms import Arm, Arms, Frame
from .verdict import Judgement, middle

CELL, GAP, LABEL, TITLE, CAPTION = 96, 6, 112, 58, 18
INK, FAINT, PAPER = (20, 20, 20), (90, 90, 90), (255, 255, 255)
SHOWN_MEASURES = {"white": "white {:.0%}", "black": "black {:.0%}", "mean": "mean {:.2f}", "std": "contrast {:.2f}"}
REASON_LINES = 2


def save(path: Path, title: str, arms: Arms, judgement: Judgement) -> None:
    """Draw the strip of one verdict."""
    columns = max(len(arms.repaired.frames), len(arms.as_written.frames))
    size = (LABEL + columns * (CELL + GAP) + GAP, TITLE + 2 * (CAPTION + CELL + GAP) + GAP)
    strip = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(strip)
    draw.text((GAP, 4), title, INK, font(14))
    verdict = judgement.verdict if judgement.symptom == "none" else f"{judgement.verdict}, {judgement.symptom}"
    lines = textwrap.wrap(f"{verdict}: {judgement.reason}", size[0] // 6, max_lines=REASON_LINES, placeholder=" ...")
    draw.multiline_text((GAP, 24), "\n".join(lines), FAINT, font(12), spacing=3)
    for index, (name, arm) in enumerate((("repaired", arms.repaired), ("as written", arms.as_written))):
        _row(strip, TITLE + index * (CAPTION + CELL + GAP), name, arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    strip.save(path)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that strips look alike everywhere."""
    return ImageFont.load_default(size)


def _row(strip: Image.Image, top: int, name: str, arm: Arm) -> None:
    draw = ImageDraw.Draw(strip)
    draw.text((GAP, top + CAPTION), name, INK, font(13))
    middles = middle(arm.measures)
    for line, (key, words) in enumerate(SHOWN_MEASURES.items()):
        draw.text((GAP, top + CAPTION + 22 + 16 * line), words.format(middles[key]), FAINT, font(12))
    for column, frame in enumerate(arm.frames):
        left = LABEL + column * (CELL + GAP)
        draw.text((left, top + 2), frame.label, FAINT, font(12))
        strip.paste(_tile(frame), (left, top + CAPTION))
        # A white picture on white paper needs its edge.
        draw.rectangle((left - 1, top + CAPTION - 1, left + CELL, top + CAPTION + CELL), outline=(190, 190, 190))


def _tile(frame: Frame) -> Image.Image:
    """The picture enlarged without smoothing: each pixel stays a square."""
    small = Image.new("RGB", (frame.picture.shape[-1], frame.picture.shape[-2]))
    small.putdata(_pixels(frame.picture))
    return small.resize((CELL, CELL), Image.Resampling.NEAREST)


def _pixels(picture: Tensor) -> Sequence[tuple[int, ...]]:
    """Rows of (red, green, blue) bytes; a single channel is grey."""
    levels = (picture.expand(3, -1, -1).clamp(0, 1) * 255).round().int().permute(1, 2, 0)  # [h, w, 3]
    return [tuple(pixel) for pixel in levels.flatten(0, 1).tolist()]
