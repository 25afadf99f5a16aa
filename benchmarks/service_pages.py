"""What pages cost: bytes of the first page as sent, and the server's time for the verdict page.

    python -m benchmarks.service_pages [--postgres] [--times 200]

Times are over HTTP on loopback, one request after another, to the last byte read. The first page
counts its HTML (as sent, and as a gateway would compress it) and every script and style it names.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import re
import statistics
import time
from urllib.parse import urlencode

from api.access.security import COOKIE
from api.pages.assess.dossier_form import typed_from
from api.store import accounts, logins
from api.store.projects.submissions import Submission, submit
from api.store.work import SYSTEM, Actor
from benchmarks.service import Server
from benchmarks.service_records import database, key_for
from evaluator.dossier.files import read_dossiers
from evaluator.rulebook.shipped import examples_path

SLUGS = ("r14-mushroom-weinan", "r36-acid-mist-purifier", "d01-complete-good")


class Browser:
    """One connection that keeps its cookie and takes compressed bodies."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Accept-Encoding": "gzip"} | (
            {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        )

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[float, bytes]:
        """Seconds and body as sent. Raises RuntimeError for anything but 200."""
        body = urlencode(form) if form is not None else None
        more = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        begun = time.perf_counter()
        self.connection.request("POST" if body else "GET", path, body, {**self.headers, **more})
        answer = self.connection.getresponse()
        found = answer.read()
        taken = time.perf_counter() - begun
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return taken, found

    def median(self, path: str, times: int, form: dict[str, str] | None = None) -> str:
        """Median and 99th percentile in milliseconds."""
        self.connection.close()  # The server may have ended it while others were timed.
        taken = sorted(self.ask(path, form)[0] * 1000 for _ in range(times))
        return f"{statistics.median(taken):>7.1f} ms, p99 {taken[int(len(taken) * 0.99)]:.1f} ms"


def first_page(browser: Browser) -> None:
    """Print what the first page weighs."""
    _, html = browser.ask("/")
    total = len(gzip.compress(html))
    print(f"/ {len(html)} bytes as sent, {total} compressed")
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', html.decode()):
        size = len(browser.ask(path.replace("&amp;", "&"))[1])
        total += size
        print(f"{path.partition('?')[0]} {size} bytes as sent")
    print(f"first page in all: {total / 1000:.1f} kB")


def main() -> None:
    """Serve three real projects and ask for their pages."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--times", type=int, default=200)
    args = parser.parse_args()
    with database(args.postgres) as url:
        store, _ = key_for(url)
        registry = store.rulesets.current().ruleset.registry
        with store.work(SYSTEM) as work:
            view, _ = accounts.create_account(work, "chair", "chair", ["committee"])
        actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
        with store.work(actor) as work:
            token = logins.open_login(work, actor, 12)
        profiles = [read_dossiers(examples_path() / f"{s}.yaml", registry)[0] for s in SLUGS]
        decisions = [
            submit(store, actor, Submission(p.to_dict(registry))).data["decision"] for p in profiles
        ]
        server = Server("service", ADMISSION_DATABASE_URL=url)
        try:
            anybody, chair = Browser(server.port), Browser(server.port, token)
            first_page(anybody)
            print("PostgreSQL" if args.postgres else "SQLite")
            for slug, number, profile in zip(SLUGS, decisions, profiles, strict=True):
                print(f"{slug}: example {anybody.median(f'/examples/{slug}', args.times)}")
                print(f"{slug}: stored  {chair.median(f'/decisions/{number}', args.times)}")
                form = {"csrf": "", **typed_from(profile, registry)}
                trial = anybody.median("/assess/result", max(args.times // 4, 1), form)
                print(f"{slug}: trial   {trial}")
        finally:
            server.stop()
            store.close()


if __name__ == "__main__":
    main()
