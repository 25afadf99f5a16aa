"""The rulebook as JSON data: rules, criteria, ruleset. Numbers are exact texts."""

from __future__ import annotations

from typing import Any

from evaluator.problems.source import Place
from evaluator.rulebook.ast import Basis, Rule, Ruleset
from evaluator.rulebook.criteria import Criterion, Period, Provenance, Row
from evaluator.values.numbers import exact_text


def ruleset_view(ruleset: Ruleset, engine: str) -> dict[str, Any]:
    """What is in force: identity, title and counts."""
    return {
        "identity": ruleset.identity,
        "profile": ruleset.profile_id,
        "title": ruleset.title,
        "engine": engine,
        "rules": len(ruleset.rules),
        "criteria": len(ruleset.criteria),
        "metrics": len(ruleset.metrics),
        "fields": len(ruleset.registry.fields),
        "departments": dict(ruleset.registry.departments),
        "labels": [{"id": x.id, "title": x.title} for x in ruleset.labels],
    }


def rule_view(rule: Rule, ruleset: Ruleset, *, source: bool = False) -> dict[str, Any]:
    """One rule; with ``source`` also the YAML it was written as."""
    out: dict[str, Any] = {
        "id": rule.id,
        "title": rule.title,
        "list": rule.list,
        "dimension": rule.dimension,
        "effect": rule.effect.value,
        "departments": list(rule.departments),
        "basis": [_basis(b, ruleset) for b in rule.basis],
        "remedy": rule.remedy,
        "note": rule.note,
        "start": rule.start.isoformat() if rule.start else None,
        "end": rule.end.isoformat() if rule.end else None,
        "file": rule.place.source.name,
        "line": rule.place.line,
    }
    if source:
        out["source"] = block_text(rule.place)
    return out


def block_text(place: Place) -> str:
    """The YAML list entry that starts at ``place``, up to the next entry of the same depth."""
    lines = place.source.text.splitlines()
    start = (place.line or 1) - 1
    if not 0 <= start < len(lines):
        return ""
    indent = len(lines[start]) - len(lines[start].lstrip())
    block = [lines[start]]
    for line in lines[start + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    return "\n".join(block).rstrip() + "\n"


def _basis(basis: Basis, ruleset: Ruleset) -> dict[str, Any]:
    if basis.source is not None:
        return {"criterion": None, "text": basis.source.citation(basis.clause)}
    criterion = ruleset.criteria.get(basis.criterion or "")
    return {"criterion": basis.criterion, "text": criterion.title if criterion else None}


def criterion_view(criterion: Criterion) -> dict[str, Any]:
    """One criterion with all its periods, rows and sources."""
    return {
        "id": criterion.id,
        "title": criterion.title,
        "kind": criterion.kind.value,
        "unit": criterion.unit.name if criterion.unit else None,
        "by": list(criterion.by),
        "rounded": criterion.rounded,
        "periods": [_period(p) for p in criterion.periods],
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "start": period.start.isoformat(),
        "end": period.end.isoformat() if period.end else None,
        "gap": period.gap,
        "accepted_before": period.accepted_before.isoformat() if period.accepted_before else None,
        "codes": list(period.codes),
        "rows": [_row(r) for r in period.rows],
        "basis": _provenance(period.provenance),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "keys": {k: list(v) for k, v in row.keys.items()},
        "value": exact_text(row.value),
        "unit": row.unit.name if row.unit else None,
        "basis": _provenance(row.provenance),
    }


def _provenance(provenance: Provenance | None) -> dict[str, Any] | None:
    if provenance is None:
        return None
    return {
        "title": provenance.source.title,
        "number": provenance.source.number,
        "clause": provenance.clause,
        "in_force": provenance.source.in_force.isoformat() if provenance.source.in_force else None,
        "verified": provenance.verified,
        "note": provenance.note,
    }
