"""Runs a Dockerfile's instructions in order in a scratch directory, where there is no Docker.

Every stage has the same path, so that what a stage leaves behind has the paths it was made with;
when a stage is done it is moved away for ``COPY --from``. Paths of the image are written anew below
the scratch root. What would change this machine (packages, users) is not run, by a closed list.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

# Done by the machine already, or only to the image's own files.
LEFT_OUT = ("apt-get ", "pip install ", "useradd ", "chown ", "rm -rf /var/lib/apt")
IMAGE_PATH = re.compile(r"(?<![\w./-])/(?=(?:opt|data)\b)")


@dataclass
class Stage:
    """What a stage came to: its files and its settings."""

    name: str
    image: str
    root: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions with their arguments, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    out = []
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            out.append((word, rest.strip()))
    return out


class Build:
    """One build of ``dockerfile`` with the files of ``context``; ``path`` is searched for commands."""

    def __init__(self, dockerfile: Path, context: Path, scratch: Path, path: str) -> None:
        self.steps = instructions(dockerfile.read_text("utf-8"))
        self.context, self.scratch, self.path = context, scratch, path
        self.root = scratch / "root"
        self.done: dict[str, Path] = {}
        self.bases: list[str] = []
        self.ignored = [
            line.strip()
            for line in (context / ".dockerignore").read_text("utf-8").splitlines()
            if line.strip() and not line.startswith("#")
        ]

    def run(self) -> Stage:
        """The last stage."""
        stage: Stage | None = None
        given: dict[str, str] = {}
        for word, rest in self.steps:
            if word == "ARG" and stage is None:
                name, _, value = rest.partition("=")
                given[name] = value
                continue
            if word == "FROM":
                if stage is not None:
                    self._keep(stage)
                image, _, name = Template(rest).substitute(given).partition(" AS ")
                self.bases.append(image)
                self.root.mkdir(parents=True)
                stage = Stage(name or "last", image, self.root)
                continue
            assert stage is not None, "FROM comes first"
            getattr(self, f"_{word.lower()}")(stage, rest)
        assert stage is not None
        return stage

    def _keep(self, stage: Stage) -> None:
        kept = self.scratch / "stages" / stage.name
        kept.parent.mkdir(exist_ok=True)
        stage.root.rename(kept)
        self.done[stage.name] = kept

    def _inside(self, stage: Stage, path: str) -> Path:
        return stage.root / (path if path.startswith("/") else f"{stage.workdir}/{path}").lstrip(
            "/"
        )

    def _translated(self, text: str) -> str:
        return IMAGE_PATH.sub(f"{self.root}/", text)

    def variables(self, stage: Stage) -> dict[str, str]:
        """The environment of the stage's commands on this machine."""
        # How this machine reaches its registries stays; what it has set for the service does not.
        own = ("ADMISSION_", "VIRTUAL_ENV", "PYTEST", "PYTHON")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        return {**kept, "PATH": self.path, **stage.environment}

    def _workdir(self, stage: Stage, rest: str) -> None:
        stage.workdir = rest
        self._inside(stage, rest).mkdir(parents=True, exist_ok=True)

    def _env(self, stage: Stage, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            value = self._translated(value).replace(
                "sqlite:////data", f"sqlite:///{self.root}/data"
            )
            stage.environment[name] = value.replace("$PATH", self.path)

    def _copy(self, stage: Stage, rest: str) -> None:
        words = rest.split()
        source = self.context
        if words[0].startswith("--from="):
            source = self.done[words.pop(0).removeprefix("--from=")]
        *names, target = words
        place = self._inside(stage, target)
        for name in names:
            found = source / name.lstrip("/")
            assert found.exists(), f"COPY {name}: there is no such file"
            if found.is_dir():
                skip = self._skip if source == self.context else None
                shutil.copytree(found, place, ignore=skip, dirs_exist_ok=True, symlinks=True)
            else:
                whole = place / found.name if target.endswith("/") else place
                whole.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, whole)

    def _skip(self, directory: str, names: list[str]) -> set[str]:
        below = Path(directory).relative_to(self.context)
        return {n for n in names if self._is_ignored((below / n).as_posix())}

    def _is_ignored(self, path: str) -> bool:
        for pattern in self.ignored:
            anywhere = pattern.removeprefix("**/")
            name = path.rpartition("/")[2]
            if pattern == path or (anywhere != pattern and fnmatch.fnmatch(name, anywhere)):
                return True
        return False

    def _run(self, stage: Stage, rest: str) -> None:
        for part in rest.split(" && "):
            # Later parts of a chain follow a change of directory.
            if part.startswith(LEFT_OUT):
                continue
            stage.ran.append(part)
        wanted = " && ".join(p for p in rest.split(" && ") if not p.startswith(LEFT_OUT))
        if wanted:
            subprocess.run(
                self._translated(wanted),
                shell=True,
                cwd=self._inside(stage, "."),
                check=True,
                env=self.variables(stage),
            )

    def _arg(self, stage: Stage, rest: str) -> None:
        name, _, value = rest.partition("=")
        stage.environment.setdefault(name, value)

    def _cmd(self, stage: Stage, rest: str) -> None:
        stage.command = json.loads(rest)

    def _healthcheck(self, stage: Stage, rest: str) -> None:
        stage.environment["HEALTHCHECK"] = rest.partition("CMD ")[2]

    def _user(self, stage: Stage, rest: str) -> None:
        stage.environment["USER"] = rest

    def _volume(self, stage: Stage, rest: str) -> None:
        self._inside(stage, rest).mkdir(parents=True, exist_ok=True)

    def _expose(self, stage: Stage, rest: str) -> None:
        stage.environment["EXPOSED"] = rest

    def _stopsignal(self, stage: Stage, rest: str) -> None:
        stage.environment["STOPSIGNAL"] = rest
