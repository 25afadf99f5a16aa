"""Whether anything that the service is made of has a known vulnerability; ``make audit``.

Python packages are asked for at the OSV database by ``uv audit``, the npm packages of the pages at the
registry by ``npm audit``. Exit code 1 where one has a vulnerability, 75 where a database does not answer
(0 with ``--offline-ok``, which says so): no answer is not a clean answer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from scripts.wheels import ROOT

UV = ROOT / ".tools" / "bin" / "uv"
NO_ANSWER = 75
# What the tools print where nobody answers them, in lower case.
SILENT = (
    "error sending request",
    "dns error",
    "audit endpoint returned an error",
    "enotfound",
    "econnrefused",
)
COMMANDS: dict[str, tuple[tuple[str, ...], Path]] = {
    "Python": ((str(UV), "audit", "--frozen", "--no-dev", "--preview"), ROOT),
    "npm": (("npm", "audit", "--omit=dev"), ROOT / "web"),
}


class Outcome(Enum):
    CLEAN = "clean"
    FOUND = "vulnerable"
    SILENT = "no answer"


def outcome(code: int, printed: str) -> Outcome:
    """What a tool found, by its exit code and what it printed."""
    if code == 0:
        return Outcome.CLEAN
    low = printed.lower()
    return Outcome.SILENT if any(word in low for word in SILENT) else Outcome.FOUND


def ask(command: Sequence[str], where: Path) -> tuple[Outcome, str]:
    """Run one of the tools."""
    try:
        done = subprocess.run(
            command, cwd=where, check=False, capture_output=True, text=True, timeout=120
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome.SILENT, str(error)
    printed = (done.stdout + done.stderr).strip()
    return outcome(done.returncode, printed), printed


def main() -> int:
    """Ask both and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline-ok", action="store_true")
    asked = parser.parse_args()
    found = {}
    for kind, (command, where) in COMMANDS.items():
        found[kind], printed = ask(command, where)
        print(f"{kind}: {found[kind].value}")
        if found[kind] is not Outcome.CLEAN:
            print("\n".join(f"  {line}" for line in printed.splitlines()[-20:]))
    if Outcome.FOUND in found.values():
        return 1
    if Outcome.SILENT in found.values() and not asked.offline_ok:
        return NO_ANSWER
    return 0


if __name__ == "__main__":
    sys.exit(main())
