"""What changes when: attributes, lists and globals that calls, branches and loops change."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, SIGNED, UNIT, UNKNOWN, at_sink

CASES = {
    "attribute set in branch keeps both": (
        """
        class A:
          def __init__(self): self.t=x
        a=A()
        if flag: a.t=x*2-1
        save_image(a.t, "a.png")
        """,
        {UNIT, SIGNED},
    ),
    "attribute set in unknown loop keeps both": (
        """
        class A:
          def __init__(self): self.t=x
        a=A()
        for i in things: a.t=x*2-1
        save_image(a.t, "a.png")
        """,
        {UNIT, SIGNED},
    ),
    "two objects of one place": (
        """
        class A:
          def __init__(self): self.s=1
        def make(): return A()
        a=make()
        b=make()
        b.s=2
        save_image(x*b.s-1, "a.png")
        """,
        {"[-1, 0]", SIGNED},
    ),
    "two objects of one place, the other": (
        """
        class A:
          def __init__(self): self.s=1
        def make(): return A()
        a=make()
        b=make()
        b.s=2
        save_image(x*a.s-1, "a.png")
        """,
        {"[-1, 0]", SIGNED},
    ),
    "a method with an effect called twice": (
        """
        class A:
          def __init__(self): self.t=x
          def up(self): self.t=self.t*2
        a=A()
        a.up()
        a.up()
        save_image(a.t, "a.png")
        """,
        {"[0, 4]"},
    ),
    "a list appended in a function twice": (
        """
        l=[]
        def add(t): l.append(t)
        add(x)
        add(x*2-1)
        save_image(l[1], "a.png")
        """,
        {SIGNED},
    ),
    "a list passed and appended": (
        """
        def add(l, t): l.append(t)
        l=[]
        add(l, x)
        add(l, x*2-1)
        save_image(l[1], "a.png")
        """,
        {SIGNED},
    ),
    "equal lists stay apart": (
        """
        a=[x]
        b=[x]
        a.append(x*2-1)
        save_image(b[-1], "a.png")
        """,
        {UNIT},
    ),
    "global counter in function": (
        """
        n=0
        def f(t):
          global n
          n+=1
          return t*2-1 if n>1 else t
        f(x)
        save_image(f(x), "a.png")
        """,
        {SIGNED},
    ),
    "closure over loop in list": (
        """
        fs=[lambda t, s=s: t*s-1 for s in (2,)]
        save_image(fs[0](x), "a.png")
        """,
        {SIGNED},
    ),
    "class attribute list shared": (
        """
        class A:
          items=[]
          def add(self,t): self.items.append(t)
        a=A()
        a.add(x*2-1)
        save_image(a.items[0], "a.png")
        """,
        {SIGNED},
    ),
    "while with counter": (
        """
        y=x
        i=0
        while i<3:
          y=y*2
          i+=1
        save_image(y, "a.png")
        """,
        {"[0, 8]"},
    ),
    "while unknown": (
        """
        y=x
        while cond(): y=y*2
        save_image(y, "a.png")
        """,
        {UNKNOWN},
    ),
    "swap in a loop": (
        """
        a, b = x, x*2-1
        for i in things: a, b = b, a
        save_image(a, "a.png")
        """,
        {UNIT, SIGNED},
    ),
    "chain in a loop": (
        """
        a=b=x
        for i in things:
          b=a
          a=x*2-1 if i else x*255
        save_image(a, "a.png")
        """,
        {UNIT, SIGNED, BYTES},
    ),
    "nested loops": (
        """
        y=x
        for i in things:
          for j in others: y=x*2-1
        save_image(y, "a.png")
        """,
        {UNIT, SIGNED},
    ),
    "try with a return and finally": (
        """
        def f():
          try: return x*2-1
          finally: print(1)
        save_image(f(), "a.png")
        """,
        {SIGNED},
    ),
    "try in a loop continue": (
        """
        for p in [1]:
          try: y=x*2-1
          except Exception: continue
          save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "except keeps earlier state": (
        """
        y=x
        try:
          y=x*2-1
          g()
        except Exception: pass
        save_image(y, "a.png")
        """,
        {UNIT, SIGNED},
    ),
    "raise in helper": (
        """
        def fail(): raise ValueError
        def f(t, mode):
          if mode == "a": return t*2-1
          raise NotImplementedError(mode)
        save_image(f(x, "a"), "a.png")
        """,
        {SIGNED},
    ),
    "assert never": (
        """
        def f(t, mode):
          if mode == "a": t=t*2-1
          else: assert False
          return t
        save_image(f(x, m), "a.png")
        """,
        {SIGNED},
    ),
    "a counter that a far bound stops": (
        """
        class T:
          def __init__(self): self.step=0
          def train(self):
            while self.step < 1000:
              self.step += 1
              if self.step % 100 == 0: save_image(x*2-1, "a.png")
        T().train()
        """,
        {SIGNED},
    ),
    "channels that are changed in place one by one": (
        """
        y=x*2-1
        for c in range(3): y[:, c].mul_(scales[c] * 0.5).add_(0.5)
        save_image(y, "a.png")
        """,
        {UNKNOWN},
    ),
    "channels of a batch that are changed in place": (
        """
        y=torch.cat([x*2-1, x*2-1])
        for c in range(3): y[:, c].mul_(0.5).add_(0.5)
        save_image(y, "a.png")
        """,
        {UNKNOWN},
    ),
    "a batch that is changed in place": (
        """
        y=torch.cat([x, x])
        y.mul_(2).sub_(1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "all rows that are changed in place": (
        """
        y=x
        y[:].mul_(2).sub_(1)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "sys exit": (
        """
        import sys
        y=x
        if bad:
          y=x*255
          sys.exit(1)
        y=y*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges


LEFT_EARLY = """
class Holder:
    pass

holder = Holder()
holder.x = x
"""


@pytest.mark.parametrize(
    "way", ["if UNKNOWN:\n        return", "for _ in UNKNOWN:\n        if UNKNOWN:\n            return"]
)
def test_what_a_function_changes_after_it_may_have_returned_may_be_as_it_was(way: str) -> None:
    text = LEFT_EARLY + f"def change():\n    {way}\n    holder.x = x * 2 - 1\nchange()\nsave_image(holder.x, 'a.png')\n"
    assert at_sink(text) == {SIGNED, UNIT}


def test_what_a_round_changes_after_it_may_have_ended_may_be_as_it_was() -> None:
    text = "for _ in (1, 2):\n    if UNKNOWN:\n        break\n    holder.x = x * 2 - 1\nsave_image(holder.x, 'a.png')\n"
    assert at_sink(LEFT_EARLY + text) == {SIGNED, UNIT}


def test_what_is_changed_after_a_check_that_raises_is_changed() -> None:
    text = "def change():\n    if UNKNOWN:\n        raise ValueError\n    holder.x = x * 2 - 1\n"
    assert at_sink(LEFT_EARLY + text + "change()\nsave_image(holder.x, 'a.png')\n") == {SIGNED}
