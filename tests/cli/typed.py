"""The command line as somebody types it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess

from typer.testing import CliRunner, Result

from api.commands.app import app
from tests.support import ROOT

ADMISSION = [sys.executable, "-c", "from api.commands.app import app; app()"]
R36 = "examples/r36-acid-mist-purifier.yaml"
D01 = "examples/d01-complete-good.yaml"


def start(*args: str | Path, code: int = 0, cwd: Path = ROOT) -> CompletedProcess[str]:
    """Run the command as a process; the exit code is part of every expectation."""
    done = subprocess.run(
        [*ADMISSION, *map(str, args)], cwd=cwd, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def run(*args: str | Path, code: int = 0, cwd: Path = ROOT) -> Result:
    """The same in this process, which saves a start of more than a second."""
    with chdir(cwd):
        done = CliRunner().invoke(app, [*map(str, args)])
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def flat(text: str) -> str:
    """Output without the table's lines and folds, to look for words in."""
    return "".join(c for c in text if c not in " \n│")
