"""Names in strings and registries: classes and functions that code looks up by name."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.facts.interpreting import SIGNED, at_sink

SHOW = 'save_image(f(x), "a.png")'
DEFINES = "def f(t): return t * 2 - 1\nclass F:\n  def __call__(self, t): return t * 2 - 1"

LOOKED_UP = {
    "import_module": 'import importlib\nf = importlib.import_module("pack.other").f',
    "import_module by name": 'from importlib import import_module\nf = import_module("pack.other").f',
    "import_module and getattr": 'import importlib\nf = getattr(importlib.import_module("pack.other"), "f")',
    "a string that is taken apart": """
        import importlib
        def get_obj_from_str(string, reload=False):
          module, cls = string.rsplit(".", 1)
          if reload: importlib.reload(importlib.import_module(module))
          return getattr(importlib.import_module(module, package=None), cls)
        f = get_obj_from_str("pack.other.f")
        """,
    "a class made from a configuration": """
        import importlib
        def get_obj_from_str(string):
          module, cls = string.rsplit(".", 1)
          return getattr(importlib.import_module(module), cls)
        def instantiate_from_config(config):
          if not "target" in config: raise KeyError
          return get_obj_from_str(config["target"])(**config.get("params", dict()))
        f = instantiate_from_config({"target": "pack.other.F"})
        """,
    "locate": 'from pydoc import locate\nf = locate("pack.other.f")',
    "globals": 'from pack.other import f as g\nf = globals()["g"]',
    "eval": 'import pack.other\nf = eval("pack.other.f")',
    "eval of a text in pieces": 'import pack.other\nname = "f"\nf = eval(f"pack.other.{name}")',
    "the dict of a module": 'import pack.other as o\nf = o.__dict__["f"]',
    "vars": 'import pack.other as o\nf = vars(o)["f"]',
    "getattr of a module": 'import pack.other as o\nname = "f"\nf = getattr(o, name)',
    "the module itself": 'import sys\ndef g(t): return t * 2 - 1\nf = getattr(sys.modules[__name__], "g")',
}


@pytest.mark.parametrize("lines", LOOKED_UP.values(), ids=LOOKED_UP)
def test_a_name_in_a_string_is_followed(lines: str, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("", "utf-8")
    assert at_sink(f"{dedent(lines)}\n{SHOW}", tmp_path, pack__other=DEFINES) == {SIGNED}


REGISTRIES = {
    "a dict of classes": 'MODELS = {"a": F, "b": None}\nf = MODELS["a"]()',
    "a dict of functions with get": 'FNS = {"a": g}\nf = FNS.get("a", None)',
    "a decorator that fills a dict": """
        _MODELS = {}
        def register_model(cls=None, *, name=None):
          def _register(cls):
            local = cls.__name__ if name is None else name
            if local in _MODELS: raise ValueError(local)
            _MODELS[local] = cls
            return cls
          if cls is None: return _register
          return _register(cls)
        def get_model(name): return _MODELS[name]
        @register_model(name="other")
        class Other: pass
        @register_model(name="a")
        class Mine(F): pass
        @register_model
        class Third: pass
        f = get_model("a")()
        """,
    "a decorator without arguments": """
        KNOWN = {}
        def register(fn):
          KNOWN[fn.__name__] = fn
          return fn
        @register
        def first(t): return t
        @register
        def second(t): return t * 2 - 1
        f = KNOWN["second"]
        """,
    "an object that registers": """
        class Registry:
          def __init__(self, name):
            self._name = name
            self._obj_map = {}
          def _do_register(self, name, obj):
            assert name not in self._obj_map
            self._obj_map[name] = obj
          def register(self, obj=None):
            if obj is None:
              def deco(func_or_class):
                self._do_register(func_or_class.__name__, func_or_class)
                return func_or_class
              return deco
            self._do_register(obj.__name__, obj)
          def get(self, name):
            ret = self._obj_map.get(name)
            if ret is None: raise KeyError(name)
            return ret
        ARCHS = Registry("arch")
        @ARCHS.register()
        class One: pass
        @ARCHS.register()
        class Two: pass
        @ARCHS.register()
        class Three: pass
        @ARCHS.register()
        class Four: pass
        @ARCHS.register()
        class Mine(F): pass
        f = ARCHS.get("Mine")()
        """,
}


@pytest.mark.parametrize("lines", REGISTRIES.values(), ids=REGISTRIES)
def test_a_registry_gives_what_was_registered(lines: str) -> None:
    given = "class F:\n  def __call__(self, t): return t * 2 - 1\ndef g(t): return t * 2 - 1"
    assert at_sink(f"{given}\n{dedent(lines)}\n{SHOW}") == {SIGNED}
