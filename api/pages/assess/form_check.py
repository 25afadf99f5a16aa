"""One field checked by itself, as it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.assess.dossier_form import Mistake, fill, sections
from api.pages.assess.doubts import doubts
from api.pages.assess.industries import suggested
from api.pages.assess.live import readable
from evaluator.dossier.fields import Registry


def check_one(
    form: Mapping[str, Any], name: str, registry: Registry
) -> tuple[list[str], str | None, str | None]:
    """What is wrong with one input of a form, what was understood, and what is asked about it."""
    stem = name.split(".")[0]
    filled = fill(form, registry)
    mine: list[Mistake] = [m for m in filled.mistakes if m.name == name or m.name == stem]
    for section in sections(registry, filled.typed, mine):
        for shown in section.inputs:
            if shown.name == name:
                profile = readable({k: v for k, v in filled.typed.items() if k == name}, registry)
                doubt = next((d.text for d in doubts(profile, filled.typed, registry)), None)
                if shown.mistakes and shown.field.format == "industry_code":
                    doubt = suggested(shown.value)
                return list(shown.mistakes), shown.said, doubt
    return [m.text for m in mine], None, None
