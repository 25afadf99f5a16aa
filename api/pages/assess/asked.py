"""先问这几项: the questions of a result as the verdict page and the opinion show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evaluator.judgement.questions import NONE_AFTER_REJECT, answered_of
from evaluator.rulebook.ast import Ruleset

# As many as are asked on the telephone; the rest is folded away.
FIRST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """``first`` are the few labels to begin with, each with its supplier and a mark for what alone can
    reject; ``needed`` all of them by supplier; ``later`` the labels of what could only make it worse. ``known`` of ``total`` fields that matter are filled in."""

    stage: str
    word: str
    first: tuple[tuple[str, str, bool], ...]
    needed: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...]
    later: tuple[str, ...]
    known: int
    total: int
    note: str
    routes: tuple[str, ...]
    routes_open: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many answers the verdict waits for."""
        return sum(len(fields) for _, fields in self.needed)


def asked_of(result: dict[str, Any], ruleset: Ruleset, stated: frozenset[str]) -> Asked | None:
    """The questions of a result; None where its rulebook knows no stages."""
    if "stage" not in result:
        return None
    registry = ruleset.registry
    by: dict[str, list[tuple[str, bool]]] = {}
    later: list[str] = []
    first: list[tuple[str, str, bool]] = []
    for question in result["questions"]:
        label = registry.label(question["field"])
        if not question["needed"]:
            later.append(label)
            continue
        supplier = "、".join(map(registry.department, question["departments"])) or "申报企业"
        by.setdefault(supplier, []).append((label, question["can"] == "reject"))
        first.append((label, supplier, question["can"] == "reject"))
    statuses = {f["rule"]: f["status"] for f in result["findings"]}
    known = answered_of(ruleset, statuses, stated)
    needed = tuple((supplier, tuple(fields)) for supplier, fields in by.items())
    titles = {stage.id: stage.title for stage in ruleset.stages}
    return Asked(
        stage=titles.get(result["stage"], result["stage"]),
        word=str(result["sentence"]).partition("：")[0].rstrip("。"),
        first=tuple(first[:FIRST]),
        needed=needed,
        later=tuple(later),
        known=known,
        total=known + sum(len(fields) for _, fields in needed),
        note=NONE_AFTER_REJECT if result["verdict"] == "reject" else "",
        routes=tuple(_body(route) for route in result["routes"]),
        routes_open=tuple(_open(result, ruleset)),
    )


def _body(route: dict[str, Any]) -> str:
    days = f"（{route['workdays']} 个工作日）" if route["workdays"] is not None else ""
    return f"{route['body']}{days}"


def _open(result: dict[str, Any], ruleset: Ruleset) -> Iterator[str]:
    for route in result["routes_open"]:
        why = "、".join([*map(ruleset.registry.label, route["missing"]), *route["reasons"]])
        yield f"是否还要经{_body(route)}，要看{why}"
