"""Branches, loops, exceptions: the ranges a picture may have where ways meet."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, SIGNED, UNIT, UNKNOWN, at_sink

CASES = {
    "an undecided if keeps both ways apart": (
        """
        y = x
        if flag: y = x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "an undecided else keeps both ways apart": (
        """
        if flag: y = x*2-1
        else: y = x*255
        save_image(y, "a.png")
        """,
        {SIGNED, BYTES},
    ),
    "a decided if takes one way": (
        """
        n=1
        if n == 1: y = x*2-1
        else: y=x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an undecided elif keeps three ways apart": (
        """
        if a: y=x
        elif b: y=x*255
        else: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT, BYTES},
    ),
    "a loop over one thing runs once": (
        """
        y=x
        for i in range(1): y=y*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a loop over nothing does not run": (
        """
        y=x
        for i in range(0): y=y*2-1
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "continue skips one round": (
        """
        y=x
        for i in [1,2]:
          if i==2: continue
          y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a break keeps what was before it": (
        """
        y=x
        for i in things:
          if c: break
          y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "the else of a loop without break runs": (
        """
        for i in [1]:
          y=x
        else:
          y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a break ends an endless loop": (
        """
        y=x
        while True:
          y=x*2-1
          break
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a while runs once when its test fails afterwards": (
        """
        y=x
        go=True
        while go:
          y=x*2-1
          go=False
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a handler runs when the body raises": (
        """
        try:
          raise V
        except V: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "finally runs": (
        """
        y=x
        try: pass
        finally: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "the else of a try runs": (
        """
        y=x
        try: pass
        except: pass
        else: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an early return keeps both results": (
        """
        def f(t):
          if c: return t
          t=t*2-1
          return t
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a decided early return hides the rest": (
        """
        def f(t,n=1):
          if n: return t
          return t*2-1
        y=f(x)
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a decided early return that is not taken hides nothing": (
        """
        def f(t,n=1):
          if n: return t
          return t*2-1
        y=f(x,0)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a handler that returns is one of the results": (
        """
        def f():
          try: return x*2-1
          except E: return x
        y=f()
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a path that raises gives nothing": (
        """
        def f(t):
          if k: raise V
          return t*2-1
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an assertion changes nothing": (
        """
        assert k
        y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "both values of an undecided conditional expression": (
        """
        y=x*2-1 if k else x
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "or skips what is false": (
        """
        y=None or x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "and goes on to the last": (
        """
        y=1 and x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "chained comparisons are decided": (
        """
        y=x*2-1 if 0<1<2 else x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "an undecided match keeps its cases apart": (
        """
        match m:
          case "a": y=x*2-1
          case _: y=x
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a loop over a short range adds up its rounds": (
        """
        y=x
        for _ in range(3): y=y*2
        save_image(y, "a.png")
        """,
        {"[0, 8]"},
    ),
    "a loop over a short list adds up its rounds": (
        """
        y=x
        for s in [2,2,2]: y=y*s
        save_image(y, "a.png")
        """,
        {"[0, 8]"},
    ),
    "what the environment says is not decided": (
        """
        import os
        y=x*2-1 if os.environ.get("A") else x
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a counting while runs": (
        """
        y=x
        n=2
        while n>0:
          y=x*2-1
          n-=1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "a scaling for negative pictures leaves others alone": (
        """
        if x.min()<0: y=(x+1)/2
        else: y=x
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "a scaling for negative pictures is taken for those": (
        """
        z=x*2-1
        y=z
        if z.min()<0: y=(z+1)/2
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
}

# What the interpreter takes for granted or leaves out, and what would be true.
FORMERLY_WRONG = {
    "the else of a loop that breaks does not run": (
        """
        y=x
        for i in [1]:
          break
        else:
          y=x*2-1
        save_image(y, "a.png")
        """,
        {UNIT},
    ),
    "the else of a loop that may break may not run": (
        """
        y=x
        for i in things:
          if c: break
        else:
          y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a scaling in an unknown loop has no known range": (
        """
        y=x
        for _ in things: y=y*2
        save_image(y, "a.png")
        """,
        {UNKNOWN},
    ),
    "a long loop adds up all its rounds": (
        """
        y=x
        for _ in range(10): y=y*2
        save_image(y, "a.png")
        """,
        {"[0, 1024]"},
    ),
    "an unknown loop may run no round": (
        """
        y=x
        for i in things: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "an undecided while may run no round": (
        """
        y=x
        while c: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "an unknown loop that returns may run no round": (
        """
        def f(t):
          for i in things:
            return t*2-1
          return t
        y=f(x)
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a body that may raise may be left by its handler": (
        """
        try: y=x*2-1
        except: y=x
        save_image(y, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "a return in finally wins": (
        """
        def f():
          try: return x
          finally: return x*2-1
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
