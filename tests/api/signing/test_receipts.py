"""A receipt is checked by somebody who has nothing but the program, and any change in it is told."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.commands.app import app as cli
from api.signing import receipts
from api.signing.keys import SignatureError, Signer, check, make_key, read_signer
from api.store import auditlist
from api.store.auditlist import AuditFilter
from api.store.receipts import receipt_of
from api.store.work import SYSTEM
from tests.api.support import Service, sqlite_url

runner = CliRunner()
Receipt = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Receipt, Signer]:
    directory = tmp_path_factory.mktemp("receipts")
    signer = make_key(directory / "key.pem")
    with Service(sqlite_url(directory)) as service:
        decision = service.submit("r01")["decision"]
        service.submit("d01")
        with service.store.db.read() as session:
            receipt = receipt_of(session, SYSTEM, decision, signer)
    # As it comes out of a file.
    return receipts.read_receipt(json.dumps(receipt).encode()), signer


def test_it_holds_and_is_judged_again(made: tuple[Receipt, Signer]) -> None:
    receipt, signer = made
    checks = receipts.verify(receipt, signer.name)
    assert [c.what for c in checks if c.holds] == ["签名", "审计链", "决定", "规则集和重新判定"]
    assert "逐字节相同" in checks[-1].detail
    assert receipt["chain"]["head"]["seq"] > receipt["chain"]["entry"]["seq"]
    assert "请与签发单位公布的公钥核对" in receipts.verify(receipt)[0].detail


def _verdict(receipt: Receipt) -> None:
    receipt["decision"]["verdict"] = "pass"


def _result(receipt: Receipt) -> None:
    receipt["result"] = receipt["result"].replace('"verdict":"refer"', '"verdict":"pass"')


def _dossier(receipt: Receipt) -> None:
    dossier = json.loads(receipt["dossier"])
    receipt["dossier"] = json.dumps({**dossier, "employees": "9999"})


def _rules(receipt: Receipt) -> None:
    files = receipt["ruleset"]["layers"][0][1]
    name = next(n for n in files if n == "criteria.yaml")
    files[name] = files[name].replace("value: 20", "value: 10", 1)
    assert "value: 10" in files[name]


def _day(receipt: Receipt) -> None:
    receipt["decision"]["as_of"] = "2019-01-01"


def _entry(receipt: Receipt) -> None:
    receipt["chain"]["entry"]["actor"] = "nobody"


def _head(receipt: Receipt) -> None:
    receipt["chain"]["head"]["seq"] = 1


def _number(receipt: Receipt) -> None:
    receipt["decision"]["number"] = "ZR2024-999999"


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (_verdict, {"决定"}),
        (_result, {"审计链", "规则集和重新判定"}),
        (_dossier, {"审计链"}),
        (_rules, {"规则集和重新判定"}),
        (_day, {"决定"}),
        (_entry, {"审计链"}),
        (_head, {"审计链"}),
        (_number, {"审计链"}),
    ],
)
def test_what_is_forged_is_told_by_the_signature_and_without_it(
    made: tuple[Receipt, Signer], tmp_path: Path, forge: Callable[[Receipt], None], told: set[str]
) -> None:
    receipt, signer = made
    forged = copy.deepcopy(receipt)
    forge(forged)
    assert not receipts.verify(forged, signer.name)[0].holds
    # Somebody signs it anew with a key of their own: what they forged is found all the same.
    content = {k: v for k, v in forged.items() if k not in ("format", "signature")}
    again = receipts.seal(content, make_key(tmp_path / "own.pem"))
    checks = {c.what: c.holds for c in receipts.verify(again)}
    assert checks["签名"]
    assert told <= {what for what, holds in checks.items() if not holds}
    assert "不是应信的" in receipts.verify(again, signer.name)[0].detail


@pytest.mark.parametrize("part", ["decision", "dossier", "ruleset", "result", "chain", "signature"])
@pytest.mark.parametrize("value", [None, 1, "x", [], {}])
def test_any_rubbish_is_told_and_never_a_crash(
    made: tuple[Receipt, Signer], part: str, value: Any
) -> None:
    checks = receipts.verify({**made[0], part: value})
    assert not all(c.holds for c in checks)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"format": "x"}', b"[" * 100_000])
def test_what_is_no_receipt_is_refused(raw: bytes) -> None:
    with pytest.raises(SignatureError, match="不是决定凭证"):
        receipts.read_receipt(raw)


def test_a_signature_of_one_kind_is_none_of_another(made: tuple[Receipt, Signer]) -> None:
    _, signer = made
    signature = signer.sign("admission-checkpoint/1", {"seq": 1})
    assert check("admission-checkpoint/1", {"seq": 1}, signature, None) == signer.name
    with pytest.raises(SignatureError, match="签名不对"):
        check("admission-receipt/1", {"seq": 1}, signature, None)
    with pytest.raises(SignatureError, match="不认识签名方法"):
        check("admission-receipt/1", {}, {**signature, "key": "rot13:AAAA"}, None)


def test_a_key_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_signer(path).name == made.name
    with pytest.raises(SignatureError, match="已存在"):
        make_key(path)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SignatureError, match="已存在"):
        make_key(tmp_path / "link")
    path.chmod(0o644)
    with pytest.raises(SignatureError, match="chmod 600"):
        read_signer(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(SignatureError, match="读不出来"):
        read_signer(path)


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    with Service(database_url) as service:
        decision = service.submit("d01")["decision"]
    path, key = tmp_path / "receipt.json", tmp_path / "key.pem"
    ask = ["receipt", "export", str(decision), str(path), "--database-url", database_url]
    done = runner.invoke(cli, ask)
    assert done.exit_code == 2
    assert "admission audit key" in done.output
    name = runner.invoke(cli, ["audit", "key", str(key)]).output.split("：")[-1].strip()
    monkeypatch.setenv("ADMISSION_SIGNING_KEY", str(key))
    assert runner.invoke(cli, ask).exit_code == 0
    assert runner.invoke(cli, ask).exit_code == 2, "it is there already"
    monkeypatch.delenv("ADMISSION_SIGNING_KEY")
    done = runner.invoke(cli, ["receipt", "verify", str(path), "--key", name])
    assert done.exit_code == 0, done.output
    assert done.output.count("相符") >= 4
    path.write_text(path.read_text().replace(r"2024-06-03", "2024-06-04"))
    done = runner.invoke(cli, ["receipt", "verify", str(path)])
    assert done.exit_code == 1
    assert "签名：不符" in done.output


def test_it_is_handed_out_by_the_service(tmp_path: Path) -> None:
    signer = make_key(tmp_path / "key.pem")
    with Service(sqlite_url(tmp_path), signing_key=tmp_path / "key.pem") as service:
        decision = service.submit("r01")["decision"]
        path = f"/decisions/{decision}/receipt"
        given = service.call("committee", "GET", path)
        assert all(
            c.holds for c in receipts.verify(receipts.read_receipt(given.content), signer.name)
        )
        # Who sees but a part of the findings is not given all of them in a file.
        assert service.call("department:ecology", "GET", path).status_code == 403
        page = f"{path}.json"
        with service.store.db.read() as session:
            read = {
                e.after["part"]
                for e in auditlist.find(session, AuditFilter(action="decision.read"))
            }
        assert "receipt" in read
        headers = service.headers("committee")
        saved = service.client.get(page, headers=headers)
        assert "%E5%86%B3%E5%AE%9A%E5%87%AD%E8%AF%81" in saved.headers["content-disposition"]
        assert all(
            c.holds for c in receipts.verify(receipts.read_receipt(saved.content), signer.name)
        )
        assert (
            f'href="{page}"' in service.client.get(f"/decisions/{decision}", headers=headers).text
        )


def test_without_a_key_none_is_offered(tmp_path: Path) -> None:
    with Service(sqlite_url(tmp_path)) as service:
        decision = service.submit("r01")["decision"]
        assert service.call("committee", "GET", f"/decisions/{decision}/receipt").status_code == 409
        headers = service.headers("committee")
        assert (
            "receipt.json" not in service.client.get(f"/decisions/{decision}", headers=headers).text
        )
