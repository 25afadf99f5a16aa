"""The columnar engine: a ruleset as one expression over a table of dossiers.

What compiles is imported when it is asked for: a run of few dossiers compiles nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evaluator.engine.columnar.layout import Layout, Number

if TYPE_CHECKING:
    from evaluator.engine.columnar.exact import TooWide
    from evaluator.engine.columnar.outputs import Plan
    from evaluator.engine.columnar.plan import compile_ruleset

__all__ = ["Layout", "Number", "Plan", "TooWide", "compile_ruleset"]
_LATER = {"TooWide": "exact", "Plan": "outputs", "compile_ruleset": "plan"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
