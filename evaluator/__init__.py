"""项目准入评估器 as a library; docs/library.md shows it in ten lines.

``load_rulebook`` reads a rulebook, ``Rulebook.evaluate`` judges a dossier, and the ``Judgement`` has
the verdict, the reasons, the remedy and the canonical bytes. A name is loaded when it is first used,
so that ``import evaluator`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluator.judgement.wording import Citation
    from evaluator.library import Judgement, Reason, Rulebook, load_rulebook
    from evaluator.problems.errors import AdmissionError, DossierError, Problem, RulebookError
    from evaluator.rulebook.ast import Effect
    from evaluator.rulebook.verdict import Status, Verdict

__all__ = [
    "AdmissionError",
    "Citation",
    "DossierError",
    "Effect",
    "Judgement",
    "Problem",
    "Reason",
    "Rulebook",
    "RulebookError",
    "Status",
    "Verdict",
    "load_rulebook",
]
_HOMES = {
    "evaluator.judgement.wording": ("Citation",),
    "evaluator.library": ("Judgement", "Reason", "Rulebook", "load_rulebook"),
    "evaluator.problems.errors": ("AdmissionError", "DossierError", "Problem", "RulebookError"),
    "evaluator.rulebook.ast": ("Effect",),
    "evaluator.rulebook.verdict": ("Status", "Verdict"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
