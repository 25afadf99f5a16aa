"""A criterion as text: how it stands in criteria.yaml."""

from __future__ import annotations

from evaluator.rulebook.criteria import Criterion
from evaluator.values.numbers import exact_text


def criterion_yaml(criterion: Criterion) -> str:
    """The criterion as it stands in criteria.yaml, two levels in."""
    lines = [
        f"  {criterion.id}:",
        f"    title: {criterion.title}",
        f"    kind: {criterion.kind.value}",
    ]
    if criterion.unit is not None:
        lines.append(f"    unit: {_plain(criterion.unit.name)}")
    if criterion.by:
        lines.append(f"    by: [{', '.join(criterion.by)}]")
    lines.append("    values:")
    for period in criterion.periods:
        lines.append(f"      - from: {period.start.isoformat()}")
        if period.end:
            lines.append(f"        until: {period.end.isoformat()}")
        if period.provenance:
            given = period.provenance
            lines.append(f"        source: {given.source.id}")
            lines += [f"        clause: {_plain(given.clause)}"] if given.clause else []
            lines.append(f"        verified: {str(given.verified).lower()}")
            lines += [f"        note: {_plain(given.note)}"] if given.note else []
            if given.correction:
                lines.append(f"        correction: {_plain(given.correction)}")
        lines.append("        rows:")
        for row in period.rows:
            parts = [f"{d}: {_words(w)}" for d, w in row.keys.items()]
            parts.append(f"value: {exact_text(row.value)}")
            if row.unit is not None and row.unit != criterion.unit:
                parts.append(f"unit: {_plain(row.unit.name)}")
            own, base = row.provenance, period.provenance
            if base is not None and own != base:
                parts += [f"source: {own.source.id}"] if own.source != base.source else []
                parts += (
                    [f"clause: {_plain(own.clause)}"]
                    if own.clause and own.clause != base.clause
                    else []
                )
                parts += (
                    [f"verified: {str(own.verified).lower()}"]
                    if own.verified != base.verified
                    else []
                )
                parts += [f"note: {_plain(own.note)}"] if own.note and own.note != base.note else []
                if own.correction and own.correction != base.correction:
                    parts.append(f"correction: {_plain(own.correction)}")
            lines.append(f"          - {{{', '.join(parts)}}}")
    return "\n".join(lines) + "\n"


def _words(words: tuple[str, ...]) -> str:
    return _plain(words[0]) if len(words) == 1 else f"[{', '.join(map(_plain, words))}]"


def _plain(text: str) -> str:
    """A text for a flow mapping; quoted unless it is a plain word."""
    if text and all(c.isalnum() or c in "/_·（）《》〔〕" for c in text) and not text[0].isdigit():
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
