"""The columnar engine: a ruleset as one expression over a table of dossiers."""

from evaluator.engine.columnar.exact import TooWide
from evaluator.engine.columnar.layout import Layout, Number
from evaluator.engine.columnar.outputs import Plan
from evaluator.engine.columnar.plan import compile_ruleset

__all__ = ["Layout", "Number", "Plan", "TooWide", "compile_ruleset"]
