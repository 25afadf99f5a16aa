"""The bill of materials, the audit's reading of what tools answer, and the wheel built twice."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts import sbom
from scripts.audit import Outcome, outcome
from scripts.wheels import environment, needed
from tests.support import ROOT


def test_the_bill_names_what_is_installed_and_what_is_in_the_pages(tmp_path: Path) -> None:
    path, again = tmp_path / "one.json", tmp_path / "two.json"
    count = sbom.write(path)
    assert sbom.write(again) == count
    assert path.read_bytes() == again.read_bytes()
    bill = json.loads(path.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    named = {c["purl"].partition("@")[0] for c in bill["components"] if "purl" in c}
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    wanted = {f"pkg:pypi/{p['name']}" for p in needed(lock, environment((3, 11), "x86_64"))}
    assert wanted <= named
    assert {"pkg:npm/htmx.org", "pkg:npm/echarts"} <= named
    assert not {"pkg:pypi/pytest", "pkg:npm/esbuild", "pkg:npm/axe-core"} & named
    for component in bill["components"]:
        if component.get("purl", "").startswith("pkg:npm/"):
            (kept,) = component["hashes"]
            assert (kept["alg"], len(kept["content"])) == ("SHA-512", 128)


@pytest.mark.parametrize(
    ("code", "printed", "means"),
    [
        (0, "found 0 vulnerabilities", Outcome.CLEAN),
        (1, "1 critical severity vulnerability in echarts", Outcome.FOUND),
        (1, "npm error audit endpoint returned an error", Outcome.SILENT),
        (2, "cause: dns error", Outcome.SILENT),
        (1, "1 vulnerability: the network connection timed out", Outcome.FOUND),
    ],
)
def test_no_answer_is_neither_clean_nor_a_finding(code: int, printed: str, means: Outcome) -> None:
    assert outcome(code, printed) is means


@pytest.mark.soak
def test_the_wheel_is_the_same_however_often_it_is_built(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        command = [sbom.UV, "build", "--wheel", "--quiet", "-o", tmp_path / name]
        subprocess.run(command, cwd=ROOT, check=True)
        (wheel,) = (tmp_path / name).glob("*.whl")
        digests.add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert len(digests) == 1
