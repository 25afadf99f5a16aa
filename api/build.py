"""Which version this is, and which commit it was built from."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path

# Written into the wheel when it is built (hatch_build.py); in a working tree Git is asked.
COMMIT = "COMMIT"


@lru_cache(maxsize=1)
def commit() -> str:
    """The commit, with "+" where the working tree has changes; "unknown" where nothing tells it."""
    built = resources.files("api").joinpath(COMMIT)
    if built.is_file():
        return built.read_text("utf-8").strip() or "unknown"
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return "unknown"
    return described(root)


def described(root: Path) -> str:
    """The commit of a working tree, as ``commit`` tells it."""
    command = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def told() -> str:
    """Version and commit in a line, for people and reports."""
    return f"project-admission {version('project-admission')}（提交 {commit()}）"
