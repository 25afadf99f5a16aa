"""Writes the commit into the wheel as ``api/COMMIT``, which ``admission --version`` tells.

Run by hatchling, in an environment of its own: only the standard library and hatchling are there. In
an image build there is no repository; the commit is then given as ``ADMISSION_COMMIT``.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):  # type: ignore[type-arg, misc]
    """The hook of ``[tool.hatch.build.targets.wheel.hooks.custom]``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file, except to an editable install, which asks Git when it is asked."""
        commit = os.environ.get("ADMISSION_COMMIT") or _asked(Path(self.root))
        if version == "editable" or not commit:
            return
        directory = tempfile.mkdtemp(prefix="admission-commit-")
        path = Path(directory) / "COMMIT"
        path.write_text(f"{commit}\n", "utf-8")
        build_data["force_include"][str(path)] = "api/COMMIT"


def _asked(root: Path) -> str:
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
