"""The command line as somebody types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

ADMISSION = [sys.executable, "-c", "from api.commands.app import app; app()"]
R36 = "examples/r36-acid-mist-purifier.yaml"
D01 = "examples/d01-complete-good.yaml"


def run(*args: str | Path, code: int = 0, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command; the exit code is part of every expectation."""
    done = subprocess.run(
        [*ADMISSION, *map(str, args)], cwd=cwd, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def flat(text: str) -> str:
    """Output without the table's lines and folds, to look for words in."""
    return "".join(c for c in text if c not in " \n│")
