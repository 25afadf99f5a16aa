"""What is delivered for installing: the image's steps run in order, the systemd unit verified."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from api.settings import Settings
from tests.deploy.dockerfile import Build, instructions
from tests.oidc.process import free_port
from tests.support import ROOT, without

DEPLOY = ROOT / "deploy"


# --- image -----------------------------------------------------------------------------------


@pytest.mark.soak
def test_the_image_is_built_step_by_step_and_serves(tmp_path: Path) -> None:
    uv = ROOT / ".tools" / "bin"
    if not (uv / "uv").is_file() or shutil.which("npm") is None:
        without("uv (make setup) and npm are needed")
    node, python = str(Path(shutil.which("node") or "").parent), f"{sys.base_prefix}/bin"
    path = ":".join([str(uv), python, node, "/usr/bin", "/bin"])
    build = Build(DEPLOY / "Dockerfile", ROOT, tmp_path, path)
    image = build.run()
    assert build.bases == ["node:20-bookworm-slim", *["python:3.11-slim-bookworm"] * 2]
    assert image.command == ["admission", "serve"]
    # Nothing but the program: no tests, no data, no environment of this machine.
    built = build.done["build"] / "opt" / "admission"
    for name in ("tests", "var", ".git", ".tools", "benchmarks", "web/node_modules"):
        assert not (built / name).exists(), name
    environment = {**build.variables(image), "HOME": str(tmp_path)}
    environment["PATH"] = f"{image.root}/opt/admission/.venv/bin:/usr/bin:/bin"
    which = shutil.which("admission", path=environment["PATH"])
    assert which == f"{image.root}/opt/admission/.venv/bin/admission"
    # The image has only what a run needs.
    for absent in ("pytest", "ruff", "mypy"):
        assert not (image.root / "opt/admission/.venv/bin" / absent).exists()
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [which, *image.command[1:], "--port", str(port)],
            cwd=image.root / "data",
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        health = json.loads(environment["HEALTHCHECK"])
        health = [part.replace(":8000", f":{port}") for part in health]
        end = time.monotonic() + 600
        while subprocess.run(health, env=environment, capture_output=True).returncode != 0:
            assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
            assert time.monotonic() < end, "the health check never held"
            time.sleep(0.5)
        address = f"http://127.0.0.1:{port}"
        shown = httpx2.get(f"{address}/")
        assert shown.status_code == 200
        for asset in set(re.findall(r'"(/static/[^"]+)"', shown.text)):
            assert httpx2.get(f"{address}{asset}").status_code == 200, asset
            assert not asset.endswith("?v=0"), "the page names an asset that was not built"
        judged = httpx2.post(f"{address}/api/v1/evaluations", json={"project_name": "x"})
        assert judged.status_code in (200, 422)
        assert (image.root / "data" / "admission.db").is_file()
    finally:
        process.send_signal(getattr(signal, image.environment["STOPSIGNAL"]))
        # The server ends its work, and then by the signal that it was sent.
        assert process.wait(40) in (0, -signal.SIGTERM)


def test_the_image_takes_no_more_than_it_names() -> None:
    steps = instructions((DEPLOY / "Dockerfile").read_text("utf-8"))
    assert [rest for word, rest in steps if word == "USER"] == ["admission"]
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {".venv", ".git", "var", "**/node_modules", "tests"} <= set(ignored)


# --- systemd ---------------------------------------------------------------------------------


def unit() -> str:
    return (DEPLOY / "admission.service").read_text("utf-8")


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        without("systemd-analyze is needed: apt-get install systemd")
    path = tmp_path / "admission.service"
    # The program is not installed where the unit expects it.
    path.write_text(unit().replace("/opt/admission/.venv/bin/admission", "/bin/true"), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    path.write_text(unit().replace("ProtectHome=true", "ProtectHom=true"), "utf-8")
    wrong = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=300
    )
    assert "ProtectHom" in wrong.stderr


def test_the_unit_stops_as_the_server_does() -> None:
    from api.commands.server import LAST_SECONDS
    from api.settings import Settings

    seconds = int(re.findall(r"^TimeoutStopSec=(\d+)$", unit(), re.MULTILINE)[0])
    assert seconds > Settings.model_fields["grace_seconds"].default + LAST_SECONDS
    assert "KillSignal" not in unit()


def test_the_example_names_settings_that_there_are() -> None:
    lines = (DEPLOY / "admission.env.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given
    for name in given:
        assert name.removeprefix("ADMISSION_").lower() in Settings.model_fields, name
    values = {k.removeprefix("ADMISSION_").lower(): v for k, v in given.items()}
    assert Settings(**values).cookie_secure is True  # type: ignore[arg-type]


# --- documentation ---------------------------------------------------------------------------


def test_every_setting_is_in_the_operators_table() -> None:
    table = (ROOT / "docs" / "operations.md").read_text("utf-8")
    missing = [n for n in Settings.model_fields if f"`{n.upper()}`" not in table]
    assert missing == []
