"""Functions, closures, generators, arguments: what a call gives back."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, SIGNED, UNIT, at_sink

CASES = {
    "a generator gives what it yields": (
        """
        def g():
          yield x*2-1
        for y in g(): pass
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a generator gives all that it yields": (
        """
        def g():
          yield x*2-1
          yield x
        y=list(g())[0]
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "next takes from a generator": (
        """
        def g():
          yield x*2-1
        y=next(g())
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "yield from passes on": (
        """
        def g():
          yield x*2-1
        def h():
          yield from g()
        y=next(h())
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a lambda has defaults": (
        """
        f=lambda t,s=2: t*s-1
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "partial fills positional arguments": (
        """
        from functools import partial
        def f(a,t): return t*a-1
        y=partial(f,2)(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "partial fills keywords": (
        """
        from functools import partial
        def f(t,a=1,b=0): return t*a+b
        y=partial(f,a=2)(x,b=-1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a keyword of the call beats that of partial": (
        """
        from functools import partial
        def f(t,a=1): return t*a
        y=partial(f,a=2)(x,a=255)
        save_image(y, "a.png")
        """,
        {BYTES},
    ),
    "a closure keeps its variable": (
        """
        def make(s):
          def f(t): return t*s-1
          return f
        y=make(2)(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a closure sees the last value of a loop variable": (
        """
        fs=[]
        for s in [1,2]:
          fs.append(lambda t: t*s-1)
        y=fs[0](x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "nonlocal changes the outer variable": (
        """
        def make():
          s=1
          def up():
            nonlocal s
            s=2
          up()
          return x*s-1
        y=make()
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a default is used": (
        """
        def f(t,s=2): return t*s-1
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a default is evaluated where the function is defined": (
        """
        s=2
        def f(t,k=s): return t*k-1
        s=255
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a global is read when the function runs": (
        """
        def f(t): return t*s-1
        s=1
        s=2
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a keyword-only argument is given": (
        """
        def f(t,*,s=1): return t*s-1
        y=f(x,s=2)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a positional-only argument is given": (
        """
        def f(t,/,s): return t*s-1
        y=f(x,2)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a star opens a list": (
        """
        def f(a,b): return b
        y=f(*[x,x*2-1])
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "two stars open a dict": (
        """
        def f(a,b): return b
        y=f(**{"b":x*2-1,"a":x})
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "keywords are passed on": (
        """
        def g(t,s=1): return t*s-1
        def f(t,**k): return g(t,**k)
        y=f(x,s=2)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "keywords that only one choice gives are the others' too": (
        """
        def f(t,s=1,n=False,**k):
          if n: t=t*2-1
          return t
        y=f(x,**({"s": 2, "workers": 4} if torch.cuda.is_available() else {}))
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a keyword that one choice gives may have any value": (
        """
        def f(t,n=False):
          if n: t=t*2-1
          return t
        y=f(x,**({"n": True} if torch.cuda.is_available() else {}))
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "choices that are not all known may hold any keyword": (
        """
        def f(t,n=False):
          if n: t=t*2-1
          return t
        y=f(x,**({"s": 2} if torch.cuda.is_available() else cfg))
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "unknown keywords may be any": (
        """
        def f(t,n=False):
          if n: t=t*2-1
          return t
        y=f(x,**cfg)
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "unknown arguments may be any": (
        """
        def f(t,n=False):
          if n: t=t*2-1
          return t
        y=f(x,*cfg)
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a decorator that only wraps changes nothing": (
        """
        import functools
        def d(f):
          @functools.wraps(f)
          def w(*a,**k): return f(*a,**k)
          return w
        @d
        def f(t): return t*2-1
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "global binds in the module": (
        """
        def f():
          global y
          y=x*2-1
        y=x
        f()
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a global that a function changed is seen": (
        """
        s=1
        def f():
          global s
          s=2
        f()
        y=x*s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a recursion over a number ends": (
        """
        def f(t,n):
          if n==0: return t
          return f(t*2-1,n-1)
        y=f(x,1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a function from a dict is called": (
        """
        F={"s":lambda t:t*2-1,"u":lambda t:t}
        y=F["s"](x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a function may be called like a builtin": (
        """
        def abs(t): return t*2-1
        y=abs(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "the last definition counts": (
        """
        def f(t): return t
        def f(t): return t*2-1
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a pair of results is unpacked": (
        """
        def f(): return x, x*2-1
        _, y = f()
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a conditional argument is decided": (
        """
        y=(lambda t: t)(x*2-1 if True else x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}

# What the interpreter takes for granted or leaves out, and what would be true.
FORMERLY_WRONG = {
    "a decorator that scales is applied": (
        """
        def d(f):
          def w(t): return f(t)*2-1
          return w
        @d
        def f(t): return t
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an in-place change in a function is seen outside": (
        """
        def f(t): t.mul_(2).sub_(1)
        y=x
        f(y)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an augmented assignment in a function changes the tensor outside": (
        """
        def f(t):
          t*=2
          t-=1
        y=x
        f(y)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a list that a function changed is changed": (
        """
        def f(l): l[0]=l[0]*2-1
        d=[x]
        f(d)
        y=d[0]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a dict that a function changed is changed": (
        """
        def f(l): l["a"]=l["a"]*2-1
        d={"a":x}
        f(d)
        y=d["a"]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a call after a global has changed gives something else": (
        """
        s=1
        def f(): return x*s-1
        f()
        s=2
        y=f()
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a call after a list has changed gives something else": (
        """
        l=[1]
        def f(): return x*l[0]-1
        f()
        l[0]=2
        y=f()
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
