"""From all places where a document speaks of a field to what is suggested for it.

Stated exactly and once, or the same everywhere, is ticked. Different values are all shown as
conflicting. A name or label counts before a hint; what is only hinted never makes a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from evaluator.documents.derive import PART, let_plant, of_phases
from evaluator.documents.findings import NAMED, Finding, Value
from evaluator.documents.lexicon import Words
from evaluator.documents.strings import is_readable
from evaluator.dossier.fields import FieldType
from evaluator.values.numbers import exact_text

NEAR = Fraction(
    1, 20
)  # An approximate value says nothing against an exact one within five percent.


FAR = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A suggestion: ``field`` with one value, how sure it is, and where it stands."""

    field: str
    value: str | bool
    unit: str | None
    kind: str
    ticked: bool
    quote: str
    place: str
    page: int | None = None
    block: int = -1
    start: int = 0
    end: int = 0
    high: str | None = None
    bound: str | None = None
    note: str | None = None
    also: tuple[str, ...] = ()


def shown_value(value: Value) -> str | bool:
    """A value as the API writes it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Fraction):
        return exact_text(value)
    return value if isinstance(value, str) else value.isoformat()


def settle(words: Words, findings: Iterable[Finding]) -> list[Excerpt]:
    """One or, where places differ, several excerpts for each field, in the fields' order."""
    by_field: dict[str, list[Finding]] = {}
    findings = list(findings)
    for f in (*findings, *let_plant(findings)):
        if f.quote or f.value != "":
            by_field.setdefault(f.field, []).append(f)
    order = {name: i for i, name in enumerate(words.registry.fields)}
    out: list[Excerpt] = []
    for name in sorted(by_field, key=lambda n: (order.get(n.partition(".")[0], 999), n)):
        out += _field(words, name, by_field[name])
    return out


def _field(words: Words, name: str, found: list[Finding]) -> list[Excerpt]:
    field = words.registry.fields[name.partition(".")[0]]
    whole = [f for f in found if f.kind != PART]
    found = whole or of_phases(found)
    if not found:
        return []
    best = max(f.strength for f in found)
    text = field.type in (FieldType.STR, FieldType.ENUM, FieldType.DATE)
    if text or best == 0:
        found = [f for f in found if f.strength == best]
    else:
        found = [f for f in found if f.strength >= min(best, 1) and not _other(f, found)]
    if name == "land_use_mode":
        found = _first_option(words, name, found)
    if name == "enterprise_grade":  # Who has two has the higher one.
        order = [*words.lexicon(name).options]
        best_of = min(found, key=lambda f: order.index(str(f.value)) if f.value in order else 99)
        found = [f for f in found if f.value == best_of.value]
    found = _one_reading(found)
    sure = [f for f in found if f.sure]
    if sure:
        found = [f for f in found if f.sure or f.disputed]
    exact = _distinct([f for f in found if f.kind == "exact"])
    soft = [f for f in found if f.kind in ("approximate", "range")]
    derived = _distinct([f for f in found if f.kind == "derived"])
    if not exact and not soft:
        return [_excerpt(words, f, "derived", False, found) for f in derived[:2]]
    rest = _unlike(exact, soft)
    chosen = exact + rest
    if field.type is FieldType.STR and best <= 1 and len({str(c.value)[:4] for c in chosen}) == 1:
        chosen = [max(chosen, key=lambda c: len(str(c.value)))]  # 某某项目, 某某生产基地项目.
    if field.type is FieldType.STR and best <= 1 and len(chosen) > 1:
        return []  # Several names, none by a cue that counts: no suggestion rather than a wrong one.
    if len(chosen) == 1:
        f = chosen[0]
        ticked = f.kind == "exact" and f.sure and is_readable(words, name, _raw(f.value))
        return [_excerpt(words, f, f.kind, ticked, found)]
    return [_excerpt(words, f, "conflicting", False, [f]) for f in chosen]


def _other(f: Finding, found: list[Finding]) -> bool:
    """Whether a number that is only hinted is far from a named one: another thing, no rival."""
    return f.strength < NAMED and any(
        k.strength >= NAMED
        and isinstance(k.value, Fraction)
        and isinstance(f.value, Fraction)
        and abs(f.value - k.value) > FAR * abs(k.value)
        for k in found
    )


def _raw(value: Value) -> object:
    return exact_text(value) if isinstance(value, Fraction) else value


def _first_option(words: Words, name: str, found: list[Finding]) -> list[Finding]:
    """不新增用地 beside 租赁厂房 means the plant that is let, beside 收购闲置厂房 what is bought."""
    if {"own_land", "stock_land"} <= {f.value for f in found}:
        found = [f for f in found if f.value != "own_land"]
    order = [*words.lexicon(name).options]
    if not order:
        return found
    first = min(found, key=lambda f: order.index(str(f.value)) if f.value in order else 99)
    return [f for f in found if f.value == first.value] if str(first.value) == order[0] else found


def _one_reading(found: list[Finding]) -> list[Finding]:
    """One place is read once: the stronger reading of it stands."""
    kept: list[Finding] = []
    for f in sorted(found, key=lambda f: -f.strength):
        same = [
            k
            for k in kept
            if k.block == f.block and k.order == f.order and k.start < f.end and f.start < k.end
        ]
        if not same:
            kept.append(f)
    return sorted(kept, key=lambda f: (f.block, f.order, f.start))


def _distinct(found: list[Finding]) -> list[Finding]:
    """The first place of each value; a name within a longer one is the same name."""
    out: list[Finding] = []
    for f in found:
        if any(_same(f.value, k.value) for k in out):
            longer = next((i for i, k in enumerate(out) if _same(f.value, k.value)), 0)
            if f.strength > out[longer].strength:
                out[longer] = f
            continue
        out.append(f)
    return out


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, str) and isinstance(b, str) and min(len(a), len(b)) >= 4:
        return a == b or a in b or b in a
    return a == b


def _close(a: Finding, b: Finding) -> bool:
    if not isinstance(a.value, Fraction) or not isinstance(b.value, Fraction):
        return a.value == b.value
    low, high = (b.value, b.high) if b.high is not None else (b.value, b.value)
    margin = NEAR * abs(b.value)
    if b.bound == "min":
        return a.value >= low
    if b.bound == "max":
        return a.value <= high
    return low - margin <= a.value <= high + margin


def _unlike(exact: list[Finding], soft: list[Finding]) -> list[Finding]:
    """The approximate values that are not what an exact or another approximate one says."""
    out: list[Finding] = []
    for f in soft:
        if any(_close(e, f) for e in exact):
            continue
        if any(_alike(f, k) for k in out):
            continue
        out.append(f)
    return out


def _alike(a: Finding, b: Finding) -> bool:
    if not isinstance(a.value, Fraction) or not isinstance(b.value, Fraction):
        return a.value == b.value
    return abs(a.value - b.value) <= NEAR * max(abs(a.value), abs(b.value))


def _excerpt(
    words: Words, f: Finding, kind: str, ticked: bool, all_found: list[Finding]
) -> Excerpt:
    field = words.registry.fields[f.field.partition(".")[0]]
    unit = field.unit.name if field.unit is not None and isinstance(f.value, Fraction) else None
    also = tuple(dict.fromkeys(o.spot.label for o in all_found if o is not f and o.spot != f.spot))
    return Excerpt(
        f.field, shown_value(f.value), None if unit == "1" else unit, kind, ticked, f.quote,
        f.spot.label, f.spot.page, f.block, f.start, f.end,
        None if f.high is None else exact_text(f.high), f.bound, f.note or f.arithmetic, also[:5],
    )  # fmt: skip
