"""What a network is trained to predict, read off the target of its loss."""

from __future__ import annotations

from difflint.facts.steps import Affine
from difflint.facts.values import Kind, Tensor


def target(tensor: Tensor) -> str | None:
    """What a loss asks for: x0, or without bound eps, v (a flow counts) or score; None for anything else."""
    if tensor.kind in (Kind.DATA, Kind.LATENT):
        return "x0"
    if tensor.kind is Kind.NOISE:
        scales = [a for link in tensor.links if isinstance(link.step, Affine) for a in link.step.scale]
        return "score" if any(a < 0 for a in scales) else "eps"
    if tensor.kind not in (Kind.MIX, Kind.SAMPLE):
        return None
    kinds = {part.kind for part in tensor.origin.parts}
    if Kind.NOISE not in kinds or Kind.MODEL in kinds:
        return None
    return "v" if kinds - {Kind.NOISE, Kind.UNIFORM} or tensor.origin.residual is not None else "score"
