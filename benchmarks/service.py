"""Throughput of POST /evaluations beside a bare FastAPI endpoint, in one interleaved run.

The bare endpoint validates the same bodies with the same pydantic model and returns the bytes of
one answer. Two servers (uvicorn, one worker each) take turns, so that both see the same machine:

    bare          validate, return fixed bytes
    repeated      the service, every client posting one of the example dossiers again and again
    one figure    the service, no two dossiers alike, but in the investment only
    all figures   the service, no two dossiers alike in any figure, so that hardly a finding is
                  known from before

the last two with and without the counterfactual, and all figures also for the verdict alone. With
``--old`` the service of an earlier checkout, with its own ``.venv``, takes its turns beside them.

    python -m benchmarks.service [--seconds 3] [--rounds 3] [--clients 8] [--old TREE]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

from api.commands.server import application
from api.openapi import examples_in
from api.settings import Settings
from evaluator.dossier.fields import Field, base_registry
from evaluator.dossier.values import FieldError, read_value
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import canonical_bytes, result
from evaluator.rulebook.load import load_directory

# More requests than any of them answers in a second.
MOST = 6000
ROOT = Path(__file__).parent.parent


@lru_cache(maxsize=1)
def dossiers() -> list[dict[str, Any]]:
    """The example dossiers."""
    return [entry["value"] for entry in examples_in(ROOT / "examples").values()]


def dossier_model() -> type[BaseModel]:
    """A pydantic model that reads what the service reads, for the endpoint that does no more."""

    def checked(field: Field, raw: Any) -> Any:
        try:
            return read_value(field, raw)
        except FieldError as error:
            raise ValueError(str(error)) from None

    fields: dict[str, Any] = {
        f.name: (
            Annotated[Any, BeforeValidator(partial(checked, f))],
            ... if f.required else None,
        )
        for f in base_registry().fields.values()
    }
    return create_model("Dossier", __config__=ConfigDict(extra="forbid"), **fields)


def bare() -> FastAPI:
    """The bare endpoint, on the first example dossier."""
    ruleset = load_directory(ROOT)
    model: Any = dossier_model()
    evaluator = Evaluator(ruleset, "reference")
    from api.judging.judge import Judge

    profile = Judge(ruleset, "reference").read(dossiers()[0])
    answer = canonical_bytes(result(evaluator.evaluate(profile)))
    app = FastAPI()

    async def evaluate(dossier: Any) -> Response:  # noqa: ARG001
        return Response(answer, media_type="application/json")

    # The model is made at run time: a static annotation cannot name it.
    evaluate.__annotations__ = {"dossier": model, "return": Response}
    app.post("/api/v1/evaluations")(evaluate)
    return app


def service() -> FastAPI:
    """The service with its default settings but for the rate limit, which one client would meet."""
    return application(Settings(rate_limit=0, log_level="WARNING"))


class Server:
    """A uvicorn process on a free port of 127.0.0.1."""

    def __init__(
        self, factory: str, workers: int = 1, port: int = 0, root: Path = ROOT, **env: str
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = port or probe.getsockname()[1]
        command = [
            sys.executable if root == ROOT else str(root / ".venv/bin/python"),
            "-m",
            "uvicorn",
            "--factory",
            f"benchmarks.service:{factory}",
            "--port",
            str(self.port),
            "--no-access-log",
            "--log-level",
            "warning",
        ]
        if workers > 1:
            command += ["--workers", str(workers)]
        self.process = subprocess.Popen(command, cwd=root, env={**os.environ, **env})
        for _ in range(1200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.1)
        self.process.kill()
        raise RuntimeError("server did not start")

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(30)


def _scaled(value: Any, factor: float) -> Any:
    """A figure of a dossier ("18 公顷", 4914.5) times a factor; whole numbers and texts as they are."""
    if isinstance(value, float):
        return round(value * factor, 6)
    if isinstance(value, str) and (found := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) (.+)", value)):
        return f"{float(found[1]) * factor:.6f} {found[2]}"
    return value


def request_bytes(path: str, body: bytes, headers: str = "") -> bytes:
    """A whole HTTP/1.1 POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def read_response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one response."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    at = lower.index(b"content-length:") + 15
    return status, await reader.readexactly(int(lower[at : lower.index(b"\r", at)]))


async def drive(
    port: int, clients: int, seconds: float, make: Callable[[int, int], bytes]
) -> list[tuple[float, int]]:
    """Latency and status of every request of ``clients`` closed-loop clients."""
    end = time.perf_counter() + seconds
    out: list[tuple[float, int]] = []

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = 0
        while time.perf_counter() < end:
            message = make(number, turn)
            turn += 1
            start = time.perf_counter()
            writer.write(message)
            status, _ = await read_response(reader)
            out.append((time.perf_counter() - start, status))
        writer.close()

    await asyncio.gather(*(client(n) for n in range(clients)))
    return out


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--old", type=Path)
    args = parser.parse_args()
    shown = dossiers()
    fixed = [request_bytes("/api/v1/evaluations", json.dumps(d).encode()) for d in shown]
    counter = itertools.count()

    def one_figure(base: dict[str, Any], number: int) -> dict[str, Any]:
        return {**base, "total_investment": 5000 + number % 90000 / 10}

    def all_figures(base: dict[str, Any], number: int) -> dict[str, Any]:
        factor = 1 + number % 9973 / 10**6
        return {k: _scaled(v, factor) for k, v in base.items()}

    Vary = Callable[[dict[str, Any], int], dict[str, Any]]

    def distinct(vary: Vary, query: str = "") -> Callable[[], Callable[[int, int], bytes]]:
        def ready() -> Callable[[int, int], bytes]:
            # Made before the clock starts: the clients share the machine with the server.
            made = []
            for number in itertools.islice(counter, int(MOST * args.seconds)):
                changed = {**vary(shown[number % len(shown)], number), "project_id": f"B{number}"}
                made.append(
                    request_bytes(f"/api/v1/evaluations{query}", json.dumps(changed).encode())
                )
            each = iter(made)
            return lambda _, __: next(each)

        return ready

    without = "?counterfactual=false"
    plans: dict[str, tuple[str, Callable[[], Callable[[int, int], bytes]]]] = {
        "bare": ("bare", distinct(all_figures)),
        "repeated": ("service", lambda: lambda _, turn: fixed[turn % len(fixed)]),
        "one figure, no counterfactual": ("service", distinct(one_figure, without)),
        "one figure": ("service", distinct(one_figure)),
        "all figures, no counterfactual": ("service", distinct(all_figures, without)),
        "all figures": ("service", distinct(all_figures)),
        "all figures, verdict alone": ("service", distinct(all_figures, "?include=verdict")),
    }
    if args.old:
        plans["old, all figures, no counterfactual"] = "old", distinct(all_figures, without)
        plans["old, all figures"] = "old", distinct(all_figures)
    with tempfile.TemporaryDirectory() as folder:
        servers = {
            "bare": Server("bare"),
            "service": Server("service", ADMISSION_DATABASE_URL=f"sqlite:///{folder}/a.db"),
        }
        if args.old:
            database = f"sqlite:///{folder}/old.db"
            servers["old"] = Server(
                "service", root=args.old.resolve(), ADMISSION_DATABASE_URL=database
            )
        rates: dict[str, list[float]] = {name: [] for name in plans}
        waits: dict[str, list[float]] = {name: [] for name in plans}
        try:
            for _ in range(args.rounds):
                for name, (which, make) in plans.items():
                    port = servers[which].port
                    found = asyncio.run(drive(port, args.clients, args.seconds, make()))
                    bad = {s for _, s in found if s != 200}
                    if bad:
                        raise SystemExit(f"{name}: answers {bad}")
                    rates[name].append(len(found) / args.seconds)
                    waits[name] += [waited for waited, _ in found]
        finally:
            for server in servers.values():
                server.stop()
    base = statistics.median(rates["bare"])
    for name, values in rates.items():
        rate = statistics.median(values)
        p99 = statistics.quantiles(waits[name], n=100)[98] * 1000
        print(
            f"{name:<36} {rate:>9.0f} requests/s   {rate / base:>6.2f} of bare   p99 {p99:>6.0f} ms"
        )


if __name__ == "__main__":
    main()
