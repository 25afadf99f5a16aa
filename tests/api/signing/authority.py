"""A time-stamping authority of our own: OpenSSL's, behind HTTP on this machine."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[stamp]
dir = .
serial = serial
default_policy = 1.2.3.4.1
signer_digest = sha256
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def _openssl(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)


def made(directory: Path) -> Path:
    """An authority's keys and certificates in a directory; its root certificate."""
    (directory / "conf").write_text(CONFIG)
    (directory / "serial").write_text("01\n")
    new = ("req", "-new", "-nodes", "-newkey", "rsa:2048", "-config", "conf")
    root = (*new, "-x509", "-days", "30", "-extensions", "ca", "-subj", "/CN=root")
    _openssl(directory, *root, "-keyout", "root.key", "-out", "root.pem")
    _openssl(directory, *new, "-subj", "/CN=tsa", "-keyout", "tsa.key", "-out", "tsa.csr")
    signing = ("x509", "-req", "-days", "30", "-CA", "root.pem", "-CAkey", "root.key")
    asked = ("-in", "tsa.csr", "-extfile", "conf", "-extensions", "tsa", "-out", "tsa.pem")
    _openssl(directory, *signing, "-CAcreateserial", *asked)
    return directory / "root.pem"


@contextmanager
def authority(directory: Path) -> Iterator[str]:
    """The address of the authority whose keys ``made`` has put in the directory."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            (directory / "query").write_bytes(query)
            reply = ("ts", "-reply", "-config", "conf", "-section", "stamp", "-queryfile", "query")
            keys = ("-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply")
            _openssl(directory, *reply, *keys)
            body = (directory / "reply").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
