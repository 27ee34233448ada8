"""Work shared among processes; the results come in the order of the items, whoever made them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from difflint.errors import DifflintError

ENOUGH = 8  # items for a process of their own
Item = TypeVar("Item")
Result = TypeVar("Result")


def each(items: Sequence[Item], make: Callable[[], Callable[[Item], Result]], jobs: int) -> Iterator[Result]:
    """``make()`` applied to every item, by this process or by several; each process makes its own.

    Raises DifflintError when a process dies."""
    jobs = min(jobs, len(items) // ENOUGH)
    if jobs < 2:
        yield from map(make(), items)
        return
    size = -(-len(items) // (4 * jobs))
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    try:
        with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(make,)) as pool:
            for found in pool.map(_work, parts):
                yield from found
    except BrokenProcessPool as error:
        raise DifflintError(
            "a process that analysed files has died, perhaps for want of memory; try --jobs 1"
        ) from error


_WORK: list[Callable[[Any], Any]] = []  # of a worker process


def _begin(make: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends workers without a word; the main process says it
    _WORK[:] = [make()]


def _work(part: Sequence[Any]) -> list[Any]:
    return [_WORK[0](item) for item in part]
