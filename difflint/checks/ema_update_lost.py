"""DFL725: the new average is computed and goes to a name or a fresh dictionary: the network stays as it was."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.averages import updates
from difflint.relations.roles import written


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for update in updates(file):
        into = update.into
        if update.is_lost and into is not None and update.act.file is file and id(update.act.event) not in seen:
            seen.add(id(update.act.event))
            event = update.act.event
            target = event.target.removesuffix("[]")
            stays = f"{target} becomes something new; the weights of {written(into) or 'the average'} stay"
            yield Problem(
                file.place(event),
                {"code": file.code(event), "target": target},
                (file.step(event, stays),),
                "Change the weight in place: mul_(decay).add_(new, alpha=1 - decay), or lerp_(new, 1 - decay).",
            )
