"""What is named and not there any more: it was in the former ruleset, and what may be its new name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evaluator.problems.errors import Problem
from evaluator.revision.diff import bare
from evaluator.rulebook.ast import Ruleset

_NAMED = re.compile("^没有(规则|指标|准入标准)“(.+?)”")


def with_former(problems: Iterable[Problem], old: Ruleset, new: Ruleset) -> Iterator[Problem]:
    """The problems; one about a name that ``old`` has says so, with the new part of the same shape."""
    for problem in problems:
        found = _NAMED.match(problem.message)
        hint = _former(found[1], found[2], old, new) if found else None
        yield dataclasses.replace(problem, hint=hint) if hint else problem


def _former(kind: str, name: str, old: Ruleset, new: Ruleset) -> str | None:
    before, after = _parts(kind, old), _parts(kind, new)
    if name not in before:
        return None
    shape = _shape(before[name])
    fresh = [id_ for id_, part in after.items() if id_ not in before and _shape(part) == shape]
    said = f"已发布的规则集里有{kind}“{name}”（{before[name].title}）"
    if fresh:
        return f"{said}，现在没有了；写法相同的新{kind}是“{fresh[0]}”，改了名就一并改这里"
    return f"{said}，现在没有了；确实删去的，这里也要删"


def _parts(kind: str, ruleset: Ruleset) -> Mapping[str, Any]:
    tables: dict[str, Mapping[str, Any]] = {
        "规则": ruleset.rules,
        "指标": ruleset.metrics,
        "准入标准": ruleset.criteria,
    }
    return tables[kind]


def _shape(part: Any) -> object:
    """A rule, metric or criterion without its name."""
    fields = (f.name for f in dataclasses.fields(part) if f.name not in ("id", "title", "place"))
    return tuple(repr(bare(getattr(part, name))) for name in fields)
