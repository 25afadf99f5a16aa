"""The anonymous worst case: what another client waits for while somebody attacks.

    python -m benchmarks.service_attacks [--workers 2] [--seconds 6] [NAME ...]

A server of its own is started. Each attack runs from four connections of 127.0.0.1 for some seconds; a
client at 127.0.0.2 asks /healthz and for a verdict in turn, on a new connection each time. Printed is a
row for each attack: how often it was answered and with what, and of the other client the number of
answers and the longest wait for each.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
BASE = {"project_id": "x", "project_name": "y", "submitted_on": "2026-01-01"}
ATTACKERS = 4
URL = "/api/v1/evaluations"


def ask(
    port: int, source: str, method: str, path: str, body: bytes = b"", kind: str = JSON
) -> tuple[int, int]:
    """Status and length of an answer, on a connection of its own."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=60, source_address=(source, 0)
    )
    try:
        connection.request(method, path, body or None, {"content-type": kind} if body else {})
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    finally:
        connection.close()


def _cells(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
            '.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        )
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
            "</sheets></workbook>",
        )
        rows = "".join(
            f"<row>{'<c><v>1</v></c>' * 100}</row>" for _ in range(min(count // 100, 1000))
        )
        times = max(1, count // 100_000)
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{rows * times}</sheetData></worksheet>',
        )
    return out.getvalue()


def _parquet(rows: int) -> bytes:
    out = io.BytesIO()
    table = pa.table({name: pa.array([value] * rows) for name, value in BASE.items()})
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _multipart(data: bytes) -> tuple[bytes, str]:
    head = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    body = (
        head % (b"csrf", b"", b"") + head % (b"file", b'; filename="a.xlsx"', data) + b"--b--\r\n"
    )
    return body, "multipart/form-data; boundary=b"


def attacks() -> dict[str, tuple[str, bytes, str]]:
    """By name: address, body and its kind."""
    codes = [f"{n:06d}" for n in range(150_000)]
    many, more = _multipart(_cells(1_900_000)), _multipart(_cells(7_000_000))
    keys = "".join(f"k{n}: 1%0A" for n in range(60_000))
    tried = f"csrf=&layer=base&file=criteria.yaml&text={keys}".encode()
    return {
        "nothing": ("/healthz", b"", JSON),
        "150,000 codes": (URL, json.dumps({**BASE, "product_codes": codes}).encode(), JSON),
        "49,000 codes": (URL, json.dumps({**BASE, "product_codes": codes[:49_000]}).encode(), JSON),
        "150,000 unknown keys": (URL, json.dumps(dict.fromkeys(codes, 1)).encode(), JSON),
        "49,000 unknown keys": (URL, json.dumps(dict.fromkeys(codes[:49_000], 1)).encode(), JSON),
        "700,000 empty objects": (URL, b"[" + b"{}," * 650_000 + b"{}]", JSON),
        "200,000 brackets": (URL, b"[" * 200_000, JSON),
        "workbook of 7,000,000 cells": ("/assess/upload", *more),
        "workbook of 1,900,000 cells": ("/assess/upload", *many),
        "Parquet of 1,000,000 rows in a few kB": (f"{URL}:batch", _parquet(1_000_000), PARQUET),
        "Parquet of 20,000 rows in a few kB": (f"{URL}:batch", _parquet(20_000), PARQUET),
        "rulebook of 60,000 keys": ("/rules/try/check", tried, FORM),
        "form of 500,000 fields": ("/assess/result", b"a=b&" * 490_000, FORM),
        "OpenAPI document": ("/api/v1/openapi.json", b"", JSON),
        "template": ("/assess/template.xlsx", b"", JSON),
        "examples": ("/examples", b"", JSON),
        "half heads": ("", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", ""),
        "half bodies": ("", b"POST " + URL.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
                        b"\r\nContent-Length: 1000000\r\n\r\n{", ""),
        "half batches": ("", b"POST " + URL.encode() + b":batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/"
                         b"x-ndjson\r\nContent-Length: 1000000\r\n\r\n{", ""),
    }  # fmt: skip


class Load:
    """One attack under way."""

    def __init__(self, port: int, path: str, body: bytes, kind: str) -> None:
        self.port, self.path, self.body, self.kind = port, path, body, kind
        self.over = threading.Event()
        self.answers: Counter[str] = Counter()
        work: Callable[[], None] = self._ask if path else self._hold
        self.threads = [threading.Thread(target=work, daemon=True) for _ in range(ATTACKERS)]
        for thread in self.threads:
            thread.start()

    def _ask(self) -> None:
        while not self.over.is_set():
            try:
                method = "POST" if self.body else "GET"
                status, _ = ask(self.port, "127.0.0.1", method, self.path, self.body, self.kind)
                self.answers[str(status)] += 1
            except OSError as error:
                self.answers[type(error).__name__] += 1
                time.sleep(0.05)

    def _hold(self) -> None:
        held = []
        for _ in range(500 // ATTACKERS):
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), 10)
                connection.sendall(self.body)
                held.append(connection)
                self.answers["held"] += 1
            except OSError as error:
                self.answers[type(error).__name__] += 1
        self.over.wait()
        for connection in held:
            connection.close()

    def end(self) -> None:
        """Stop asking; what is under way is left to the server."""
        self.over.set()
        for thread in self.threads:
            thread.join(60)


def other(port: int, seconds: float, dossier: dict[str, Any]) -> dict[str, list[float]]:
    """What the other client waits for, in seconds."""
    waits: dict[str, list[float]] = {"healthz": [], "verdict": []}
    end, n = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        n += 1
        # Every dossier is a new one: nothing is answered from memory.
        body = json.dumps({**dossier, "project_id": f"other-{n}"}).encode()
        for name, asked in (
            ("healthz", ("GET", "/healthz", b"")),
            ("verdict", ("POST", URL, body)),
        ):
            start = time.monotonic()
            status, _ = ask(port, "127.0.0.2", *asked)
            waits[name].append(time.monotonic() - start if status == 200 else float("inf"))
        time.sleep(0.02)
    return waits


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=6.0)
    args = parser.parse_args()
    from tests.api.support import example

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        env = {
            **os.environ,
            "ADMISSION_DATABASE_URL": f"sqlite:///{directory}/a.db",
            "ADMISSION_PORT": str(port),
            "ADMISSION_LOG_LEVEL": "ERROR",
            "ADMISSION_RATE_LIMIT": "0",
        }
        code = "from api.commands.app import app; app()"
        command = [sys.executable, "-c", code, "serve", "--workers", str(args.workers)]
        server = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
        try:
            for _ in range(600):
                try:
                    if ask(port, "127.0.0.1", "GET", "/readyz")[0] == 200:
                        break
                except OSError:
                    time.sleep(0.1)
            print(
                "| 攻击 | 答复 | 另一客户端的答复 | /healthz 最长 | 结论最长 |\n| --- | --- | --- | --- | --- |"
            )
            for name, given in attacks().items():
                if args.names and name not in args.names:
                    continue
                load = Load(port, *given)
                time.sleep(0.5)
                waits = other(port, args.seconds, example("d01"))
                load.end()
                told = "，".join(f"{k} × {v}" for k, v in sorted(load.answers.items()))
                count = sum(map(len, waits.values()))
                longest = " | ".join(f"{max(w) * 1000:.0f} 毫秒" for w in waits.values())
                print(f"| {name} | {told} | {count} | {longest} |", flush=True)
                time.sleep(1)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


if __name__ == "__main__":
    main()
