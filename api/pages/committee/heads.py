"""What a project's page opens with: whose it is, where, how much money, land, output, tax, and who cares."""

from __future__ import annotations

from typing import Any

from api.pages.frame.words import value_text
from api.store.service.facts import CARE, CODE, FACTS, LABELS, FactsOut
from evaluator.dossier.fields import Registry
from evaluator.dossier.values import read_value
from evaluator.values.industries import industry_label
from evaluator.values.numbers import stored

FIRST = (
    ("enterprise_name", "投资方"),
    ("zone", "片区"),
    ("total_investment", "总投资"),
    ("land_area", "用地"),
    ("annual_output", "年产值"),
    ("annual_tax", "年税收"),
    ("industry_code", "行业"),
)
PERSON = ("contact", "phone")


def shown_value(registry: Registry, name: str, raw: Any) -> str:
    """A stored value of a field as pages print it."""
    field = registry.fields[name]
    return value_text(field, read_value(field, stored(raw)))


def heads_of(
    dossier: dict[str, Any], facts: FactsOut, registry: Registry
) -> tuple[tuple[str, str], ...]:
    """Label and value of each; what is not known of the first six is said to be so."""
    out = []
    for name, label in FIRST:
        raw = dossier.get(name)
        if name == "industry_code":
            text = industry_label(str(raw)) if raw else ""
        elif name in registry.fields and raw is not None:
            text = shown_value(registry, name, raw)
        else:
            text = ""
        if name == "zone":
            text = "，".join(filter(None, (text, facts.place)))
            label = "地点"
        out.append((label, text or "没有填"))
    for name in (CODE, *CARE, *FACTS):
        text = getattr(facts, name)
        if text and name != "place":
            out.append((LABELS[name], text))
    return tuple(out)
