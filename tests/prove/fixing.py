"""One dossier as conditions of the prover's domain."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import assume

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import FieldType
from evaluator.dossier.values import Item
from evaluator.prove.domain import Domain, rational


def signature(text: str, words: set[str]) -> tuple[str, bool]:
    """What a rulebook that writes ``words`` can tell of ``text``."""
    prefix = next((text[:n] for n in range(len(text), 0, -1) if text[:n] in words), "")
    return prefix, prefix == text


def chosen(domain: Domain, name: str, value: str) -> Any:
    """The choice that stands for ``value``."""
    if domain.field(name).type is FieldType.ENUM:
        return next(c.chosen for c in domain.choices(name) if c.value == value)
    words = domain.words.get(name, set())
    wanted = signature(value, words)
    return next(c.chosen for c in domain.choices(name) if signature(str(c.value), words) == wanted)


def fixed(domain: Domain, profile: Profile, names: set[str]) -> list[Any]:
    """The conditions that leave exactly one dossier: ``profile``."""
    out: list[Any] = []
    for name in sorted(names):
        field = domain.field(name)
        value = profile.values.get(name)
        if field.type is FieldType.RECORD:
            items = {i.key: i for i in value or () if isinstance(i, Item)}  # type: ignore[union-attr]
            others = [k for k in items if k not in {e.name for e in domain.entries(name)}]
            assume(len(others) <= 1 and not (others and "其他" in items))
            for entry in domain.entries(name):
                item = items.get(entry.name) or (
                    items.get(others[0]) if others and entry.name == "其他" else None
                )
                out.append(entry.present == (item is not None))
                if item is None:
                    continue
                unit, has = next(
                    ((u, c) for u, c in entry.units if u.same_kind(item.unit)), entry.units[-1]
                )
                factor = item.unit.factor_to(unit) if unit.same_kind(item.unit) else 1
                out += [has, entry.amount == rational(item.number * factor)]
            continue
        if field.type is FieldType.CODES:
            held = [chosen(domain, name, str(v)) for v in value or ()]  # type: ignore[union-attr]
            out += [c.chosen == any(c.chosen.eq(h) for h in held) for c in domain.choices(name)]
            continue
        out.append(domain.known(name) == (value is not None))
        if value is None:
            continue
        if isinstance(value, bool):
            out.append(domain.choices(name)[0].chosen == value)
        elif isinstance(value, str):
            out.append(chosen(domain, name, value))
        elif isinstance(value, dt.date):
            out.append(domain.term(name) == value.toordinal())
        else:
            out.append(domain.term(name) == rational(value))  # type: ignore[arg-type]
    return out
