"""Rulebooks in other formats: DMN 1.5, JDM and PMML out, decision tables in .xlsx in."""

from evaluator.interchange.criterion_text import criterion_yaml
from evaluator.interchange.dmn import dmn
from evaluator.interchange.formula import ExportError
from evaluator.interchange.jdm import jdm, jdm_context
from evaluator.interchange.pmml import pmml
from evaluator.interchange.sheet import criteria_from_sheets

__all__ = [
    "ExportError",
    "criteria_from_sheets",
    "criterion_yaml",
    "dmn",
    "jdm",
    "jdm_context",
    "pmml",
]
