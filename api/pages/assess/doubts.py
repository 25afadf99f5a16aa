"""Values that can be read and are still unlikely to be meant: a share written as 0.6 where 60 was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from api.pages.assess.dossier_form import Mistake
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Registry
from evaluator.values.numbers import exact_text


def doubts(profile: Profile, typed: Mapping[str, str], registry: Registry) -> Iterator[Mistake]:
    """What to ask about, each at its input. Who wrote the sign has said what is meant."""
    for name, field in registry.references.items():
        value, text = profile.values.get(name), typed.get(name, "")
        if field.unit is None or field.unit.name != "%" or not isinstance(value, Fraction):
            continue
        if not text or "%" in text or "\uff05" in text or not 0 < value <= 1:
            continue
        said = f"填的是 {exact_text(value)}%，是不是想写 {exact_text(value * 100)}%？"
        yield Mistake(name, field.label, said)
