"""A rulebook as one signed file, and a directory that only what a known key signed may renew.

The bundle holds the texts of the rulebook, the identity that they load to, and the time it was made.
Of a bundle nothing is believed before the signature holds by a known key; then the texts are loaded and
must come to the identity told. A directory that was pulled keeps a record (``RECORD``) of what is in
it, by whose key and from when: what is older, or signed by another, does not replace it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.signing.keys import SignatureError, Signer, check
from evaluator.problems.errors import InputError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import READ_AT_TOP, Layers
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.rulebook.transfer import read_text, safe_path, write_text

FORMAT = "admission-rulebook/1"
RECORD = ".admission-rulebook.json"
MAX_BYTES = 50_000_000
AHEAD = dt.timedelta(days=1)  # How far the clock of who signed may be ahead.
_KEYS = {
    "format": str,
    "title": str,
    "identity": str,
    "made": str,
    "fields": str,
    "layers": list,
    "materials": dict,
    "signature": dict,
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle says, once its signature held: ``key`` signed it at ``made``."""

    title: str
    identity: str
    made: dt.datetime
    key: str
    layers: Layers
    materials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was written: ``top`` is the directory to give to other commands, ``removed`` files are gone.

    ``alike`` says whether this program's own fields leave it the identity that it was signed with.
    """

    top: Path
    files: int
    removed: int
    alike: bool


def pack(directory: Path, signer: Signer, now: dt.datetime) -> tuple[dict[str, Any], Ruleset]:
    """A bundle of a rulebook directory, and the rulebook. Raises InputError."""
    ruleset = load_directory(directory)
    layers, materials = read_text(directory)
    whole = {
        "format": FORMAT,
        "title": ruleset.title,
        "identity": ruleset.identity,
        "made": now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "fields": ruleset.fields_text,
        "layers": [[name, dict(files)] for name, files in layers],
        "materials": materials,
    }
    return {**whole, "signature": signer.sign(FORMAT, whole)}, ruleset


def unpack(raw: bytes, known: Collection[str], now: dt.datetime) -> Bundle:
    """A bundle out of a file's bytes, signed by one of ``known`` keys. Raises SignatureError."""
    whole = _read(raw)
    signature = whole.pop("signature")
    key = check(FORMAT, whole, signature, None)
    if key not in {name.strip() for name in known}:
        raise SignatureError(f"由不认识的密钥签名：{key[:100]}；应信的公钥用 --key 指定")
    try:
        made = dt.datetime.fromisoformat(whole["made"])
        layers = tuple((str(name), _texts(files)) for name, files in whole["layers"])
        materials = _texts(whole["materials"])
        if made.tzinfo is None or not layers:
            raise ValueError
    except (ValueError, TypeError, AttributeError):
        raise SignatureError("签名相符，但内容读不出来：不是本程序打的包") from None
    if made > now + AHEAD:
        raise SignatureError(f"打包时间 {whole['made']} 在将来，不能用；检查两边的时钟")
    try:
        identity = load_layers(layers, whole["fields"]).identity
    except InputError as error:
        raise SignatureError(f"包里的规则集读不出来：\n{error}") from None
    if identity != whole["identity"]:
        raise SignatureError(f"包里的规则集是 {identity[:12]}，不是所写的 {whole['identity'][:12]}")
    return Bundle(whole["title"], identity, made, key, layers, materials)


def _read(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        raise SignatureError(f"规则集包超过 {MAX_BYTES} 字节，不是本程序给出的")
    try:
        data = json.loads(raw)
        fits = isinstance(data, dict) and data.keys() - {"signature"} == _KEYS.keys() - {
            "signature"
        }
        if not fits or data["format"] != FORMAT:
            raise ValueError
        if "signature" not in data:
            raise SignatureError("没有签名，不能用")
        whole: dict[str, Any] = data
        if not all(isinstance(whole[key], kind) for key, kind in _KEYS.items()):
            raise ValueError
    except (ValueError, RecursionError):
        raise SignatureError(f"不是规则集包：应是 {FORMAT} 的 JSON 文件") from None
    return whole


def _texts(files: Any) -> dict[str, str]:
    for path, text in files.items():
        if not (isinstance(path, str) and isinstance(text, str) and safe_path(path)):
            raise ValueError
    return dict(files)


def known_key(out: Path) -> str | None:
    """The key whose bundle is in a directory; None where none was pulled. Raises SignatureError."""
    record = _record(out)
    return record["key"] if record else None


def install(bundle: Bundle, out: Path) -> Pulled:
    """Write a bundle into a new directory, or over an older bundle there.

    Raises SignatureError, and writes nothing, where the directory holds something else, a newer
    bundle, or files changed since.
    """
    record = _record(out)
    if record is None and out.exists() and any(out.iterdir()):
        raise SignatureError(f"{out} 里有别的文件，不是取回的规则集；请写一个新目录")
    before = record["files"] if record else {}
    if record:
        _check_newer(bundle, record)
        changed = [n for n, told in before.items() if _digest(out / n) not in (told, None)]
        if changed:
            raise SignatureError(f"{out / changed[0]} 取回以后被改动；请先移走，或写一个新目录")
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside it, so that each file is moved into its place whole.
    staged = Path(tempfile.mkdtemp(prefix=".admission-", dir=out.parent))
    try:
        top = write_text(bundle.layers, bundle.materials, staged).relative_to(staged)
        alike = load_directory(staged / top).identity == bundle.identity
        names = sorted(p.relative_to(staged).as_posix() for p in staged.rglob("*") if p.is_file())
        strange = [n for n in names if n not in before and (out / n).exists()]
        strange += [n for n in _read_too(out) if n not in before and n not in names]
        if strange:
            raise SignatureError(f"{out / strange[0]} 不是取回的；请先移走，或写一个新目录")
        digests = {name: _digest(staged / name) for name in names}
        told = {
            "identity": bundle.identity,
            "made": bundle.made.isoformat(),
            "key": bundle.key,
            "files": digests,
        }
        for name in names:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staged / name, out / name)
        gone = [name for name in before if name not in digests]
        for name in gone:
            (out / name).unlink(missing_ok=True)
        (staged / RECORD).write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
        os.replace(staged / RECORD, out / RECORD)
    except InputError as error:
        raise SignatureError(f"本程序用不了这份规则集：\n{error}") from None
    finally:
        shutil.rmtree(staged)
    return Pulled(out / top, len(names), len(gone), alike)


def _check_newer(bundle: Bundle, record: Mapping[str, Any]) -> None:
    there = dt.datetime.fromisoformat(record["made"])
    if bundle.made < there or (bundle.made == there and bundle.identity != record["identity"]):
        raise SignatureError(
            f"这份包（{bundle.made.isoformat()}）比目录里的（{record['made']}）旧，不能退回去"
        )


def _record(out: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((out / RECORD).read_text("utf-8"))
        dt.datetime.fromisoformat(record["made"])
        texts = (record["key"], record["identity"], *record["files"].values())
        if all(isinstance(t, str) for t in texts) and all(map(safe_path, record["files"])):
            return dict(record)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise SignatureError(f"{out / RECORD} 读不出来；请写一个新目录")


def _read_too(out: Path) -> list[str]:
    """The files in a directory that a rulebook there would read."""
    found = (p.relative_to(out) for p in out.rglob("*.y*ml"))
    return [p.as_posix() for p in found if "rules" in p.parts or p.name in READ_AT_TOP]


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
