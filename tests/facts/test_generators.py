"""Generators and contexts: what they yield, and where the body of a with runs."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import SIGNED, UNIT, UNKNOWN, at_sink

CASES = {
    "rb2": (
        """
        class A(torch.nn.Module):
          def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor(2.0).to(torch.float32))
        save_image(x*A().scale-1, "a.png")
        """,
        {SIGNED},
    ),
    "rb3": (
        """
        def register(name, val): return val.to(torch.float32)
        save_image(x*register("scale", torch.tensor(2.0))-1, "a.png")
        """,
        {SIGNED},
    ),
    "generator sampler": (
        """
        class D:
          def loop(self, n):
            img = torch.randn(3)
            for i in range(n):
              img = x*2-1
              yield {"sample": img}
          def sample(self, n):
            final = None
            for sample in self.loop(n): final = sample
            return final["sample"]
        save_image(D().sample(9)*0.5+0.5, "a.png")
        """,
        {UNIT},
    ),
    "generator with two yields": (
        """
        def g():
          yield x
          yield x*2-1
        it = g()
        next(it)
        save_image(next(it), "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "generator expression": (
        """
        save_image(next(t*2-1 for t in [x]), "a.png")
        """,
        {SIGNED},
    ),
    "yield from list": (
        """
        def g():
          yield from [x*2-1]
        save_image(list(g())[0], "a.png")
        """,
        {SIGNED},
    ),
    "generator unpack": (
        """
        def g():
          for t in [x, x*2-1]: yield t
        a, b = g()
        save_image(b, "a.png")
        """,
        {SIGNED, UNIT},
    ),
    "infinite loader": (
        """
        from torchvision import datasets, transforms
        def cycle(dl):
          while True:
            for d in dl: yield d
        signed = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5,0.5)])
        dl = torch.utils.data.DataLoader(datasets.ImageFolder("d", transform=signed))
        it = cycle(dl)
        img, _ = next(it)
        save_image(img, "a.png")
        """,
        {SIGNED},
    ),
    "context manager function": (
        """
        from contextlib import contextmanager
        class E:
          @contextmanager
          def scope(self, c=None):
            print(1)
            try: yield None
            finally: print(2)
        e=E()
        with e.scope("a"):
          y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "context manager gives": (
        """
        from contextlib import contextmanager
        @contextmanager
        def c(t):
          yield t*2-1
        with c(x) as y: pass
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "context manager class": (
        """
        class C:
          def __init__(self,t): self.t=t
          def __enter__(self): return self.t*2-1
          def __exit__(self,*a): pass
        with C(x) as y: save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "nullcontext": (
        """
        from contextlib import nullcontext
        with nullcontext(x*2-1) as y: save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "conditional context": (
        """
        from contextlib import nullcontext
        import os
        ctx = torch.no_grad() if os.environ.get("a") else nullcontext()
        with ctx: y=x*2-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "exit stack": (
        """
        from contextlib import ExitStack
        class C:
          def __init__(self,t): self.t=t
          def __enter__(self): return self.t*2-1
          def __exit__(self,*a): pass
        with ExitStack() as s:
          y=s.enter_context(C(x))
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
    "with sets state": (
        """
        class C:
          def __init__(self,o): self.o=o
          def __enter__(self):
            self.o.s=2
            return self
          def __exit__(self,*a): self.o.s=1
        class O: pass
        o=O()
        o.s=1
        with C(o):
          y=x*o.s-1
        save_image(y, "a.png")
        """,
        {SIGNED},
    ),
}


@pytest.mark.parametrize(("text", "ranges"), CASES.values(), ids=CASES)
def test_the_ranges_at_the_sink_are_true(text: str, ranges: set[str]) -> None:
    assert at_sink(text) == ranges


def test_a_context_that_enters_itself_is_followed_so_far_and_no_further() -> None:
    text = """
    from contextlib import contextmanager
    @contextmanager
    def opened(names):
      if not len(names):
        yield x
        return
      with opened(names[1:]) as inner:
        yield inner
    with opened(unknown()) as y:
      save_image(y * 2 - 1, "a.png")
    """
    assert at_sink(text) <= {SIGNED, UNKNOWN}
