"""The offline bundle: made by its command, installed without network, and it works."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from scripts.bundle import LOCK, pack, requirements
from tests.support import ROOT

RUNNING = ".".join(map(str, sys.version_info[:2]))


def test_every_dependency_is_named_with_its_hashes_for_either_machine() -> None:
    lock = tomllib.loads(LOCK.read_text("utf-8"))
    for machine in ("x86_64", "aarch64"):
        lines = requirements(lock, (3, 12), machine)
        assert len(lines) > 40
        assert all("==" in line and "--hash=sha256:" in line for line in lines)
        assert not any(line.startswith(("pytest", "durable-rules", "pyspark")) for line in lines)


@pytest.mark.soak
def test_it_is_made_and_installed_without_network(tmp_path: Path) -> None:
    path = pack(tmp_path, RUNNING, platform.machine())
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / path.name.removesuffix(".tar.gz")
    alone = ["unshare", "--net"] if os.geteuid() == 0 and shutil.which("unshare") else []
    kept = ("PIP_", "UV_", "ADMISSION_", "PYTHON")
    env = {k: v for k, v in os.environ.items() if not k.startswith(kept)}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/"}
    target = tmp_path / "opt"
    install = [*alone, "sh", "install.sh", str(target), sys.base_prefix + "/bin/python3"]
    done = subprocess.run(install, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "project-admission" in done.stdout
    admission = target / ".venv" / "bin" / "admission"
    example = ROOT / "examples" / "d01-complete-good.yaml"
    judged = subprocess.run(
        [*alone, admission, "evaluate", example],
        capture_output=True, text=True, env=env, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "准入" in judged.stdout
    # What was altered on the way is not installed.
    with (root / "operations.md").open("a", encoding="utf-8") as changed:
        changed.write("x")
    again = subprocess.run(install, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "没有安装" in again.stderr
