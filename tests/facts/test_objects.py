"""Classes and their objects: attributes, methods, inheritance, enumerations, named tuples."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import SIGNED, at_sink

CASES = {
    "a dataclass takes its fields by position": (
        """
        from dataclasses import dataclass
        @dataclass
        class C:
          s: float = 1
          b: float = -1
        c1=C(2)
        y=x*c1.s+c1.b
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a dataclass takes its fields by name": (
        """
        from dataclasses import dataclass
        @dataclass
        class C:
          s: float = 1
          b: float = 0
        c1=C(s=2,b=-1)
        y=x*c1.s+c1.b
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a property is called": (
        """
        class A:
          @property
          def p(self): return x*2-1
        y=A().p
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a setter does not stand for its property": (
        """
        class A:
          def __init__(self): self._s=1
          @property
          def s(self): return self._s
          @s.setter
          def s(self,v): self._s=v
        a=A()
        a.s=2
        y=x*a.s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a method is inherited": (
        """
        class A:
          def f(self,t): return t*2-1
        class D(A): pass
        y=D().f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a class attribute is overridden": (
        """
        class A:
          s=1
          def f(self,t): return t*self.s-1
        class D(A):
          s=2
        y=D().f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "super calls the method of the base": (
        """
        class A:
          def f(self,t): return t*2
        class D(A):
          def f(self,t): return super().f(t)-1
        y=D().f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a constructor of the base sets attributes": (
        """
        class A:
          def __init__(self,s): self.s=s
        class D(A):
          def __init__(self): super().__init__(2)
        y=x*D().s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a class method sees its class": (
        """
        class A:
          s=2
          @classmethod
          def f(cls,t): return t*cls.s-1
        y=A.f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an inherited class method sees the subclass": (
        """
        class A:
          s=1
          @classmethod
          def f(cls,t): return t*cls.s-1
        class D(A):
          s=2
        y=D.f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a class method of an object sees its class": (
        """
        class A:
          s=2
          @classmethod
          def f(cls,t): return t*cls.s-1
        y=A().f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a static method has no self": (
        """
        class A:
          @staticmethod
          def f(t): return t*2-1
        y=A.f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a static method of an object has no self": (
        """
        class A:
          @staticmethod
          def f(t): return t*2-1
        y=A().f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a method of a class takes its object": (
        """
        class A:
          def f(self,t): return t*2-1
        y=A.f(A(),x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an object is called": (
        """
        class A:
          def __call__(self,t): return t*2-1
        y=A()(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "members of an Enum are keys": (
        """
        import enum
        class M(enum.Enum):
          A=1
          B=2
        t={M.A:x, M.B:x*2-1}
        y=t[M.B]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "members of an Enum are themselves": (
        """
        import enum
        class M(enum.Enum):
          A=1
          B=2
        m=M.B
        y=x*2-1 if m is M.B else x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a named tuple has names": (
        """
        from collections import namedtuple
        N=namedtuple("N","a b")
        n=N(x,x*2-1)
        y=n.b
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a named tuple has positions": (
        """
        from collections import namedtuple
        N=namedtuple("N","a b")
        y=N(x,x*2-1)[1]
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "two objects have their own attributes": (
        """
        class A:
          def __init__(self,s): self.s=s
        a=A(1)
        b=A(2)
        y=x*b.s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "getattr finds a method": (
        """
        class A:
          def f(self,t): return t*2-1
        y=getattr(A(),"f")(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "setattr sets": (
        """
        class A: pass
        a=A()
        setattr(a,"t",x*2-1)
        y=a.t
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a class attribute is changed from outside": (
        """
        class C: s=1
        C.s=2
        y=x*C.s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an attribute of a dataclass is changed": (
        """
        from dataclasses import dataclass
        @dataclass
        class C:
          s: float = 1
        c1=C()
        c1.s=2
        y=x*c1.s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}

# What the interpreter takes for granted or leaves out, and what would be true.
FORMERLY_WRONG = {
    "fields of the base come first": (
        """
        from dataclasses import dataclass
        @dataclass
        class A:
          s: float = 1
        @dataclass
        class C(A):
          b: float = 0
        c1=C(2,-1)
        y=x*c1.s+c1.b
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "__post_init__ runs": (
        """
        from dataclasses import dataclass
        @dataclass
        class C:
          s: float = 1
          def __post_init__(self): self.s=self.s*2
        y=x*C().s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a method after an attribute has changed gives something else": (
        """
        class A:
          def __init__(self): self.s=1
          def f(self): return x*self.s-1
        a=A()
        a.f()
        a.s=2
        y=a.f()
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "the method resolution order is C3": (
        """
        class A:
          s=1
        class L(A): pass
        class R(A):
          s=2
        class D(L,R): pass
        y=x*D.s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a named tuple unpacks in the order of its fields": (
        """
        from collections import namedtuple
        N=namedtuple("N","a b")
        a,y=N(b=x*2-1,a=x)
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
