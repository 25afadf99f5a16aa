"""A rulebook as a signed bundle: what is taken, and everything that must not be."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.commands.rulebundle import KEYS, bundle_app
from api.signing.keys import Signer, make_key
from api.signing.rulebooks import FORMAT, MAX_BYTES, RECORD, install, pack, unpack
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.shipped import shipped_path
from evaluator.rulebook.transfer import read_text
from tests.api.workbench import write_rulebook

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_key(tmp_path / "key.pem")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_rulebook(tmp_path / "rulebook")


def packed(directory: Path, signer: Signer, now: dt.datetime = NOW) -> bytes:
    return json.dumps(pack(directory, signer, now)[0]).encode()


def written(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(bundle_app, ["pull", *map(str, words)])


def everything(directory: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def test_a_bundle_gives_the_rulebook_back_letter_by_letter(
    directory: Path, signer: Signer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    bundle = unpack(packed(directory, signer), [signer.name], NOW)
    pulled = install(bundle, out)
    assert read_text(pulled.top) == read_text(directory)
    assert load_directory(pulled.top).identity == load_directory(directory).identity
    assert pulled.alike
    assert install(bundle, out).removed == 0  # The same again is no step back.


def test_a_profile_comes_with_what_it_extends(signer: Signer, tmp_path: Path) -> None:
    profile = shipped_path() / "profiles" / "longchang"
    bundle = unpack(packed(profile, signer), [signer.name], NOW)
    pulled = install(bundle, tmp_path / "out")
    assert load_directory(pulled.top).identity == load_directory(profile).identity
    assert read_text(pulled.top)[0] == read_text(profile)[0]


def test_a_newer_bundle_removes_what_is_no_more(
    directory: Path, signer: Signer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    install(unpack(packed(directory, signer), [signer.name], NOW), out)
    rules = directory / "rules"
    (rules / "rules.yaml").rename(rules / "renamed.yaml")
    pulled = install(unpack(packed(directory, signer, NOW + DAY), [signer.name], NOW + DAY), out)
    assert pulled.removed == 1
    assert read_text(out) == read_text(directory)


def unsigned(data: dict[str, Any], _: Signer) -> None:
    del data["signature"]


def emptied(data: dict[str, Any], _: Signer) -> None:
    data["signature"] = {}


def forged(data: dict[str, Any], _: Signer) -> None:
    data["signature"]["signature"] = base64.b64encode(bytes(64)).decode()


def changed(data: dict[str, Any], _: Signer) -> None:
    files = data["layers"][0][1]
    files["criteria.yaml"] = files["criteria.yaml"].replace("value: 20", "value: 2")


def redated(data: dict[str, Any], _: Signer) -> None:
    data["made"] = (NOW + DAY / 2).isoformat()


def resigned(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any], Signer], None]:
    def act(data: dict[str, Any], signer: Signer) -> None:
        del data["signature"]
        change(data)
        data["signature"] = signer.sign(FORMAT, data)

    return act


def of_a_receipt(data: dict[str, Any], signer: Signer) -> None:
    """A signature of the right key, made for something else."""
    del data["signature"]
    data["signature"] = signer.sign("admission-receipt/1", data)


def outside(data: dict[str, Any]) -> None:
    data["materials"] = {"../outside.yaml": "x"}


BAD: dict[str, tuple[Callable[[dict[str, Any], Signer], None], str]] = {
    "unsigned": (unsigned, "没有签名"),
    "no signature in it": (emptied, "没有签名"),
    "forged": (forged, "签名不对"),
    "a value changed": (changed, "签名不对"),
    "the time changed": (redated, "签名不对"),
    "signed for something else": (of_a_receipt, "签名不对"),
    "another identity": (resigned(lambda d: d.update(identity="0" * 64)), "不是所写的"),
    "a path outside": (resigned(outside), "读不出来"),
    "no such time": (resigned(lambda d: d.update(made="昨天")), "读不出来"),
    "of tomorrow's tomorrow": (
        resigned(lambda d: d.update(made=(dt.datetime.now(dt.UTC) + 3 * DAY).isoformat())),
        "在将来",
    ),
    "rules that cannot be read": (
        resigned(lambda d: d["layers"][0][1].update({"criteria.yaml": "criteria: ["})),
        "读不出来",
    ),
    "one thing more": (lambda data, _: data.update(more=1), "不是规则集包"),
    "another format": (lambda data, _: data.update(format="admission-rulebook/9"), "不是规则集包"),
}


@pytest.mark.parametrize(("spoil", "said"), BAD.values(), ids=BAD)
def test_what_is_not_signed_as_it_stands_is_refused(
    directory: Path,
    signer: Signer,
    tmp_path: Path,
    spoil: Callable[[dict[str, Any], Signer], None],
    said: str,
) -> None:
    data, _ = pack(directory, signer, NOW)
    spoil(data, signer)
    file = written(tmp_path / "bundle.json", json.dumps(data).encode())
    ran = run(file, tmp_path / "out", "--key", signer.name)
    assert ran.exit_code == 1, ran.output
    assert said in ran.output
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "outside.yaml").exists()


def test_an_unknown_key_an_older_bundle_and_a_larger_file_are_refused(
    directory: Path, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    old = written(tmp_path / "old.json", packed(directory, signer))
    new = written(tmp_path / "new.json", packed(directory, signer, NOW + DAY))
    stranger = make_key(tmp_path / "stranger.pem")
    theirs = written(tmp_path / "theirs.json", packed(directory, stranger, NOW + 2 * DAY))
    large = written(tmp_path / "large.json", b" " * (MAX_BYTES + 1))

    nobody = run(new, out)
    assert nobody.exit_code == 2
    assert "--key" in nobody.output
    assert "不认识的密钥" in run(theirs, out, "--key", signer.name).output
    assert not out.exists()
    assert run(new, out, "--key", signer.name).exit_code == 0
    kept = everything(out)
    # From here on the key of what is there is the one that is known.
    for file, said in ((theirs, "不认识的密钥"), (old, "旧，不能退回去"), (large, "超过")):
        ran = run(file, out)
        assert ran.exit_code == 1
        assert said in ran.output
        assert everything(out) == kept
    monkeypatch.setenv(KEYS, f"{signer.name} {stranger.name}")
    assert run(theirs, out).exit_code == 0
    assert json.loads((out / RECORD).read_text("utf-8"))["key"] == stranger.name


def test_nothing_of_ones_own_is_written_over(
    directory: Path, signer: Signer, tmp_path: Path
) -> None:
    file = written(tmp_path / "bundle.json", packed(directory, signer))
    assert "别的文件" in run(file, directory, "--key", signer.name).output
    out = tmp_path / "out"
    assert run(file, out, "--key", signer.name).exit_code == 0
    criteria = (out / "criteria.yaml").read_bytes()
    (out / "criteria.yaml").write_bytes(criteria + b"# mine\n")
    assert "被改动" in run(file, out).output
    (out / "criteria.yaml").write_bytes(criteria)
    (out / "rules" / "mine.yaml").write_text("[]", "utf-8")
    assert "mine.yaml" in run(file, out).output
    (out / "rules" / "mine.yaml").unlink()
    (out / RECORD).write_text('{"files": {"../x": "y"}}', "utf-8")
    assert "读不出来" in run(file, out, "--key", signer.name).output


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_bundle_is_made_and_pulled_by_address(
    directory: Path, signer: Signer, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unkeyed = CliRunner().invoke(bundle_app, ["bundle", str(directory)])
    assert unkeyed.exit_code == 2
    assert "ADMISSION_SIGNING_KEY" in unkeyed.output
    made = CliRunner().invoke(
        bundle_app, ["bundle", str(directory), "-o", "b.json", "--signing-key", "key.pem"]
    )
    assert made.exit_code == 0, made.output
    assert signer.name in made.output
    pulled = run(f"{address}/b.json", tmp_path / "out", "--key", signer.name)
    assert pulled.exit_code == 0, pulled.output
    assert read_text(tmp_path / "out") == read_text(directory)
    assert "404" in run(f"{address}/none.json", tmp_path / "out").output
    assert "连不上" in run("http://127.0.0.1:1/x", tmp_path / "out").output
