"""One hypothesis profile: drawing a whole rulebook is slow by nature, and timing is no assertion.

And names of tests that are the same in every worker.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "default",
    deadline=None,
    max_examples=60,
    # The same examples on every machine; the soak profile is the one that looks for new ones.
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile(
    "soak", parent=settings.get_profile("default"), derandomize=False, max_examples=2000
)
# Shrinking a whole rulebook takes minutes; this profile shows the first failure as it was drawn.
settings.register_profile(
    "unshrunk", parent=settings.get_profile("default"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: an archive holds the time it was written, so its content
    would give a test another name in each worker, and xdist then refuses to start."""
    return argname if isinstance(val, bytes) else None
