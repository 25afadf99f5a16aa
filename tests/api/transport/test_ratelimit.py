"""Limits of requests and of wrong passwords."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.transport.ratelimit import Attempts, RateLimit
from tests.api.support import settings


def test_a_client_run_wild_is_held_back(tmp_path: Path) -> None:
    app = create_app(settings(database_url=f"sqlite:///{tmp_path}/a.db", rate_limit=5))
    with TestClient(app) as client:
        answers = [client.get("/api/v1/rulesets/current") for _ in range(7)]
        assert [a.status_code for a in answers] == [200] * 5 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert client.get("/healthz").status_code == 200


def test_the_bucket_fills_again() -> None:
    limit = RateLimit(60)
    assert [limit.wait("a", 0.0) for _ in range(60)] == [0] * 60
    assert limit.wait("a", 0.0) == 1
    assert limit.wait("b", 0.0) == 0
    assert limit.wait("a", 1.5) == 0
    assert limit.wait("a", 1.5) == 1
    assert limit.wait("a", 2.0) == 0
    limit.close()


@pytest.mark.parametrize("per_minute", [1, 7, 60, 6000])
def test_a_minute_gives_as_many_requests_as_the_limit(per_minute: int) -> None:
    limit = RateLimit(per_minute)
    given = [limit.wait("a", 100.0) == 0 for _ in range(per_minute + 3)]
    assert sum(given) == per_minute
    assert limit.wait("a", 100.0) == max(1, -(-60 // per_minute))
    # A source that has paid for nothing ahead is forgotten, and begins anew.
    assert [limit.wait("a", 300.0) == 0 for _ in range(per_minute + 1)].count(True) == per_minute
    limit.close()
    assert RateLimit(0).wait("a") == 0


def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    one, two = RateLimit(10, tmp_path), RateLimit(10, tmp_path)
    taken = [(one if n % 2 else two).wait("a", 5.0) == 0 for n in range(20)]
    assert taken == [True] * 10 + [False] * 10
    one.close()
    assert two.wait("a", 5.0) > 0
    two.close()


def test_a_limit_that_cannot_count_lets_requests_through(tmp_path: Path) -> None:
    limit = RateLimit(1, tmp_path / "nowhere")
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 0]


def test_failed_logins_grow_old() -> None:
    attempts = Attempts(limit=3, seconds=1000)
    for source in ("from:a", "from:a", "from:b"):
        assert attempts.wait("name:li", source) == 0
        assert attempts.take("name:li", source)[0] == 0
    assert 990 < attempts.wait("name:li", "from:c") <= 1000
    assert attempts.wait("name:wang", "from:a") == 0
    attempts.succeeded("name:li")
    assert attempts.wait("name:li") == 0
    attempts.close()
    old = Attempts(limit=1, seconds=0)
    assert old.take("name:li")[0] == 0
    assert old.wait("name:li") == 0
    old.close()


def test_what_is_refused_by_one_count_is_not_counted_by_the_other() -> None:
    attempts = Attempts(limit=2, seconds=1000)
    assert [attempts.take("name:li", "from:a")[0] for _ in range(2)] == [0, 0]
    wait, taken = attempts.take("name:wang", "from:a")
    assert wait > 0
    assert taken == ()
    assert attempts.take("name:wang", "from:b")[0] == 0
    wait, taken = attempts.take("name:wang", "from:c")
    attempts.succeeded("name:wang", taken)
    assert attempts.wait("name:wang") == 0
    assert attempts.wait("from:a") > 0
    attempts.close()
