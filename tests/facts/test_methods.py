"""Methods, mixins, callables kept in objects, and classes that are dicts."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import SIGNED, at_sink

CASES = {
    "abstract method": (
        """
        class Base:
          def f(self,t): raise NotImplementedError
          def run(self,t): return self.f(t)*2-1
        class D(Base):
          def f(self,t): return t
        save_image(D().run(x), "a.png")
        """,
        {SIGNED},
    ),
    "mixin": (
        """
        class Mixin:
          def norm(self,t): return t*self.scale-1
        class M(Mixin, torch.nn.Module):
          scale=2
          def __init__(self): super().__init__()
        save_image(M().norm(x), "a.png")
        """,
        {SIGNED},
    ),
    "super in mixin init": (
        """
        class A:
          def __init__(self, **kw): self.a=kw.get("a",1)
        class Mx(A):
          def __init__(self, b=1, **kw):
            super().__init__(**kw)
            self.b=b
        c=Mx(b=1, a=2)
        save_image(x*c.a-c.b, "a.png")
        """,
        {SIGNED},
    ),
    "type of self": (
        """
        class A:
          s=2
          def f(self,t): return t*type(self).s-1
        save_image(A().f(x), "a.png")
        """,
        {SIGNED},
    ),
    "self class": (
        """
        class A:
          s=2
          def f(self,t): return t*self.__class__.s-1
        save_image(A().f(x), "a.png")
        """,
        {SIGNED},
    ),
    "class call in classmethod": (
        """
        class A:
          def __init__(self,s): self.s=s
          @classmethod
          def make(cls): return cls(2)
        save_image(x*A.make().s-1, "a.png")
        """,
        {SIGNED},
    ),
    "callable from method stored": (
        """
        class A:
          def __init__(self): self.fn=self.g
          def g(self,t): return t*2-1
        save_image(A().fn(x), "a.png")
        """,
        {SIGNED},
    ),
    "dict of methods": (
        """
        class A:
          def __init__(self): self.fns={"a": self.g}
          def g(self,t): return t*2-1
        save_image(A().fns["a"](x), "a.png")
        """,
        {SIGNED},
    ),
    "getitem call len iter": (
        """
        class D:
          def __init__(self): self.l=[x*2-1]
          def __len__(self): return len(self.l)
          def __getitem__(self,i): return self.l[i]
        d=D()
        for i in range(len(d)): save_image(d[i], "a.png")
        """,
        {SIGNED},
    ),
    "operators": (
        """
        class V:
          def __init__(self,t): self.t=t
          def __mul__(self,o): return V(self.t*o)
          def __sub__(self,o): return V(self.t-o)
        save_image((V(x)*2-1).t, "a.png")
        """,
        {SIGNED},
    ),
    "dunder new slots": (
        """
        class V:
          __slots__=("t",)
          def __init__(self,t): self.t=t
        save_image(V(x*2-1).t, "a.png")
        """,
        {SIGNED},
    ),
    "attr from kwargs": (
        """
        class A:
          def __init__(self, **kw):
            for k,v in kw.items(): setattr(self,k,v)
        save_image(x*A(s=2).s-1, "a.png")
        """,
        {SIGNED},
    ),
    "self dict update": (
        """
        class A:
          def __init__(self, **kw): self.__dict__.update(kw)
        save_image(x*A(s=2).s-1, "a.png")
        """,
        {SIGNED},
    ),
    "easydict": (
        """
        class AttrDict(dict):
          def __getattr__(self, k): return self[k]
        c=AttrDict(s=2)
        save_image(x*c.s-1, "a.png")
        """,
        {SIGNED},
    ),
    "dict subclass": (
        """
        class D(dict): pass
        d=D(a=2)
        save_image(x*d["a"]-1, "a.png")
        """,
        {SIGNED},
    ),
    "namedtuple replace": (
        """
        from collections import namedtuple
        N=namedtuple("N", ["a","b"])
        n=N(a=1,b=2)._replace(a=3)
        save_image(x*n.b-1, "a.png")
        """,
        {SIGNED},
    ),
    "dataclass replace": (
        """
        from dataclasses import dataclass, replace
        @dataclass
        class C:
          s: float = 1
          b: float = 1
        c=replace(C(), s=2)
        save_image(x*c.s-c.b, "a.png")
        """,
        {SIGNED},
    ),
    "partial method of class": (
        """
        from functools import partial
        class A:
          def f(self,t,s): return t*s-1
        g=partial(A().f, s=2)
        save_image(g(x), "a.png")
        """,
        {SIGNED},
    ),
    "partial of class": (
        """
        from functools import partial
        class A:
          def __init__(self,s=1): self.s=s
        M=partial(A, s=2)
        save_image(x*M().s-1, "a.png")
        """,
        {SIGNED},
    ),
    "lambda returning lambda": (
        """
        f=lambda s: (lambda t: t*s-1)
        save_image(f(2)(x), "a.png")
        """,
        {SIGNED},
    ),
    "conditional function": (
        """
        normalize=True
        f=(lambda t: t*2-1) if normalize else (lambda t: t)
        save_image(f(x), "a.png")
        """,
        {SIGNED},
    ),
    "identity default exists": (
        """
        def exists(v): return v is not None
        def default(v, d):
          if exists(v): return v
          return d() if callable(d) else d
        save_image(default(None, lambda: x*2-1), "a.png")
        """,
        {SIGNED},
    ),
    "identity helper": (
        """
        def identity(t, *args, **kwargs): return t
        norm=identity if False else (lambda t: t*2-1)
        save_image(identity(norm(x)), "a.png")
        """,
        {SIGNED},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges
