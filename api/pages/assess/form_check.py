"""One field checked by itself, as it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.assess.dossier_form import Mistake, fill, sections
from evaluator.dossier.fields import Registry


def check_one(
    form: Mapping[str, Any], name: str, registry: Registry
) -> tuple[list[str], str | None]:
    """What is wrong with one input of a form, and what was understood."""
    stem = name.split(".")[0]
    filled = fill(form, registry)
    mine: list[Mistake] = [m for m in filled.mistakes if m.name == name or m.name == stem]
    for section in sections(registry, filled.typed, mine):
        for shown in section.inputs:
            if shown.name == name:
                return list(shown.mistakes), shown.said
    return [m.text for m in mine], None
