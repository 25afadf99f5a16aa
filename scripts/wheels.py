"""Whether everything in the lock file installs on Debian 12 without a compiler, for both machines.

``python -m scripts.wheels`` holds each package that a run needs (extras too, not what only developers
use) against the wheels that ``uv.lock`` names, for Python 3.11 and 3.12 on x86-64 and aarch64 with the
glibc of Debian 12, and tells those that have none. It reads the lock file and nothing else.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
GLIBC = (2, 36)
# Not 3.13: durable-rules compiles there and does not load.
PYTHONS = ((3, 11), (3, 12))
MACHINES = ("x86_64", "aarch64")
OWN = "project-admission"
# There is no wheel of it for any Linux: a compiler is needed once, where the bundle is made.
COMPILED = frozenset({"durable-rules"})
# Given out as source, but all Python: it installs without a compiler.
PURE = frozenset({"pyspark"})


def platforms(machine: str) -> list[str]:
    """The platform tags that a glibc of Debian 12 takes, the newest first."""
    newest = [f"manylinux_{GLIBC[0]}_{minor}_{machine}" for minor in range(GLIBC[1], 4, -1)]
    named = ["manylinux2014", "manylinux2010", "manylinux1"]
    return [*newest, *(f"{n}_{machine}" for n in named), f"linux_{machine}"]


def tags(python: tuple[int, int], machine: str) -> frozenset[Tag]:
    """The wheel tags that install there."""
    known = platforms(machine)
    interpreter = f"cp{python[0]}{python[1]}"
    return frozenset(
        [
            *cpython_tags(python, platforms=known),
            *compatible_tags(python, interpreter, platforms=known),
        ]
    )


def environment(python: tuple[int, int], machine: str) -> dict[str, str]:
    """What the markers of the lock file ask for."""
    short = f"{python[0]}.{python[1]}"
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{short}.0",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{short}.0",
        "python_version": short,
        "sys_platform": "linux",
        "extra": "",
    }


def needed(
    lock: dict[str, Any], where: dict[str, str], extras: Iterable[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The locked packages that a run needs there; of the program's extras all, or those given."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in lock["package"]:
        by_name.setdefault(package["name"], []).append(package)

    def chosen(edge: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "marker" in edge and not Marker(edge["marker"]).evaluate(where):
            return
        for package in by_name[edge["name"]]:
            if "version" in edge and package.get("version") != edge["version"]:
                continue
            markers = package.get("resolution-markers", ())
            if not markers or any(Marker(m).evaluate(where) for m in markers):
                yield package

    own = by_name[OWN][0]
    optional = own.get("optional-dependencies", {})
    wanted = optional if extras is None else extras
    edges = [*own.get("dependencies", ()), *(e for x in wanted for e in optional[x])]
    seen: set[tuple[str, str]] = set()
    while edges:
        edge = edges.pop()
        for package in chosen(edge):
            key = (package["name"], package["version"])
            more = [
                e
                for x in edge.get("extra", ())
                for e in package.get("optional-dependencies", {}).get(x, ())
            ]
            if key not in seen:
                seen.add(key)
                yield package
                more += package.get("dependencies", ())
            edges += more


def missing(lock: dict[str, Any], python: tuple[int, int], machine: str) -> list[str]:
    """A line for each package that has no wheel for that Python on that machine."""
    fitting = tags(python, machine)
    lines = []
    for package in sorted(needed(lock, environment(python, machine)), key=lambda p: str(p["name"])):
        names = [w["url"].rpartition("/")[2] for w in package.get("wheels", ())]
        if any(fitting & parse_wheel_filename(name)[3] for name in names):
            continue
        if package["name"] in COMPILED | PURE | {OWN}:
            continue
        linux = [n for n in names if machine in n] or names or ["only its source"]
        lines.append(
            f"{package['name']} {package['version']}: Python {python[0]}.{python[1]}, {machine}: "
            f"nothing for glibc {GLIBC[0]}.{GLIBC[1]} among {', '.join(linux[:4])}"
        )
    return lines


def main() -> int:
    """Tell what is missing; 1 where something is."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    lines = [
        x for machine in MACHINES for python in PYTHONS for x in missing(lock, python, machine)
    ]
    print("\n".join(lines) or "every package has a wheel for Debian 12 on both machines")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
