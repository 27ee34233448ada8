"""Inheritance, properties, decorators, containers of modules, as research code writes them."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import SIGNED, at_sink

CASES = {
    "bases with type arguments": (
        """
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class A(Generic[T]):
          def f(self,t): return t*2-1
        class B(A[int]): pass
        save_image(B().f(x), "a.png")
        """,
        {SIGNED},
    ),
    "super with arguments": (
        """
        class A:
          def __init__(self, s): self.s=s
        class B(A):
          def __init__(self): super(B, self).__init__(2)
        save_image(x*B().s-1, "a.png")
        """,
        {SIGNED},
    ),
    "cooperative super chain": (
        """
        class A:
          def f(self,t): return t
        class L(A):
          def f(self,t): return super().f(t)*2
        class R(A):
          def f(self,t): return super().f(t)-0.5
        class D(L,R): pass
        save_image(D().f(x), "a.png")
        """,
        {SIGNED},
    ),
    "super of classmethod": (
        """
        class A:
          @classmethod
          def make(cls, s): return s*2
        class B(A):
          @classmethod
          def make(cls, s): return super().make(s)-1
        save_image(B.make(x), "a.png")
        """,
        {SIGNED},
    ),
    "property setter": (
        """
        class A:
          def __init__(self): self._s=1
          @property
          def s(self): return self._s
          @s.setter
          def s(self, v): self._s = v*2
        a=A()
        a.s=1
        save_image(x*a.s-1, "a.png")
        """,
        {SIGNED},
    ),
    "cached property": (
        """
        from functools import cached_property
        class A:
          @cached_property
          def s(self): return 2
        save_image(x*A().s-1, "a.png")
        """,
        {SIGNED},
    ),
    "getattr delegation": (
        """
        class In:
          def f(self,t): return t*2-1
        class W:
          def __init__(self, m): self.m=m
          def __getattr__(self, name): return getattr(self.m, name)
        save_image(W(In()).f(x), "a.png")
        """,
        {SIGNED},
    ),
    "module getattr with super fallback": (
        """
        class In(torch.nn.Module):
          def scale(self,t): return t*2-1
        class W(torch.nn.Module):
          def __init__(self, m):
            super().__init__()
            self.m=m
          def __getattr__(self, name):
            try: return super().__getattr__(name)
            except AttributeError: return getattr(self.m, name)
        save_image(W(In()).scale(x), "a.png")
        """,
        {SIGNED},
    ),
    "setattr override": (
        """
        class A:
          def __setattr__(self, n, v): object.__setattr__(self, n, v)
        a=A()
        a.s=2
        save_image(x*a.s-1, "a.png")
        """,
        {SIGNED},
    ),
    "register buffer": (
        """
        class A(torch.nn.Module):
          def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor(2.0))
            self.register_buffer("shift", torch.tensor(1.0))
          def norm(self,t): return t*self.scale-self.shift
        save_image(A().norm(x), "a.png")
        """,
        {SIGNED},
    ),
    "register buffer helper": (
        """
        from functools import partial
        class A(torch.nn.Module):
          def __init__(self):
            super().__init__()
            to_torch = partial(torch.tensor, dtype=torch.float32)
            self.register_buffer("scale", to_torch(2.0))
          def norm(self,t): return t*self.scale-1
        save_image(A().norm(x), "a.png")
        """,
        {SIGNED},
    ),
    "register buffer lambda": (
        """
        class A(torch.nn.Module):
          def __init__(self):
            super().__init__()
            register = lambda name, val: self.register_buffer(name, val.to(torch.float32))
            register("scale", torch.tensor(2.0))
          def norm(self,t): return t*self.scale-1
        save_image(A().norm(x), "a.png")
        """,
        {SIGNED},
    ),
    "sequential": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        class I(torch.nn.Module):
          def forward(self,t): return t
        save_image(torch.nn.Sequential(I(),M())(x), "a.png")
        """,
        {SIGNED},
    ),
    "sequential of list": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        layers=[M()]
        layers += [torch.nn.Identity()]
        save_image(torch.nn.Sequential(*layers)(x), "a.png")
        """,
        {SIGNED},
    ),
    "sequential ordered dict": (
        """
        from collections import OrderedDict
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        save_image(torch.nn.Sequential(OrderedDict([("a", M()), ("b", torch.nn.Identity())]))(x), "a.png")
        """,
        {SIGNED},
    ),
    "sequential index": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        s=torch.nn.Sequential(torch.nn.Identity(), M())
        save_image(s[1](x), "a.png")
        """,
        {SIGNED},
    ),
    "sequential negative index and slice": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        s=torch.nn.Sequential(torch.nn.Identity(), M(), torch.nn.Identity())
        save_image(s[:2](x), "a.png")
        """,
        {SIGNED},
    ),
    "sequential add_module": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        s=torch.nn.Sequential()
        s.add_module("a", M())
        save_image(s(x), "a.png")
        """,
        {SIGNED},
    ),
    "module list loop": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        class N(torch.nn.Module):
          def __init__(self):
            super().__init__()
            self.ms=torch.nn.ModuleList([torch.nn.Identity() for _ in range(2)])
            self.ms.append(M())
          def forward(self,t):
            for m in self.ms: t=m(t)
            return t
        save_image(N()(x), "a.png")
        """,
        {SIGNED},
    ),
    "module list enumerate zip": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        class N(torch.nn.Module):
          def __init__(self):
            super().__init__()
            self.a=torch.nn.ModuleList([torch.nn.Identity()])
            self.b=torch.nn.ModuleList([M()])
          def forward(self,t):
            for i,(p,q) in enumerate(zip(self.a,self.b)): t=q(p(t))
            return t
        save_image(N()(x), "a.png")
        """,
        {SIGNED},
    ),
    "module dict": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        class N(torch.nn.Module):
          def __init__(self):
            super().__init__()
            self.d=torch.nn.ModuleDict({"a": M()})
            self.d["b"]=torch.nn.Identity()
          def forward(self,t):
            for k in self.d: t=self.d[k](t)
            return t
        save_image(N()(x), "a.png")
        """,
        {SIGNED},
    ),
    "module dict update and values": (
        """
        class M(torch.nn.Module):
          def forward(self,t): return t*2-1
        class N(torch.nn.Module):
          def __init__(self):
            super().__init__()
            self.d=torch.nn.ModuleDict()
            self.d.update({"a": M()})
          def forward(self,t):
            for m in self.d.values(): t=m(t)
            return t
        save_image(N()(x), "a.png")
        """,
        {SIGNED},
    ),
    "nonlocal counter": (
        """
        def outer():
          t=x
          def step():
            nonlocal t
            t=t*2-1
          step()
          return t
        save_image(outer(), "a.png")
        """,
        {SIGNED},
    ),
    "decorator factory": (
        """
        import functools
        def scaled(s):
          def deco(f):
            @functools.wraps(f)
            def inner(*args, **kwargs): return f(*args, **kwargs)*s-1
            return inner
          return deco
        @scaled(2)
        def f(t): return t
        save_image(f(x), "a.png")
        """,
        {SIGNED},
    ),
    "decorator on method": (
        """
        def deco(f):
          def inner(self, *args, **kwargs): return f(self, *args, **kwargs)*2-1
          return inner
        class A:
          @deco
          def f(self,t): return t
        save_image(A().f(x), "a.png")
        """,
        {SIGNED},
    ),
    "decorator class": (
        """
        class deco:
          def __init__(self,f): self.f=f
          def __call__(self,*a): return self.f(*a)*2-1
        @deco
        def f(t): return t
        save_image(f(x), "a.png")
        """,
        {SIGNED},
    ),
    "library decorators": (
        """
        from functools import lru_cache
        @torch.no_grad()
        @torch.jit.script
        @lru_cache(maxsize=None)
        def f(t): return t*2-1
        save_image(f(x), "a.png")
        """,
        {SIGNED},
    ),
    "torch compile": (
        """
        def f(t): return t*2-1
        f=torch.compile(f)
        save_image(f(x), "a.png")
        """,
        {SIGNED},
    ),
    "eval decorator": (
        """
        def eval_decorator(fn):
          def inner(model, *args, **kwargs):
            was_training = model.training
            model.eval()
            out = fn(model, *args, **kwargs)
            model.train(was_training)
            return out
          return inner
        class A(torch.nn.Module):
          @torch.no_grad()
          @eval_decorator
          def f(self,t): return t*2-1
        save_image(A().f(x), "a.png")
        """,
        {SIGNED},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges
