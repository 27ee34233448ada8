"""Lists, dicts, unpacking, comprehensions: values that are carried and found again."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, SIGNED, UNIT, at_sink

CASES = {
    "a starred target takes the rest": (
        """
        a,*r=[x,x*2-1,x*255]
        y=r[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a starred target leaves the last": (
        """
        *r,a=[x,x*2-1,x*255]
        y=a
        save_image(y, "a.png")
        """,
        {BYTES},
    ),
    "a starred rest is counted from its end": (
        """
        a,*r=[x,x*2-1,x*255]
        y=r[-1]
        save_image(y, "a.png")
        """,
        {BYTES},
    ),
    "nested targets are unpacked": (
        """
        (a,(b,c2))=(1,(x,x*2-1))
        y=c2
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "two names are swapped": (
        """
        a=x
        b=x*2-1
        a,b=b,a
        y=a
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an item is replaced": (
        """
        d={"a":x}
        d["a"]=d["a"]*2-1
        y=d["a"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "update replaces an item": (
        """
        d={"a":x}
        d.update(a=x*2-1)
        y=d["a"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "get gives its default": (
        """
        d={"b":x}
        y=d.get("a",x*2-1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an unknown key gives any item": (
        """
        d={"a":x*2-1,"b":x}
        y=d[k]
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "pop gives its item": (
        """
        d={"a":x*2-1}
        y=d.pop("a")
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "two stars in a dict replace what stands before": (
        """
        d={"a":x*2-1,**{"a":x}}
        y=d["a"]
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "insert moves the others": (
        """
        l=[x]
        l.insert(0,x*2-1)
        y=l[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "insert counts from the end": (
        """
        l=[x,x*255]
        l.insert(-1,x*2-1)
        y=l[1]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an augmented list is longer": (
        """
        l=[x]
        l+=[x*2-1]
        y=l[1]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "reversed begins at the end": (
        """
        y=list(reversed([x,x*2-1]))[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a negative step begins at the end": (
        """
        y=[x,x*2-1][::-1][0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "zip pairs": (
        """
        for a,b in zip([x],[x*2-1]): y=b
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "enumerate counts": (
        """
        for i,y in enumerate([x*2-1]): pass
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "map calls": (
        """
        y=list(map(lambda t:t*2-1,[x]))[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "filter keeps": (
        """
        y=list(filter(None,[x*2-1]))[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a comprehension computes its element": (
        """
        y=[t*2-1 for t in [x]][0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a comprehension has its own names": (
        """
        t=x
        [t*2-1 for t in [x*255]]
        y=t
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a nested comprehension is flat": (
        """
        y=[a for b in [[x*2-1]] for a in b][0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a filtered comprehension keeps any": (
        """
        y=[t for t in [x,x*2-1] if k][0]
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a dict comprehension has its keys": (
        """
        y={k:v*2-1 for k,v in {"a":x}.items()}["a"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a walrus binds": (
        """
        if (y:=x*2-1) is not None: pass
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "keys are iterated": (
        """
        d={"a":x*2-1}
        for k in d: y=d[k]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "values are in order": (
        """
        d={"a":x*2-1,"b":x}
        y=list(d.values())[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an f-string is a key": (
        """
        k="b"
        d={f"a{k}":x*2-1,"a":x}
        y=d[f"a{k}"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "dicts nest": (
        """
        d={"a":{"b":x*2-1}}
        y=d["a"]["b"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an inner dict is changed": (
        """
        d={"a":{"b":x}}
        d["a"]["b"]=x*2-1
        y=d["a"]["b"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a copied list is another list": (
        """
        import copy
        l=[x]
        q=copy.copy(l)
        q[0]=x*2-1
        y=l[0]
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "one value for two names": (
        """
        a=y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a repeated tuple repeats": (
        """
        y=((x*2-1,)*3)[2]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}

# What the interpreter takes for granted or leaves out, and what would be true.
FORMERLY_WRONG = {
    "the right side of a union of dicts wins": (
        """
        d={"a":x}|{"a":x*2-1}
        y=d["a"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "two names of one dict see the same change": (
        """
        d={"a":x}
        q=d
        q["a"]=x*2-1
        y=d["a"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "two names of one list see the same change": (
        """
        d=[x]
        q=d
        q[0]=x*2-1
        y=d[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "pop(0) gives the first item": (
        """
        l=[x,x*2-1]
        y=l.pop(0)
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "pop(0) takes the first item": (
        """
        l=[x,x*2-1]
        l.pop(0)
        y=l[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "del takes an item": (
        """
        l=[x,x*2-1]
        del l[0]
        y=l[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "sorted may begin with any item": (
        """
        l=sorted([x,x*255],key=k)
        y=l[0]
        save_image(y, "a.png")
        """,
        {UNIT, BYTES},
    ),
    "sort may begin with any item": (
        """
        l=[x,x*255]
        l.sort(key=k)
        y=l[0]
        save_image(y, "a.png")
        """,
        {UNIT, BYTES},
    ),
    "enumerate counts from its start": (
        """
        for i,q in enumerate([x],1): y=x*(i+1)-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a second next gives the second item": (
        """
        it=iter([x,x*2-1])
        next(it)
        y=next(it)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges


@pytest.mark.parametrize(("text", "ranges"), FORMERLY_WRONG.values(), ids=FORMERLY_WRONG)
def test_what_once_was_claimed_wrongly_is_true_or_unknown(text: str, ranges: set[str]) -> None:
    claimed = at_sink(text)
    assert ranges <= claimed or "unknown" in claimed
