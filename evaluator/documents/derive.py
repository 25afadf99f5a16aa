"""What a document does not say itself but adds up to: shown with its arithmetic, never ticked.

The phases of a project where the whole is not said; the plant that is let where its area is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from evaluator.documents.findings import Finding
from evaluator.values.numbers import exact_text

PART = "part"  # The kind of a finding that is only of a phase, named in its note.


def of_phases(found: list[Finding]) -> list[Finding]:
    """The sum of a field's phases, where each of two or more is said once."""
    phases: dict[str, set[Fraction]] = {}
    for f in found:
        if isinstance(f.value, Fraction) and f.note and f.high is None:
            phases.setdefault(f.note, set()).add(f.value)
    if len(phases) < 2 or ("一期" not in phases and "首期" not in phases):
        return []
    if any(len(values) > 1 for values in phases.values()):
        return []
    total = sum((v for values in phases.values() for v in values), Fraction(0))
    said = " + ".join(f"{name} {exact_text(v)}" for name, values in phases.items() for v in values)
    quotes = "；".join(dict.fromkeys(f.quote for f in found))
    one = replace(found[0], value=total, kind="derived", note=None, quote=quotes)
    return [replace(one, arithmetic=f"{said} = {exact_text(total)}")]


def let_plant(findings: Iterable[Finding]) -> list[Finding]:
    """租用厂房 where an area of let plant is said and nothing of how land is used."""
    listed = list(findings)
    if any(f.field == "land_use_mode" for f in listed):
        return []
    area = next((f for f in listed if f.field == "plant_area" and f.kind == "exact"), None)
    if area is None:
        return []
    return [
        replace(
            area, field="land_use_mode", value="leased_plant", kind="derived",
            arithmetic="写明了租用厂房面积",
        )
    ]  # fmt: skip
