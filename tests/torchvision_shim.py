"""Makes torchvision importable beside a torch that its compiled operators were not built for.

Its Python half works alone; only the registration of shapes for the missing operators fails on import."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def install() -> None:
    """Let ``import torchvision`` succeed whether or not its operators could be loaded."""
    try:
        torch = importlib.import_module("torch")
        library = importlib.import_module("torch.library")
    except ImportError:
        return
    if hasattr(torch.ops.torchvision, "nms"):
        return
    register = library.register_fake

    def tolerant(op: Any, *args: Any, **kwargs: Any) -> Any:
        return _nothing if str(op).startswith("torchvision::") else register(op, *args, **kwargs)

    library.register_fake = tolerant  # type: ignore[attr-defined]
    try:
        importlib.import_module("torchvision")
    except ImportError:
        return
    finally:
        library.register_fake = register  # type: ignore[attr-defined]


def _nothing(function: Callable[..., Any]) -> Callable[..., Any]:
    return function
