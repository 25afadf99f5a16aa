"""修改: a scorecard's points and bands, without YAML."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.errors import Invalid
from api.filters import find_part
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.rulebook.forms import basis_of, drafted, typed_in
from api.store.proposals import forms
from api.store.proposals.forms import Basis
from evaluator.amend.card import NEW_BOUND, NEW_POINTS, Figure, NewBand, banded, figures
from evaluator.amend.splice import CannotSplice
from evaluator.rulebook.cards import Scorecard

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/scorecards/{card_id}/edit")
def card(request: Request, card_id: str) -> Response:
    """The form of a scorecard's points and bands."""
    entitled(request, "proposal.draft")
    found = basis_of(request)
    return _page(request, found, find_part("评分表", card_id, found.ruleset.scorecards), {})


def _figures(found: Basis, shown: Scorecard) -> tuple[Figure, ...]:
    try:
        return figures(forms.card_text(found, shown), shown, found.ruleset.registry)
    except CannotSplice as error:
        raise Invalid("values", str(error)) from error


def _page(
    request: Request,
    found: Basis,
    shown: Scorecard,
    given: Mapping[str, str],
    wrong: Invalid | None = None,
) -> Response:
    groups: dict[str, list[Figure]] = {}
    items: dict[str, str] = {}
    for figure in _figures(found, shown):
        groups.setdefault(figure.group, []).append(figure)
        if figure.path.startswith("items."):
            items[figure.group] = figure.path.split(".")[1]
    return page(
        request,
        "card_form.html",
        422 if wrong else 200,
        card=shown,
        groups=groups,
        items=items,
        bands=banded(forms.card_text(found, shown), shown),
        given=given,
        wrong=wrong,
        new=(NEW_BOUND, NEW_POINTS),
    )


@router.post("/scorecards/{card_id}/edit")
def change_card(request: Request, form: Form, card_id: str) -> Response:
    """The form as a proposal; or again, with what is wrong with it."""
    actor = entitled(request, "proposal.draft")
    typed, found = typed_in(form), basis_of(request)
    shown = find_part("评分表", card_id, found.ruleset.scorecards)
    try:
        values: dict[str, str] = {}
        removed, what = [], []
        for figure in _figures(found, shown):
            text = typed.get(figure.path, figure.text)
            if text == figure.text:
                continue
            said = f"{figure.group} {figure.label}"
            if not text and ".rows." in figure.path and figure.path.count(".") == 5:
                removed.append(figure.path)
                what.append(f"删去{said} {figure.text}")
            elif not text:
                raise Invalid(figure.path, f"“{said}”没有填", "不改的照原样留着")
            else:
                values[figure.path] = text
                what.append(f"{said} {figure.text} → {text}")
        added = []
        for id_, word in banded(forms.card_text(found, shown), shown).items():
            bound, points = (typed.get(f"{id_}.{part}", "") for part in (NEW_BOUND, NEW_POINTS))
            if bool(bound) != bool(points):
                raise Invalid(f"{id_}.{NEW_BOUND}", "新的一档要写界限和得分两个数")
            if bound:
                added.append(NewBand(id_, bound, points))
                title = next(i.title for i in shown.items if i.id == id_)
                what.append(f"{title}加一档：{word} {bound} 得 {points} 分")
        reason = typed.get("reason", "")
        made = forms.propose_card(found, shown, values, added, removed, what, reason)
    except Invalid as error:
        return _page(request, found, shown, typed, error)
    return drafted(request, actor, found, made)
