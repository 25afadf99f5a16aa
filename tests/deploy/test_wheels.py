"""The lock file installs on Debian 12, x86-64 and aarch64, without a compiler."""

from __future__ import annotations

import tomllib

import pytest

from scripts.wheels import MACHINES, PYTHONS, environment, missing, needed
from tests.support import ROOT

LOCK = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_everything_has_a_wheel(python: tuple[int, int], machine: str) -> None:
    assert missing(LOCK, python, machine) == []


def test_what_a_run_needs_is_found_and_nothing_else() -> None:
    names = {p["name"] for p in needed(LOCK, environment((3, 11), "x86_64"), extras=())}
    assert {"sqlalchemy", "z3-solver", "psycopg-binary", "durable-rules"} <= names
    assert not {"pytest", "hypothesis", "pyspark"} & names
    assert "pyspark" in {p["name"] for p in needed(LOCK, environment((3, 11), "x86_64"))}


def test_a_wheel_for_a_newer_glibc_is_noticed() -> None:
    lock = tomllib.loads(
        (ROOT / "uv.lock")
        .read_text("utf-8")
        .replace("manylinux_2_34_aarch64", "manylinux_2_38_aarch64")
    )
    (line,) = [x for x in missing(lock, (3, 11), "aarch64") if x.startswith("z3-solver")]
    assert "aarch64" in line
    assert "2.36" in line
