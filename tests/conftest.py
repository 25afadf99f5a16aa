"""One hypothesis profile: drawing a whole rulebook is slow by nature, and timing is no assertion.

And names of tests that are the same in every worker.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tests import draws

settings.register_profile(
    "default",
    deadline=None,
    max_examples=40,
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


def pytest_configure(config: pytest.Config) -> None:
    """``-m soak`` also takes the tests of random draws, each with all of its draws."""
    draws.soaking = config.getoption("markexpr") == "soak"
    gc.disable()  # Until all is collected: hardly anything that modules make is garbage.


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long to start is started in one process: a browser, the service of a module."""
    for item in items:
        package, _, module = item.nodeid.partition("::")[0].removeprefix("tests/").partition("/")
        if package == "browser":
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif package == "api":
            item.add_marker(pytest.mark.xdist_group(f"api-{module}"))


def pytest_collection_finish() -> None:
    """What the modules of the tests made stays until the end, so the collector need not walk it."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: an archive holds the time it was written, so its content
    would give a test another name in each worker, and xdist then refuses to start."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def _kept_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What commands keep of rulebooks stays with this run."""
    os.environ["ADMISSION_CACHE"] = str(tmp_path_factory.mktemp("kept", numbered=False) / "cache")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """The same argon2 with less work: hundreds of accounts are made. Servers started as processes
    of their own, and ``test_passwords_cost_what_is_recommended``, use the real cost."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.store.passwords._hasher", lambda: cheap)
        yield
