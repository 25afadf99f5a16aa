"""One archive to install the service from where there is no network.

``python -m scripts.bundle`` (or ``make bundle``) writes ``dist/admission-<version>-<machine>-py<python>.tar.gz``:
the program with its pages, every dependency of the lock file as a wheel for the chosen machine and
Python on Debian 12, the examples of ``deploy/``, a bill of materials, checksums, and ``install.sh``, which checks them.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from scripts import sbom
from scripts.wheels import COMPILED, MACHINES, PYTHONS, ROOT, environment, needed, platforms

LOCK = ROOT / "uv.lock"
TOOLS = ROOT / ".tools" / "bin"
GIVEN = ("admission.env.example", "admission.service", "nginx.conf")
NAMED = [f"{major}.{minor}" for major, minor in PYTHONS]


def requirements(lock: dict[str, Any], python: tuple[int, int], machine: str) -> list[str]:
    """A line with version and hashes for each dependency that has a wheel."""
    lines = []
    for package in needed(lock, environment(python, machine), extras=()):
        if package["name"] in COMPILED:
            continue
        hashes = " ".join(f"--hash={w['hash']}" for w in package["wheels"])
        lines.append(f"{package['name']}=={package['version']} {hashes}")
    return sorted(lines)


def compiled(lock: dict[str, Any]) -> list[str]:
    """What there is no wheel of, with its version."""
    return [f"{p['name']}=={p['version']}" for p in lock["package"] if p["name"] in COMPILED]


def _run(*command: str | Path) -> None:
    subprocess.run([str(c) for c in command], check=True, cwd=ROOT)


def collect(wheels: Path, python: str, machine: str) -> None:
    """Fill a directory with everything that is installed."""
    lock = tomllib.loads(LOCK.read_text("utf-8"))
    major, minor = (int(n) for n in python.split("."))
    pip = [TOOLS / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "requirements.txt"
        listed.write_text("\n".join(requirements(lock, (major, minor), machine)) + "\n", "utf-8")
        places = [f"--platform={tag}" for tag in platforms(machine)]
        chosen = ["--only-binary=:all:", "--no-deps", f"--python-version={python}", *places]
        _run(*pip, "download", *chosen, "--require-hashes", "-r", listed, "-d", wheels)
    # Compiled here, so for this machine and this Python only.
    _run(*pip, "wheel", "--no-deps", *compiled(lock), "-w", wheels)
    _run(TOOLS / "uv", "build", "--wheel", "--quiet", "-o", wheels)
    (wheels / ".gitignore").unlink(missing_ok=True)


def pack(out: Path, python: str, machine: str) -> Path:
    """Write the archive into ``out``."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    name = f"admission-{version}-{machine}-py{python}"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / name
        (root / "deploy").mkdir(parents=True)
        (root / "wheels").mkdir()
        collect(root / "wheels", python, machine)
        for given in GIVEN:
            shutil.copy2(ROOT / "deploy" / given, root / "deploy")
        shutil.copy2(ROOT / "docs" / "operations.md", root)
        shutil.copy2(ROOT / "deploy" / "offline" / "install.sh", root)
        sbom.write(root / "sbom.cdx.json")
        (root / "PYTHON").write_text(f"{python}\n", "utf-8")
        (root / "MACHINE").write_text(f"{machine}\n", "utf-8")
        files = sorted(p for p in root.rglob("*") if p.is_file())
        sums = [
            f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(root)}" for p in files
        ]
        (root / "SHA256SUMS").write_text("\n".join(sums) + "\n", "utf-8")
        path = out / f"{name}.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            archive.add(root, name)
    return path


def main() -> int:
    """Parse the command line and write the archive."""
    here, running = platform.machine(), ".".join(map(str, sys.version_info[:2]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", choices=NAMED, default=running)
    parser.add_argument("--machine", choices=MACHINES, default=here)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    asked = parser.parse_args()
    if not (ROOT / "api" / "static" / "app.js").is_file():
        print("the pages are not built: make setup", file=sys.stderr)
        return 1
    if (asked.python, asked.machine) != (running, here):
        # Nobody can compile for another machine here.
        names = "、".join(sorted(COMPILED))
        print(
            f"{names} is compiled where the bundle is made: make it with Python {asked.python} "
            f"on {asked.machine}; this is {running} on {here}",
            file=sys.stderr,
        )
        return 1
    path = pack(asked.out, asked.python, asked.machine)
    print(f"{path}: {path.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
