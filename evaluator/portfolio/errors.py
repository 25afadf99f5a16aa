"""What ends the work on a portfolio; a single bad row never does."""

from __future__ import annotations

from evaluator.problems.errors import AdmissionError


class PortfolioError(AdmissionError):
    """An input that cannot be read at all, or a run that cannot be done; a Chinese sentence."""


class TooManyRows(PortfolioError):
    """More rows than the caller allows."""
