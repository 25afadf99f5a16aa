"""How many examples a test draws: a core of them in ``make test``, all of them in ``make soak``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

Test = TypeVar("Test", bound=Callable[..., Any])
soaking = False  # Set by conftest.py before a test is collected.


def draws(core: int, whole: int | None = None) -> Callable[[Test], Test]:
    """A test of ``core`` random draws; with ``-m soak`` it is of that kind, and draws ``whole``, or as
    many as the profile says.

    What is drawn is the same each time, so that the core is where the whole begins; but under a
    profile that looks for new examples (``HYPOTHESIS_PROFILE=soak``), where all are drawn.
    """

    def decorate(test: Test) -> Test:
        profile = settings()
        every = soaking or not profile.derandomize
        count = (whole or profile.max_examples) if every else core
        test = settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))(
            test
        )
        return pytest.mark.soak(test) if soaking else test

    return decorate
