"""Dicts, outputs, iterators and the rest of Python that carries tensors."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import SIGNED, UNKNOWN, at_sink

CASES = {
    "dict carried": (
        """
        out={"a": x*2-1}
        out["b"]=1
        save_image(out["a"], "a.png")
        """,
        {SIGNED},
    ),
    "dict get pop items": (
        """
        out={"a": x*2-1}
        y=out.pop("a")
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "dict items loop": (
        """
        for k,v in {"a": x*2-1}.items(): save_image(v, "a.png")
        """,
        {SIGNED},
    ),
    "dict comprehension": (
        """
        d={k: v*2-1 for k,v in {"a": x}.items()}
        save_image(d["a"], "a.png")
        """,
        {SIGNED},
    ),
    "dict merge": (
        """
        d={**{"a": x}, **{"a": x*2-1}}
        save_image(d["a"], "a.png")
        """,
        {SIGNED},
    ),
    "dict or": (
        """
        d={"a": x} | {"a": x*2-1}
        save_image(d["a"], "a.png")
        """,
        {SIGNED},
    ),
    "dataclass output": (
        """
        from dataclasses import dataclass
        @dataclass
        class Out:
          sample: torch.Tensor
          other: object = None
        def f(t): return Out(sample=t*2-1)
        save_image(f(x).sample, "a.png")
        """,
        {SIGNED},
    ),
    "dataclass field default": (
        """
        from dataclasses import dataclass, field
        @dataclass
        class Cfg:
          scale: float = field(default=2)
          shift: list = field(default_factory=lambda: [1])
        c=Cfg()
        save_image(x*c.scale-c.shift[0], "a.png")
        """,
        {SIGNED},
    ),
    "base output": (
        """
        from dataclasses import dataclass
        from diffusers.utils import BaseOutput
        @dataclass
        class Out(BaseOutput):
          sample: torch.Tensor
        o=Out(sample=x*2-1)
        save_image(o[0], "a.png")
        """,
        {SIGNED},
    ),
    "base output key": (
        """
        from dataclasses import dataclass
        from diffusers.utils import BaseOutput
        @dataclass
        class Out(BaseOutput):
          sample: torch.Tensor
        o=Out(sample=x*2-1)
        save_image(o["sample"], "a.png")
        """,
        {SIGNED},
    ),
    "NamedTuple": (
        """
        from typing import NamedTuple
        class N(NamedTuple):
          a: torch.Tensor
          b: torch.Tensor
        n=N(x, x*2-1)
        _, y = n
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "NamedTuple index": (
        """
        from typing import NamedTuple
        class N(NamedTuple):
          a: torch.Tensor
          b: torch.Tensor
        save_image(N(b=x*2-1, a=x)[1], "a.png")
        """,
        {SIGNED},
    ),
    "TypedDict": (
        """
        from typing import TypedDict
        class N(TypedDict):
          a: torch.Tensor
        n=N(a=x*2-1)
        save_image(n["a"], "a.png")
        """,
        {SIGNED},
    ),
    "typed dict literal": (
        """
        from typing import TypedDict
        class N(TypedDict):
          a: torch.Tensor
        n: N = {"a": x*2-1}
        save_image(n["a"], "a.png")
        """,
        {SIGNED},
    ),
    "starred": (
        """
        first, *rest = [x, x, x*2-1]
        save_image(rest[-1], "a.png")
        """,
        {SIGNED},
    ),
    "nested unpack": (
        """
        (a, (b, c)) = (1, (2, x*2-1))
        save_image(c, "a.png")
        """,
        {SIGNED},
    ),
    "walrus": (
        """
        if (y := x*2-1) is not None: save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "match const": (
        """
        mode="signed"
        match mode:
          case "signed": y=x*2-1
          case _: y=x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "zip star": (
        """
        pairs=[(x, x*2-1)]
        a, b = zip(*pairs)
        save_image(b[0], "a.png")
        """,
        {SIGNED},
    ),
    "map lambda": (
        """
        save_image(list(map(lambda t: t*2-1, [x]))[0], "a.png")
        """,
        {SIGNED},
    ),
    "filter": (
        """
        save_image(list(filter(lambda t: t is not None, [None, x*2-1]))[0], "a.png")
        """,
        {SIGNED},
    ),
    "filter none": (
        """
        save_image(list(filter(None.__ne__, [None, x*2-1]))[0], "a.png")
        """,
        {SIGNED},
    ),
    "reversed enumerate": (
        """
        for i, t in enumerate(reversed([x*2-1])): save_image(t, "a.png")
        """,
        {SIGNED},
    ),
    "sorted key": (
        """
        save_image(sorted([x*2-1], key=lambda t: 1)[0], "a.png")
        """,
        {SIGNED},
    ),
    "tqdm": (
        """
        from tqdm import tqdm
        for t in tqdm([x*2-1]): save_image(t, "a.png")
        """,
        {SIGNED},
    ),
    "tqdm enumerate": (
        """
        from tqdm.auto import tqdm
        for i, t in tqdm(enumerate([x*2-1]), total=1): save_image(t, "a.png")
        """,
        {SIGNED},
    ),
    "tqdm with": (
        """
        from tqdm import tqdm
        with tqdm([x*2-1]) as p:
          for t in p:
            p.set_postfix(a=1)
            save_image(t, "a.png")
        """,
        {SIGNED},
    ),
    "itertools chain": (
        """
        import itertools
        for t in itertools.chain([x*2-1], [x*2-1]): save_image(t, "a.png")
        """,
        {SIGNED},
    ),
    "itertools product": (
        """
        import itertools
        for s, b in itertools.product([2], [1]): save_image(x*s-b, "a.png")
        """,
        {SIGNED},
    ),
    "itertools repeat islice": (
        """
        import itertools
        for t in itertools.islice(itertools.repeat(x*2-1), 3): save_image(t, "a.png")
        """,
        {SIGNED},
    ),
    "itertools cycle next": (
        """
        import itertools
        it=itertools.cycle([x*2-1])
        save_image(next(it), "a.png")
        """,
        {SIGNED},
    ),
    "functools reduce": (
        """
        import functools
        save_image(functools.reduce(lambda t, f: f(t), [lambda t: t*2, lambda t: t-1], x), "a.png")
        """,
        {SIGNED},
    ),
    "compose functions": (
        """
        def compose(*fs):
          def inner(t):
            for f in fs: t=f(t)
            return t
          return inner
        save_image(compose(lambda t: t*2, lambda t: t-1)(x), "a.png")
        """,
        {SIGNED},
    ),
    "default mutable": (
        """
        def f(t, acc=[]):
          acc.append(t)
          return acc[-1]
        f(x)
        save_image(f(x*2-1), "a.png")
        """,
        {SIGNED},
    ),
    "del": (
        """
        y=x
        del y
        y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "del item": (
        """
        d={"a": x, "b": x*2-1}
        del d["a"]
        save_image(d["b"], "a.png")
        """,
        {SIGNED},
    ),
    "async": (
        """
        import asyncio
        async def f(t): return t*2-1
        async def main():
          y = await f(x)
          save_image(y, "a.png")
        asyncio.run(main())
        """,
        {SIGNED},
    ),
    "async for": (
        """
        async def g():
          yield x*2-1
        async def main():
          async for y in g(): save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "while else": (
        """
        n=0
        while n<2:
          n+=1
        else:
          y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "string formatting": (
        """
        name="%s_%d" % ("a", 1)
        d={"a_1": x*2-1}
        save_image(d[name], "a.png")
        """,
        {SIGNED},
    ),
    "string join": (
        """
        d={"a.b": x*2-1}
        save_image(d[".".join(["a","b"])], "a.png")
        """,
        {SIGNED},
    ),
    "chained comparison": (
        """
        n=5
        y = x*2-1 if 0 < n <= 5 else x
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "star args forward": (
        """
        def f(*args, **kwargs): return g(*args, **kwargs)
        def g(t, s=1, *, b=0): return t*s-b
        save_image(f(x, 2, b=1), "a.png")
        """,
        {SIGNED},
    ),
    "class in class": (
        """
        class A:
          class B:
            s=2
        save_image(x*A.B.s-1, "a.png")
        """,
        {SIGNED},
    ),
    "recursion bounded": (
        """
        def f(t, n):
          if n == 0: return t
          return f(t*0.5, n-1)
        save_image(f(x, 100), "a.png")
        """,
        {UNKNOWN},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges
