"""Heads of the log stamped by a real authority (OpenSSL's): when they were there is not ours to say."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.app import app as cli
from api.signing import timestamps
from api.signing.keys import SignatureError, make_key
from api.store import checkpoints
from api.store.checkpoints import Sinks
from tests.api.signing.authority import authority, made
from tests.api.support import Service, sqlite_url


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    directory = tmp_path_factory.mktemp("tsa")
    root = made(directory)
    with authority(directory) as url:
        yield url, root


def test_what_was_stamped_holds_and_nothing_else(tsa: tuple[str, Path], tmp_path: Path) -> None:
    url, root = tsa
    roots = timestamps.read_roots(root)
    token = timestamps.stamped(url, b"as it was")
    when = timestamps.check(b"as it was", token, roots)
    assert abs(when - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    with pytest.raises(SignatureError, match="时间戳不对"):
        timestamps.check(b"as it is", token, roots)
    other = made(tmp_path)
    with pytest.raises(SignatureError, match="时间戳不对"):
        timestamps.check(b"as it was", token, timestamps.read_roots(other))
    for rubbish in ("", "!!", "AAAA", token[:-40]):
        with pytest.raises(SignatureError, match="读不出来"):
            timestamps.check(b"as it was", rubbish, roots)


def test_a_head_made_later_for_a_day_before_is_found(tsa: tuple[str, Path], tmp_path: Path) -> None:
    url, root = tsa
    signer, kept = make_key(tmp_path / "key.pem"), tmp_path / "heads.jsonl"
    now = dt.datetime.now(dt.UTC)
    ask = ["audit", "verify", "--replay", "0", "--checkpoints", str(kept), "--key", signer.name]
    with Service(sqlite_url(tmp_path)) as service:
        db = service.store.db
        assert checkpoints.once(db, signer, Sinks(60, kept, authority=url), now)
        ask += ["--database-url", sqlite_url(tmp_path)]
        cli_run = CliRunner().invoke
        assert "1 个的时间戳没有核对" in cli_run(cli, ask).output
        told = cli_run(cli, [*ask, "--roots", str(root)])
        assert (told.exit_code, "1 个的时间戳相符" in told.output) == (0, True)
        # Whoever holds the signing key writes a head of last week: the authority's clock is another.
        past = checkpoints.make(db, signer, now - dt.timedelta(days=7))
        assert checkpoints.stamp(past, url) == []
        kept.write_text(json.dumps(past))
        assert "时间戳却是" in cli_run(cli, [*ask, "--roots", str(root)]).output
        # Or moves a stamp from one head to another.
        moved = {**checkpoints.make(db, signer, now), "timestamp": past["timestamp"]}
        kept.write_text(json.dumps(moved))
        assert "时间戳不对" in cli_run(cli, [*ask, "--roots", str(root)]).output
        wrong = cli_run(cli, [*ask, "--roots", str(tmp_path / "key.pem")])
        assert (wrong.exit_code, "没有 PEM 证书" in wrong.output) == (2, True)


def test_without_an_answer_the_head_is_kept_all_the_same(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    signer, kept = make_key(tmp_path / "key.pem"), tmp_path / "heads.jsonl"
    with Service(sqlite_url(tmp_path)) as service:
        nobody = Sinks(60, kept, authority="http://127.0.0.1:9/")
        assert checkpoints.once(service.store.db, signer, nobody, dt.datetime.now(dt.UTC))
    assert "链头没有得到时间戳" in capfd.readouterr().err
    assert len(checkpoints.read(kept, signer.name).heads) == 1
