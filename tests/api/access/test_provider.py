"""Logging in through a certified OpenID Connect provider that runs as a process of its own."""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.store import accounts
from api.store.work import SYSTEM
from tests.api.support import settings, sqlite_url
from tests.oidc.process import WANG, IdentityProvider, Person, signing_key

BACK = "http://testserver/api/v1/session/oidc/callback"
PAGE = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def idp(tmp_path: Path) -> IdentityProvider:
    """A provider that does not run yet."""
    return IdentityProvider(tmp_path)


@pytest.fixture(scope="module")
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IdentityProvider]:
    """A provider that runs for many tests, with the configuration that is the parameter."""
    over = getattr(request, "param", {})
    with IdentityProvider(tmp_path_factory.mktemp("provider")).running(**over) as provider:
        yield provider


EITHER_WAY = pytest.mark.parametrize(
    "started", [{"claims_in": "userinfo"}, {"claims_in": "id_token"}], ids=str, indirect=True
)


@pytest.fixture
def running(started: IdentityProvider) -> IdentityProvider:
    """A provider that runs as it is set up, and knows one person."""
    started.accounts = {"u-1": WANG}
    started.write_accounts()
    return started


@pytest.fixture
def person() -> Iterator[Person]:
    """Somebody whom the provider will know again."""
    with Person() as found:
        yield found


@contextmanager
def service(idp: IdentityProvider, **over: Any) -> Iterator[TestClient]:
    """The service, set up for that provider."""
    url = sqlite_url(Path(tempfile.mkdtemp(dir=idp.directory)))
    app = create_app(settings(database_url=url, **{**idp.settings(), **over}))
    with TestClient(app, follow_redirects=False) as client:
        yield client


def start(client: TestClient) -> str:
    """Where the login button sends the browser."""
    started = client.get("/api/v1/session/oidc")
    assert started.status_code == 302, started.text
    return str(started.headers["location"])


def log_in(client: TestClient, login: str = "u-1", person: Person | None = None) -> Any:
    """Go the whole way as a browser does; the service's answer to the redirect back."""
    return client.get(at_provider(start(client), login, person=person))


def at_provider(
    address: str, login: str = "u-1", *, person: Person | None = None, refuse: bool = False
) -> str:
    """Log in at the provider, as somebody it does not know yet if ``person`` is None."""
    if person is not None:
        return person.log_in(address, login, BACK, refuse)
    with Person() as stranger:
        return stranger.log_in(address, login, BACK, refuse)


def me(client: TestClient) -> Any:
    """Who the service says is logged in."""
    return client.get("/api/v1/session").json()


def known(client: TestClient) -> list[str]:
    """The names of all accounts."""
    with client.app.state.store.db.read() as session:  # type: ignore[attr-defined]
        return [a.name for a in accounts.list_accounts(session)]


def altered(address: str, **parameters: str) -> str:
    """An address with other query parameters."""
    parts = urlsplit(address)
    query = {**{k: v[0] for k, v in parse_qs(parts.query).items()}, **parameters}
    return urlunsplit(parts._replace(query=urlencode(query)))


@EITHER_WAY
def test_a_login_gives_the_roles_the_provider_says(running: IdentityProvider) -> None:
    with service(running) as client:
        asked = parse_qs(urlsplit(start(client)).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["response_type"] == ["code"]
        done = log_in(client)
        assert done.status_code == 302, done.text
        assert done.headers["location"] == "/"
        found = me(client)
        assert (found["name"], found["display_name"], found["roles"]) == (
            "wang",
            "王某",
            ["committee"],
        )
        assert client.get("/api/v1/projects").status_code == 200


def test_roles_are_what_the_provider_says_last(running: IdentityProvider) -> None:
    with service(running) as client:
        log_in(client)
        running.accounts["u-1"] = {**WANG, "roles": ["department:ecology"]}
        running.write_accounts()
        assert log_in(client).status_code == 302
        assert me(client)["roles"] == ["department:ecology"]
        assert known(client) == ["wang"]
        # One role as plain text is a role too, and a name that is taken is told apart.
        running.accounts["u-2"] = {"preferred_username": "wang", "roles": "auditor"}
        running.write_accounts()
        client.cookies.clear()
        assert log_in(client, "u-2").status_code == 302
        assert me(client)["roles"] == ["auditor"]
        assert known(client)[0] == "wang"
        assert known(client)[1].startswith("wang@")


def test_a_weaker_login_than_is_asked_for_is_refused(idp: IdentityProvider) -> None:
    with idp.running(acr="loa2"):
        with service(idp, oidc_acr="loa2 loa3") as client:
            assert parse_qs(urlsplit(start(client)).query)["acr_values"] == ["loa2 loa3"]
            assert log_in(client).status_code == 302
        with service(idp, oidc_acr="loa3") as client:
            refused = log_in(client)
            assert refused.status_code == 401
            assert "没有按要求的强度验证" in refused.json()["detail"]
            assert client.get("/api/v1/session").status_code == 401
    # One that says nothing of it has not done it.
    with idp.running(), service(idp, oidc_acr="loa2") as client:
        assert log_in(client).status_code == 401


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"audience": "another"}, "身份令牌不可用"),
        ({"ttl": -3600}, "身份令牌不可用"),
        ({"tamper": True}, "身份令牌的签名不对"),
    ],
)
def test_a_wrong_identity_token_is_refused(
    idp: IdentityProvider, over: dict[str, Any], said: str
) -> None:
    with idp.running(**over), service(idp) as client:
        refused = log_in(client)
        assert refused.status_code == 401, refused.text
        assert said in refused.json()["detail"]
        assert client.get("/api/v1/session").status_code == 401
        assert known(client) == []


def test_clocks_may_differ_by_a_minute(idp: IdentityProvider) -> None:
    with idp.running(ttl=-20), service(idp) as client:
        assert log_in(client).status_code == 302


def test_a_token_for_another_nonce_is_refused(running: IdentityProvider) -> None:
    with service(running) as client:
        asked = altered(start(client), nonce="of-another-login")
        refused = client.get(at_provider(asked))
        assert refused.status_code == 401
        assert "nonce" in refused.json()["detail"]


def test_a_login_begun_elsewhere_is_refused(running: IdentityProvider) -> None:
    with service(running) as client:
        good = at_provider(start(client))
        wrong = client.get(altered(good, state="another"))
        assert wrong.status_code == 401
        assert "登录状态不符" in wrong.json()["detail"]
        mixed = client.get(altered(good, iss="https://elsewhere.example"))
        assert mixed.status_code == 401
        # A code that was slipped into another browser's login fails at the provider: PKCE.
        mine = parse_qs(urlsplit(start(client)).query)["state"][0]
        slipped = client.get(altered(good, state=mine))
        assert slipped.status_code == 401
        assert "拒绝" in slipped.json()["detail"]
        client.cookies.clear()
        alone = client.get(good)
        assert alone.status_code == 401
        assert known(client) == []


def test_a_code_is_good_once(running: IdentityProvider) -> None:
    with service(running) as client:
        back = at_provider(start(client))
        memory = dict(client.cookies)
        assert client.get(back).status_code == 302
        client.cookies.clear()
        client.cookies.update(memory)
        assert client.get(back).status_code == 401


def test_keys_may_change_while_the_service_runs(idp: IdentityProvider) -> None:
    old, new = idp.keys[0], signing_key("two")
    with service(idp) as client:
        for keys in ([old], [new, old], [new], [{**signing_key("two")}]):
            idp.keys = keys
            with idp.running():
                client.cookies.clear()
                assert log_in(client).status_code == 302
                assert me(client)["name"] == "wang"


@EITHER_WAY
@pytest.mark.parametrize("roles", [None, [], ["visitor"]])
def test_no_role_no_entry(running: IdentityProvider, roles: list[str] | None) -> None:
    given = {k: v for k, v in WANG.items() if k != "roles"}
    running.accounts["u-1"] = given if roles is None else {**given, "roles": roles}
    running.write_accounts()
    with service(running) as client:
        refused = log_in(client)
        assert refused.status_code == 403
        assert refused.headers["content-type"] == "application/problem+json"
        assert client.get("/api/v1/session").status_code == 401
        assert known(client) == []


def test_a_refusal_is_a_page_for_a_person(running: IdentityProvider, idp: IdentityProvider) -> None:
    running.accounts["u-1"] = {"preferred_username": "wang"}
    running.write_accounts()
    with service(running) as client:
        refused = client.get(at_provider(start(client)), headers=PAGE)
        assert refused.status_code == 403
        assert refused.headers["content-type"].startswith("text/html")
        assert "您的统一身份没有本系统的角色" in refused.text
    with service(idp) as client:
        down = client.get("/api/v1/session/oidc", headers=PAGE)
        assert down.status_code == 503
        assert "统一身份认证服务没有应答" in down.text
        assert "<h1>" in down.text


def test_whoever_cancels_at_the_provider_is_told_so(running: IdentityProvider) -> None:
    with service(running) as client:
        back = at_provider(start(client), refuse=True)
        answer = client.get(back)
        assert answer.status_code == 401
        assert "access_denied" in answer.json()["detail"]


def test_a_blocked_account_is_kept_out(running: IdentityProvider, person: Person) -> None:
    with service(running) as client:
        assert log_in(client, person=person).status_code == 302
        with client.app.state.store.work(SYSTEM) as work:  # type: ignore[attr-defined]
            accounts.set_active(work, "wang", False)
        assert client.get("/api/v1/session").status_code == 401
        refused = log_in(client, person=person)
        assert refused.status_code == 403
        assert refused.json()["detail"] == "账号已停用"
        assert client.get("/api/v1/session").status_code == 401
        with client.app.state.store.work(SYSTEM) as work:  # type: ignore[attr-defined]
            accounts.set_active(work, "wang", True)
        assert log_in(client, person=person).status_code == 302


def test_logging_out_ends_the_login_at_the_provider_too(
    running: IdentityProvider, person: Person
) -> None:
    with service(running) as client:
        log_in(client, person=person)
        # The provider still knows the person: no password asked.
        asked = len(person.pages)
        log_in(client, person=person)
        assert len(person.pages) == asked
        csrf = re.findall(r'name="csrf" value="([0-9a-f]{64})"', client.get("/").text)[0]
        shown = client.post("/logout", data={"csrf": csrf})
        assert shown.status_code == 200
        assert client.get("/api/v1/session").status_code == 401
        (onward,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', shown.text)
        onward = html.unescape(onward)
        assert onward.startswith(running.issuer)
        confirm = person.http.get(onward)
        assert confirm.status_code == 200, confirm.text
        place = re.findall(r'<form[^>]* action="([^"]+)"', confirm.text)[0]
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', confirm.text))
        done = person.http.post(html.unescape(place), data={**hidden, "logout": "yes"})
        assert done.headers["location"] == "http://testserver/"
        log_in(client, person=person)
        assert len(person.pages) > asked


def test_logging_out_of_a_local_account_stays_here(running: IdentityProvider) -> None:
    with service(running) as client:
        with client.app.state.store.work(SYSTEM) as work:  # type: ignore[attr-defined]
            accounts.create_account(work, "li", "李某", ["committee"], "a long password")
        given = {"name": "li", "password": "a long password"}
        assert client.post("/api/v1/session", json=given).status_code == 200
        csrf = re.findall(r'name="csrf" value="([0-9a-f]{64})"', client.get("/").text)[0]
        out = client.post("/logout", data={"csrf": csrf})
        assert (out.status_code, out.headers["location"]) == (303, "/")


def test_a_wrong_secret_and_another_issuer(idp: IdentityProvider) -> None:
    with idp.running(), service(idp, oidc_client_secret="wrong") as client:
        assert log_in(client).status_code == 401
    with idp.running(issuer="http://127.0.0.1:1"), service(idp) as client:
        answer = client.get("/api/v1/session/oidc")
        assert answer.status_code == 503
        assert "issuer" in answer.json()["detail"]


def test_a_provider_that_is_down_is_said_so(idp: IdentityProvider) -> None:
    with service(idp) as client:
        answer = client.get("/api/v1/session/oidc")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        with idp.running():
            back = at_provider(start(client))
        gone = client.get(back)
        assert gone.status_code == 503
        assert gone.headers["retry-after"]
