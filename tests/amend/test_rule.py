"""A rule changed by a form: the keys that change and no other letter."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluator.amend.rule import amended_rule
from evaluator.amend.splice import CannotSplice
from evaluator.rulebook.load import load_directory, load_layers
from tests.support import ROOT

SHIPPED = load_directory(ROOT)
RULE = SHIPPED.rules["positive.land_tax"]
TEXT = dict(SHIPPED.layers[0][1])["rules/positive/output.yaml"]


def lines(new: str) -> tuple[list[str], list[str]]:
    """The lines that are gone, and those that are new."""
    a, b = TEXT.splitlines(), new.splitlines()
    return [x for x in a if x not in b], [x for x in b if x not in a]


@pytest.mark.parametrize(
    ("changes", "gone", "come"),
    [
        ({"title": "亩均税收：新"}, "  title: 亩均税收", "  title: 亩均税收：新"),
        (
            {"departments": ("industry", "tax")},
            "",
            "  departments: [industry, tax]",
        ),
        ({"message": "低于 {required}: 不行"}, "  message: 亩均税收为", '  message: "低于'),
        ({"until": dt.date(2027, 6, 30)}, "", "  until: 2027-06-30"),
        ({"note": "试行"}, "", "  note: 试行"),
        ({"remedy": None}, "", ""),
    ],
)
def test_only_what_changes(changes: dict[str, object], gone: str, come: str) -> None:
    new = amended_rule(TEXT, RULE, changes)  # type: ignore[arg-type]
    before, after = lines(new)
    assert len(before) <= 1
    assert len(after) <= 1
    assert "".join(before).startswith(gone)
    assert "".join(after).startswith(come)
    files = {**SHIPPED.layers[0][1], "rules/positive/output.yaml": new}
    rule = load_layers((("base", files),)).rules[RULE.id]
    names = {"until": "end", "from": "start"}
    for key, value in changes.items():
        assert getattr(rule, names.get(key, key)) == value


def test_all_shipped_rules_take_a_change() -> None:
    for rule in SHIPPED.rules.values():
        text = dict(SHIPPED.layers[0][1])[rule.place.source.name]
        changes = {"effect": "advise", "until": dt.date(2030, 1, 1), "departments": ("tax",)}
        new = amended_rule(text, rule, changes)  # type: ignore[arg-type]
        assert f"- id: {rule.id}\n" in new
        assert len(new.splitlines()) <= len(text.splitlines()) + 1


def test_a_rule_in_one_line_is_left_to_the_file() -> None:
    text = "- {id: positive.land_tax, title: 亩均税收}\n"
    with pytest.raises(CannotSplice, match="写在一行里"):
        amended_rule(text, RULE, {"title": "新"})
