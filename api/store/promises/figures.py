"""The committed figures of a 标准地 agreement, out of a verdict: each with the standard in force and its basis."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from api.transport.schemas import record
from evaluator.dossier.dossier import Profile
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.nodes import Compare, Op
from evaluator.values.numbers import exact_text

# What the project itself promises, whatever standard there is.
AMOUNTS = (
    "total_investment",
    "fixed_asset_investment",
    "land_area",
    "annual_output",
    "annual_tax",
    "annual_energy",
    "rd_expense",
    "construction_months",
)
# Not to be more than promised; the rest not less.
CEILINGS = ("land_area", "annual_energy", "construction_months", "emissions")
WORDS = {
    Op.AT_LEAST: "不低于",
    Op.MORE_THAN: "高于",
    Op.AT_MOST: "不高于",
    Op.LESS_THAN: "低于",
}


@record
class Figure:
    """One figure: what is committed and what the standard in force asks; ``standard`` "" without one."""

    title: str
    word: str
    value: str
    standard: str
    unit: str
    basis: str


def figures_of(result: dict[str, Any], profile: Profile, ruleset: Ruleset) -> tuple[Figure, ...]:
    """The figures that a project commits to: its standards first, then its own amounts."""
    out = []
    for f in result["findings"]:
        rule = ruleset.rules.get(f["rule"])
        require = rule.require if rule is not None else None
        plain = isinstance(require, Compare) and require.op in WORDS
        counted = f["status"] in ("satisfied", "violated") and f["value"] and f["required"]
        if not plain or not counted or not f["unit"] or f["effect"] == "advise":
            continue
        if f["list"] != "positive" and f["dimension"] not in ("energy", "environment"):
            continue
        assert isinstance(require, Compare)
        basis = "；".join(dict.fromkeys(b["text"] for b in f["basis"]))
        out.append(
            Figure(
                title=f["title"],
                word=WORDS[require.op],
                value=f["value"],
                standard=f["required"],
                unit="" if f["unit"] == "1" else f["unit"],
                basis=basis + ("（示例值，未核对原文）" if f["example"] else ""),
            )
        )
    return (*out, *_amounts(profile, ruleset))


def _amounts(profile: Profile, ruleset: Ruleset) -> tuple[Figure, ...]:
    references = ruleset.registry.references
    names = [n for n in AMOUNTS if n in references]
    names += [n for n in references if n.startswith("emissions.")]
    out = []
    for name in names:
        value, field = profile.values.get(name), references[name]
        if not isinstance(value, Fraction) or field.unit is None:
            continue
        ceiling = name.partition(".")[0] in CEILINGS
        word = "不高于" if ceiling else "不低于"
        out.append(Figure(field.label, word, exact_text(value), "", field.unit.name, ""))
    return tuple(out)
