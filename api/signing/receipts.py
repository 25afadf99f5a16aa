"""A decision as one file that a stranger can check with the program alone, offline.

It holds the dossier as judged, the texts of the ruleset, the result, the entry of the audit log that
registered it with the head of the log at the time, and a signature over all of it. Checking believes
nothing of it: the digests, the entry's hash and the ruleset's identity are computed, and the dossier
is judged again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.signing.keys import SignatureError, Signer, check
from evaluator.dossier.dossier import read_data
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import canonical_bytes, judgement, result
from evaluator.problems.errors import AdmissionError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers

FORMAT = "admission-receipt/1"
MAX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked, whether it holds, and what is to be known about it."""

    what: str
    holds: bool
    detail: str


def seal(content: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """A receipt of this content, signed."""
    whole = {"format": FORMAT, **content}
    return {**whole, "signature": signer.sign(FORMAT, whole)}


def read_receipt(raw: bytes) -> dict[str, Any]:
    """A receipt out of a file's bytes. Raises SignatureError for what is none."""
    if len(raw) > MAX_BYTES:
        raise SignatureError(f"凭证超过 {MAX_BYTES} 字节，不是本程序给出的")
    try:
        data = json.loads(raw)
        wanted = {"format", "decision", "dossier", "ruleset", "result", "chain", "signature"}
        if not isinstance(data, dict) or not wanted <= data.keys() or data["format"] != FORMAT:
            raise ValueError
    except (ValueError, RecursionError):
        raise SignatureError(f"不是决定凭证：应是 {FORMAT} 的 JSON 文件") from None
    return data


def verify(receipt: Mapping[str, Any], trusted: str | None = None) -> tuple[Check, ...]:
    """Everything that can be checked; the decision stands where all of it holds."""
    out = []
    steps: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
        ("签名", lambda r: _signature(r, trusted)),
        ("审计链", _chain),
        ("决定", _decision),
        ("规则集和重新判定", _judged),
    )
    for what, step in steps:
        try:
            out.append(Check(what, True, step(receipt)))
        except (SignatureError, AdmissionError) as wrong:
            out.append(Check(what, False, str(wrong)))
        except (KeyError, TypeError, ValueError, AttributeError):
            out.append(Check(what, False, "凭证的这一部分读不出来"))
    return tuple(out)


def _signature(receipt: Mapping[str, Any], trusted: str | None) -> str:
    whole = {k: v for k, v in receipt.items() if k != "signature"}
    name = check(FORMAT, whole, receipt["signature"], trusted)
    if trusted is None:
        return f"由 {name} 签名；请与签发单位公布的公钥核对，或用 --key 指定"
    return f"由应信的 {name} 签名"


def _chain(receipt: Mapping[str, Any]) -> str:
    chain = receipt["chain"]
    entry = dict(chain["entry"])
    told = entry.pop("hash")
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != told:
        raise SignatureError(f"审计日志第 {entry['seq']} 条的哈希不对")
    made, decision, after = receipt["decision"], receipt["decision"], entry["after"]
    registered = (after["decision"], after["digest"], after["dossier_digest"], after["ruleset"])
    mine = (
        made["id"],
        hashlib.sha256(receipt["result"].encode()).hexdigest(),
        hashlib.sha256(receipt["dossier"].encode()).hexdigest(),
        receipt["ruleset"]["identity"],
    )
    if registered != mine or entry["subject"] != f"project:{decision['number']}":
        raise SignatureError(f"审计日志第 {entry['seq']} 条登记的不是这次决定")
    head = chain["head"]
    if head["seq"] < entry["seq"] or (head["seq"] == entry["seq"] and head["hash"] != told):
        raise SignatureError("链头早于登记这次决定的条目")
    return (
        f"登记在第 {entry['seq']} 条（{entry['at']}，{entry['actor']}），"
        f"当时链头 {head['seq']}:{head['hash']}"
    )


def _decision(receipt: Mapping[str, Any]) -> str:
    made, kept = receipt["decision"], json.loads(receipt["result"])
    said = (kept["verdict"], kept["as_of"], kept["ruleset"]["identity"])
    if said != (made["verdict"], made["as_of"], receipt["ruleset"]["identity"]):
        raise SignatureError("结论、判定日期或规则集与结论全文不符")
    return f"{made['number']} 第 {made['version']} 版，{kept['sentence']}"


def _judged(receipt: Mapping[str, Any]) -> str:
    told = receipt["ruleset"]
    layers = tuple((str(name), dict(files)) for name, files in told["layers"])
    ruleset = load_layers(layers, told["fields"])
    if ruleset.identity != told["identity"]:
        raise SignatureError(
            f"规则集的文本是 {ruleset.identity[:12]}，不是 {told['identity'][:12]}"
        )
    again = _again(receipt, ruleset)
    if again == receipt["result"].encode():
        return "规则集的标识相符，重新判定的结果逐字节相同"
    kept, now = json.loads(receipt["result"]), json.loads(again)
    if judgement(kept) == judgement(now):
        version = receipt["decision"]["software"]
        return f"规则集的标识相符，重新判定的结果相同；措辞是程序 {version} 的"
    raise SignatureError("重新判定的结果不同")


def _again(receipt: Mapping[str, Any], ruleset: Ruleset) -> bytes:
    profile = read_data(json.loads(receipt["dossier"]), ruleset.registry, "凭证里的材料")
    day = dt.date.fromisoformat(receipt["decision"]["as_of"])
    evaluator = Evaluator(ruleset, "reference")
    try:
        stage = json.loads(receipt["result"]).get("stage")
        return canonical_bytes(result(evaluator.evaluate(profile, day, stage)))
    finally:
        evaluator.close()
