"""The nightly backup: units that systemd takes, and the script run on a real database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from api.commands.backup import read_manifest
from tests.api.support import Service, sqlite_url
from tests.support import ROOT, without

DEPLOY = ROOT / "deploy"
DAY = 86_400


def test_the_units_are_ones_that_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        without("systemd-analyze is needed: apt-get install systemd")
    for name in ("admission-backup.service", "admission-backup.timer"):
        text = (DEPLOY / name).read_text("utf-8")
        # The script is not installed where the unit expects it.
        (tmp_path / name).write_text(text.replace("/opt/admission/backup.sh", "/bin/true"), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def run(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "admission"
    env = {**os.environ, "ADMISSION": str(program), **environment}
    return subprocess.run(
        ["sh", str(DEPLOY / "backup.sh"), str(directory)],
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_it_backs_up_rehearses_encrypts_and_forgets(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        without("openssl is needed")
    url = sqlite_url(tmp_path)
    with Service(url) as service:
        service.submit("r01")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=backup"]
    subprocess.run(
        [*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    for name, age in (("admission-old.zip.cms", 32), ("admission-new.zip", 29), ("other.zip", 90)):
        (kept / name).touch()
        when = (kept / name).stat().st_mtime - age * DAY
        os.utime(kept / name, (when, when))
    done = run(kept, ADMISSION_DATABASE_URL=url, BACKUP_CERTIFICATE=str(certificate))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "恢复得出来" in done.stdout
    (fresh,) = kept.glob("admission-2*")
    assert {p.name for p in kept.iterdir()} == {fresh.name, "admission-new.zip", "other.zip"}
    assert fresh.suffix == ".cms"
    assert fresh.stat().st_mode & 0o077 == 0
    opened = tmp_path / "opened.zip"
    back = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(fresh), "-inkey", str(key)]
    subprocess.run([*back, "-out", str(opened)], check=True, capture_output=True)
    assert read_manifest(opened).rows["decisions"] == 1
    # What cannot be made is told by the exit code, and takes nothing away.
    (kept / "admission-new.zip").touch()
    broken = run(kept, ADMISSION_DATABASE_URL=f"sqlite:///{tmp_path}/none.db")
    assert broken.returncode != 0
    assert fresh.exists()
