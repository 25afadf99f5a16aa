"""Who concludes on a dossier, as far as what is stated tells. Never part of the verdict.

A route whose condition is unknown is told with what it waits for; nothing missing is read as either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import left_open
from evaluator.judgement.wording import Citation, cite_source
from evaluator.rulebook.ast import Route


class Taken(NamedTuple):
    """A route that applies, or that may: then ``missing`` are the fields and ``reasons`` what else
    leaves it open."""

    route: Route
    sure: bool
    basis: tuple[Citation, ...]
    missing: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON data; of a route that only may apply also what it waits for."""
        data: dict[str, Any] = {
            "body": self.route.body,
            "workdays": self.route.workdays,
            "basis": [citation.to_dict() for citation in self.basis],
        }
        if not self.sure:
            data |= {"missing": list(self.missing), "reasons": list(self.reasons)}
        return data

    @property
    def text(self) -> str:
        """The body and its time, in words."""
        days = f"（{self.route.workdays} 个工作日）" if self.route.workdays is not None else ""
        return f"{self.route.body}{days}"


def routes(evaluation: Evaluation) -> tuple[Taken, ...]:
    """The routes that apply or may apply, in their order."""
    return tuple(_taken(evaluation))


def routes_data(evaluation: Evaluation) -> dict[str, Any]:
    """As they stand in the canonical result: those that apply, and apart those that may."""
    found = routes(evaluation)
    return {
        "routes": [taken.to_dict() for taken in found if taken.sure],
        "routes_open": [taken.to_dict() for taken in found if not taken.sure],
    }


def routing(evaluation: Evaluation) -> Iterator[str]:
    """Who concludes, as lines to read."""
    found = routes(evaluation)
    sure = [taken.text for taken in found if taken.sure]
    if sure:
        yield f"审定层级：{'，再到'.join(sure)}。"
    label = evaluation.ruleset.registry.label
    for taken in found:
        if not taken.sure:
            why = "、".join([*map(label, taken.missing), *taken.reasons])
            yield f"是否还要经{taken.text}，要看{why}。"


def _taken(evaluation: Evaluation) -> Iterator[Taken]:
    for route in evaluation.ruleset.routes:
        basis = tuple(cite_source(b.source, b.clause) for b in route.basis if b.source is not None)
        if route.when is None:
            yield Taken(route, True, basis)
            continue
        (trace,) = evaluation.reference.assess_rules(
            (route.when,), evaluation.profile, evaluation.as_of
        )
        if trace.required is True:
            yield Taken(route, True, basis)
        elif trace.required is None:
            yield Taken(route, False, basis, *left_open(trace))
