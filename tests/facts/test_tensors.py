"""Arithmetic on tensors: numbers, constants for each channel, in-place changes, bytes, options."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, SIGNED, UNIT, at_sink

CASES = {
    "a chain of in-place calls changes its tensor": (
        """
        y=x.clone()
        y.mul_(2).sub_(1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an in-place call changes an item": (
        """
        l=[x]
        l[0].mul_(2).sub_(1)
        y=l[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an in-place call changes an attribute": (
        """
        class A: pass
        a=A()
        a.t=x
        a.t.mul_(2).sub_(1)
        y=a.t
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a part that is written makes the whole both": (
        """
        y=x.clone()
        y[0]=x[0]*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a whole that is written is what was written": (
        """
        y=x.clone()
        y[:]=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a constant for each channel normalises": (
        """
        m=torch.tensor([0.5,0.5,0.5]).view(1,3,1,1)
        y=(x-m)/m
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "channels with different constants span their hull": (
        """
        m=torch.tensor([0.,0.5,0.5]).view(1,3,1,1)
        y=x-m
        save_image(y, "a.png")
        """,
        {"[-0.5, 1]"},
    ),
    "constants may get more axes by None": (
        """
        m=torch.tensor([0.5,0.5,0.5])[None,:,None,None]
        y=(x-m)/m
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "constants may be an array": (
        """
        import numpy as np
        m=np.array([0.5,0.5,0.5])
        y=(x-m)/m
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a constant of one number is a number": (
        """
        m=torch.tensor([2.]).view(1)
        y=x*m-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a tensor of one number is a number": (
        """
        y=x*torch.tensor(2.)-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "whole numbers divide": (
        """
        y=x*(5//2)-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a remainder is computed": (
        """
        y=x*(5%3)-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a negated tensor is mirrored": (
        """
        y=-x
        save_image(y, "a.png")
        """,
        {"[-1, 0]"},
    ),
    "a tensor is subtracted from a number": (
        """
        y=1-x
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a flip keeps the range": (
        """
        y=(x*2-1).flip(-1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a clamp at one side bounds it": (
        """
        y=(x*2-1).clamp(min=0)
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a sigmoid is bounded": (
        """
        y=torch.sigmoid(x)
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "equal pictures stack to one range": (
        """
        y=torch.stack([x*2-1,x*2-1])
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an inverted picture stays in its range": (
        """
        from torchvision.transforms.functional import invert
        y=invert(x)
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a byte tensor has 256 levels": (
        """
        y=(x*255).byte()
        save_image(y, "a.png")
        """,
        {BYTES},
    ),
    "bytes divided by 255 are a unit picture": (
        """
        y=(x*255).byte()/255
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "bytes brought to the signed range": (
        """
        y=(x*255).byte().float()/127.5-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "True counts as one": (
        """
        y=x*(1+True)-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an option has its default": (
        """
        import argparse
        p=argparse.ArgumentParser()
        p.add_argument("--scale",type=float,default=2)
        a=p.parse_args()
        y=x*a.scale-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a flag is usually not given": (
        """
        import argparse
        p=argparse.ArgumentParser()
        p.add_argument("--signed",action="store_true")
        a=p.parse_args()
        y=x*2-1 if a.signed else x
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a flag that clears is usually not given": (
        """
        import argparse
        p=argparse.ArgumentParser()
        p.add_argument("--no",dest="signed",action="store_false")
        a=p.parse_args()
        y=x*2-1 if a.signed else x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "int truncates": (
        """
        y=x*int(2.9)-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a length is a number": (
        """
        y=x*len([1,1])-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a with of several items runs its body": (
        """
        with open("a") as f, torch.no_grad(): y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a tanh is bounded": (
        """
        y=torch.tanh(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}

# What the interpreter takes for granted or leaves out, and what would be true.
FORMERLY_WRONG = {
    "two names of one tensor see the same change": (
        """
        y=x
        y.mul_(2).sub_(1)
        z=y
        y=x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an augmented assignment changes the tensor for every name": (
        """
        q=x
        q*=2
        q-=1
        y=x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a filled tensor has one value": (
        """
        y=x
        y.fill_(0)
        save_image(y, "a.png")
        """,
        {"[0, 0]"},
    ),
    "a zeroed tensor is zero": (
        """
        y=x*255
        y.zero_()
        save_image(y, "a.png")
        """,
        {"[0, 0]"},
    ),
    "a rectified picture keeps its upper bound": (
        """
        y=torch.relu(x*2-1)
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges


@pytest.mark.parametrize(("text", "ranges"), FORMERLY_WRONG.values(), ids=FORMERLY_WRONG)
def test_what_once_was_claimed_wrongly_is_true_or_unknown(text: str, ranges: set[str]) -> None:
    claimed = at_sink(text)
    assert ranges <= claimed or "unknown" in claimed
