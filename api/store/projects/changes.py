"""What a new version of a dossier changed: fields, and findings that moved."""

from __future__ import annotations

from typing import Any

from evaluator.dossier.fields import Registry


def changed_fields(
    old: dict[str, Any], new: dict[str, Any], registry: Registry
) -> list[dict[str, Any]]:
    """Fields whose value differs, in registry order; None stands for missing."""
    out = []
    for name in registry.fields:
        before, after = old.get(name), new.get(name)
        if before != after:
            out.append({"field": name, "label": registry.label(name), "from": before, "to": after})
    return out


def moved_findings(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules whose status differs between two results; None where the rule was not in force."""
    before = {f["rule"]: f for f in old["findings"]}
    after = {f["rule"]: f for f in new["findings"]}
    out = []
    for rule in sorted(before.keys() | after.keys()):
        was, now = before.get(rule), after.get(rule)
        status_was, status_now = (was and was["status"]), (now and now["status"])
        if status_was != status_now:
            shown = now or was or {}
            out.append(
                {
                    "rule": rule,
                    "title": shown["title"],
                    "from": status_was,
                    "to": status_now,
                    "message": shown["message"],
                }
            )
    return out
