"""Hypothesis strategies: random rulesets as YAML text, and dossiers that sit on their thresholds."""

from tests.strategies.dossiers import as_of_dates, dossiers
from tests.strategies.rulesets import rulesets
from tests.strategies.yaml import write_yaml

__all__ = ["as_of_dates", "dossiers", "rulesets", "write_yaml"]
