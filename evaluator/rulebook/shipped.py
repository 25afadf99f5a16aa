"""Where the rulebook is: the one given by setting, the repository's, or the one in the wheel."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

SETTING = "ADMISSION_RULEBOOK"


def rulebook_path(given: str | os.PathLike[str] | None = None) -> Path:
    """The rulebook directory: ``given``, else the setting, else the shipped one.

    A name that is no directory may be that of a shipped profile, such as ``longchang``.
    """
    chosen = given or os.environ.get(SETTING)
    if not chosen:
        return shipped_path()
    path = Path(chosen)
    profile = shipped_path() / "profiles" / path
    if path.name == str(chosen) and not path.exists() and profile.is_dir():
        return profile
    return path


def shipped_path() -> Path:
    """The rulebook that travels with the program."""
    packaged = Path(str(resources.files("evaluator"))) / "_rulebook"
    if packaged.is_dir():
        return packaged
    return Path(str(resources.files("evaluator"))).parent


def examples_path() -> Path:
    """The directory of the shipped example projects, whatever rulebook is in use."""
    package = Path(str(resources.files("evaluator")))
    packaged = package / "_rulebook" / "examples"
    return packaged if packaged.is_dir() else package.parent / "examples"
