"""The identity provider of the tests as a process, and a person without a browser at its pages."""

from __future__ import annotations

import html
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import httpx2
from joserfc.jwk import RSAKey

from tests.support import without

HERE = Path(__file__).parent
CLIENT = "admission"
# Every kind of character that Basic authentication can stumble over.
SECRET = "a+b%c:d e/=&~ 0123456789abcdef"

WANG = {"preferred_username": "wang", "name": "王某", "roles": ["committee", "unknown"]}


def require_provider() -> None:
    """Skip without Node and its packages; fail in CI."""
    missing = None
    if shutil.which("node") is None:
        missing = "Node is not on this machine"
    elif not (HERE / "node_modules" / "oidc-provider").is_dir():
        missing = "the identity provider is not installed: make tests/oidc/node_modules/.stamp"
    if missing:
        without(missing)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def signing_key(kid: str) -> dict[str, Any]:
    """A new private key as a JWK."""
    key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
    return dict(key.as_dict(private=True))


@cache
def _first_key() -> dict[str, Any]:
    return signing_key("one")


@dataclass
class IdentityProvider:
    """How the provider is to run; ``running`` starts it, again on the same port if it has run."""

    directory: Path
    public_url: str = "http://testserver"
    accounts: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {"u-1": WANG})
    keys: list[dict[str, Any]] = field(default_factory=lambda: [_first_key()])
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        """The issuer's address."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, Any]:
        """The service's settings for this provider."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "public_url": self.public_url,
        }

    def write_accounts(self) -> Path:
        """Tell a running provider who there is."""
        path = self.directory / "accounts.json"
        path.write_text(json.dumps(self.accounts), "utf-8")
        return path

    @contextmanager
    def running(self, **over: Any) -> Iterator[IdentityProvider]:
        """The provider's process; ``over`` changes its configuration, as provider.mjs lists it."""
        require_provider()
        config = {
            "port": self.port,
            "client_secret": SECRET,
            "keys": self.keys,
            "redirect": f"{self.public_url}/api/v1/session/oidc/callback",
            "after_logout": f"{self.public_url}/",
            "accounts": str(self.write_accounts()),
            **over,
        }
        path = self.directory / "provider.json"
        path.write_text(json.dumps(config), "utf-8")
        log = self.directory / "provider.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                ["node", str(HERE / "provider.mjs"), str(path)], stdout=out, stderr=out
            )
        try:
            self._wait(process, log)
            yield self
        finally:
            process.terminate()
            process.wait(10)

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + 300
        while time.monotonic() < end and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the identity provider did not start: {log.read_text('utf-8')}")


class Person:
    """Somebody at the provider's pages: cookies kept, redirects followed, forms filled in."""

    def __init__(self) -> None:
        self.http = httpx2.Client(follow_redirects=False, timeout=120)
        self.pages: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def log_in(self, address: str, login: str, back: str, refuse: bool = False) -> str:
        """From the service's redirect to the one back to it, whose address is the answer.

        ``refuse`` cancels at the consent page.
        """
        answer = self.http.get(address)
        for _ in range(12):
            if answer.status_code in (302, 303):
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(back):
                    return target
                answer = self.http.get(target)
                continue
            assert answer.status_code == 200, answer.text
            self.pages.append(answer.text)
            if refuse and 'value="consent"' in answer.text:
                (cancel,) = re.findall(r'href="([^"]*/abort)"', answer.text)
                answer = self.http.get(html.unescape(cancel))
                continue
            answer = self.send_form(answer, {"login": login, "password": "anything"})
        raise AssertionError("the provider does not let go")

    def send_form(self, shown: httpx2.Response, given: Mapping[str, str]) -> httpx2.Response:
        """Send the page's form, its hidden fields with it."""
        (action,) = re.findall(r'<form[^>]* action="([^"]+)"', shown.text)
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', shown.text))
        wanted = {k: v for k, v in given.items() if f'name="{k}"' in shown.text}
        place = urljoin(str(shown.url), html.unescape(action))
        return self.http.post(place, data={**hidden, **wanted})
