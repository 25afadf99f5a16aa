"""Proofs over all dossiers: what a rulebook can and cannot do, each with a proof or a witness.

    report = prove(ruleset, date(2026, 1, 1))
    report.clean, report.render()

``compare`` does the same for the difference between two rulesets. A name is loaded when it is first
used: the solver is slow to import, and ``scale`` does without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluator.prove.report import Answer, Report, State, dossier_lines
    from evaluator.prove.run import CHECK_LABELS, CHECKS, prove
    from evaluator.prove.transitions import Change, compare

__all__ = [
    "CHECKS",
    "CHECK_LABELS",
    "Answer",
    "Change",
    "Report",
    "State",
    "compare",
    "dossier_lines",
    "prove",
]
_HOMES = {
    "evaluator.prove.transitions": ("Change", "compare"),
    "evaluator.prove.report": ("Answer", "Report", "State", "dossier_lines"),
    "evaluator.prove.run": ("CHECKS", "CHECK_LABELS", "prove"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
