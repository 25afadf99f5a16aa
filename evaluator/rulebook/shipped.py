"""Where the rulebook is: the one given by setting, the repository's, or the one in the wheel."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

SETTING = "ADMISSION_RULEBOOK"


def rulebook_path(given: str | os.PathLike[str] | None = None) -> Path:
    """The rulebook directory: ``given``, else the setting, else the shipped one."""
    chosen = given or os.environ.get(SETTING)
    if chosen:
        return Path(chosen)
    packaged = Path(str(resources.files("evaluator"))) / "_rulebook"
    if packaged.is_dir():
        return packaged
    return Path(str(resources.files("evaluator"))).parent


def examples_path() -> Path:
    """The directory of the shipped example projects, whatever rulebook is in use."""
    package = Path(str(resources.files("evaluator")))
    packaged = package / "_rulebook" / "examples"
    return packaged if packaged.is_dir() else package.parent / "examples"
