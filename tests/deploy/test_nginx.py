"""The nginx example, parsed by nginx and run before a real service."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.deploy.test_deploy import without
from tests.oidc.process import free_port
from tests.support import PATIENCE, ROOT

# Where the same nginx answers without encryption.
PLAIN: dict[str, str] = {}
EXAMPLE = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")


def configuration(directory: Path, plain: int, port: int, service: int) -> Path:
    """The example within a whole configuration that needs no rights, on other ports."""
    site = (
        EXAMPLE.replace("listen [::]:80;", "")
        .replace("listen [::]:443 ssl;", "")
        .replace("listen 80;", f"listen 127.0.0.1:{plain};")
        .replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
        .replace("127.0.0.1:8000", f"127.0.0.1:{service}")
        .replace("/etc/ssl/admission/fullchain.pem", f"{directory}/cert.pem")
        .replace("/etc/ssl/admission/privkey.pem", f"{directory}/key.pem")
    )
    (directory / "admission.conf").write_text(site, "utf-8")
    places = "".join(
        f"{kind}_temp_path {directory}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = directory / "nginx.conf"
    whole.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\npid {directory}/nginx.pid;\ndaemon off;\nerror_log {directory}/error.log;\n"
        "events {}\nhttp {\naccess_log off;\n"
        f"{places}include {directory}/admission.conf;\n}}\n",
        "utf-8",
    )
    return whole


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The address of nginx by the example, and the port that it passes to, where nobody is yet."""
    if shutil.which("nginx") is None or shutil.which("openssl") is None:
        without("nginx and openssl are needed: apt-get install nginx-light openssl")
    directory = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=x",
            "-keyout",
            f"{directory}/key.pem",
            "-out",
            f"{directory}/cert.pem",
        ],
        check=True,
        capture_output=True,
    )
    plain, port, service = free_port(), free_port(), free_port()
    whole = configuration(directory, plain, port, service)
    command = ["nginx", "-p", str(directory), "-c", str(whole), "-e", f"{directory}/error.log"]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "[warn]" not in tried.stderr.replace('the "user" directive', "")
    process = subprocess.Popen(command)
    address = f"https://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                get(address, "/healthz")
                break
            except httpx2.HTTPError:
                assert process.poll() is None
                time.sleep(0.05)
        PLAIN[address] = f"http://127.0.0.1:{plain}"
        yield address, service
    finally:
        process.terminate()
        process.wait(PATIENCE)


def unchecked() -> ssl.SSLContext:
    """For a certificate that was made for the test."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


UNCHECKED = unchecked()


def get(address: str, path: str) -> httpx2.Response:
    with httpx2.Client(verify=UNCHECKED, timeout=60) as client:
        return client.get(f"{address}{path}")


def post(address: str, path: str, size: int) -> httpx2.Response:
    with httpx2.Client(verify=UNCHECKED, timeout=120) as client:
        kind = {"content-type": "application/json"}
        return client.post(f"{address}{path}", content=b"x" * size, headers=kind)


def test_programs_are_not_led_on_from_http(nginx: tuple[str, int]) -> None:
    """A key that was sent in the clear once would go on being sent so, if a redirect followed."""
    plain = PLAIN[nginx[0]]
    sent = httpx2.get(f"{plain}/api/v1/projects", headers={"authorization": "Bearer adk_x"})
    assert (sent.status_code, sent.json()["status"]) == (403, 403)
    assert "请改用 https" in sent.json()["detail"]
    assert sent.headers["content-type"].startswith("application/problem+json")
    page = httpx2.get(f"{plain}/projects?q=1")
    assert (page.status_code, page.headers["location"].split("/", 3)[3]) == (301, "projects?q=1")


def test_while_the_service_is_away_nginx_says_so(nginx: tuple[str, int]) -> None:
    address, _ = nginx
    answer = get(address, "/api/v1/rules")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json; charset=utf-8"
    assert answer.json()["detail"] == "服务正在启动或升级，请稍后重试"
    assert "正在启动或升级" in get(address, "/projects").text


def test_before_a_real_service(nginx: tuple[str, int], tmp_path: Path) -> None:
    """What is too large is 413 everywhere, also just above the limit; the rest goes through."""
    address, port = nginx
    env = {
        **os.environ,
        "ADMISSION_DATABASE_URL": f"sqlite:///{tmp_path}/a.db",
        "ADMISSION_ENGINE": "reference",
        "ADMISSION_LOG_LEVEL": "ERROR",
        "ADMISSION_TRUST_FORWARDED": "true",
    }
    command = [sys.executable, "-c", "from api.commands.app import app; app()", "serve"]
    process = subprocess.Popen([*command, "--port", str(port)], env=env, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert "已启动" in process.stdout.readline().decode()
        assert get(address, "/").status_code == 200
        assert get(address, "/readyz").json() == {"status": "ok"}
        assert get(address, "/metrics").status_code == 200
        for path, limit in (
            ("/api/v1/projects", 2_000_000),
            ("/api/v1/evaluations", 2_000_000),
            ("/assess/upload", 2_000_000),
            ("/api/v1/tasks/1/attachments", 10_000_000),
            ("/tasks/1/opinion", 52_000_000),
        ):
            for size in (limit + 1, 2 * limit):
                answer = post(address, path, size)
                assert answer.status_code == 413, (path, size, answer.text[:200])
            if path.startswith("/api/"):
                assert answer.json()["title"] == "请求体过大"
            within = post(address, path, limit)
            assert within.status_code in (400, 401, 403, 415, 422), (path, within.status_code)
        assert post(address, "/api/v1/evaluations:batch", 300_000_001).status_code == 413
        assert post(address, "/api/v1/evaluations:batch", 3_000_000).status_code != 413
    finally:
        process.terminate()
        process.wait(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()
