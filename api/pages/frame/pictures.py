"""Pictures of what a verdict rests on, with the same in words beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from evaluator.judgement.drawing import draw
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.picture import KINDS, Part, Picture, picture_of, telling
from evaluator.rulebook.ast import Ruleset


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture for a page: its SVG, and for rules, cards and metrics each with what it rests on."""

    title: str
    svg: Markup
    lists: tuple[tuple[str, tuple[tuple[Part, tuple[Part, ...]], ...]], ...]


def drawn(
    ruleset: Ruleset, rules: Iterable[str], title: str, evaluation: Evaluation | None = None
) -> Drawn:
    """The picture of these rules, as they stand in an evaluation if there is one."""
    picture = picture_of(ruleset, rules, evaluation)
    lists = tuple((KINDS[kind], _list(picture, kind)) for kind in ("rule", "card", "metric"))
    # Escaped where it is drawn.
    return Drawn(title, Markup(draw(picture, title)), tuple(one for one in lists if one[1]))


def _list(picture: Picture, kind: str) -> tuple[tuple[Part, tuple[Part, ...]], ...]:
    return tuple((part, picture.under(part.key)) for part in picture.of_kind(kind))


def drawn_of(evaluation: Evaluation, seen: Iterable[str], every: bool) -> Drawn:
    """The picture of an evaluation: of the rules in ``seen`` those that tell, or every one."""
    told = set(evaluation.statuses if every else telling(evaluation))
    title = f"{evaluation.profile.name}：结论靠什么"
    return drawn(evaluation.ruleset, [id_ for id_ in seen if id_ in told], title, evaluation)
