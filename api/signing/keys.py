"""Signatures: of receipts, checkpoints and backups. Ed25519; other schemes join by ``SCHEMES``.

What is signed is the canonical JSON of a statement behind the name of what it states, so that no
signature of one kind can be passed off as one of another.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

NO_KEY = "没有设置签名密钥：用 admission audit key 文件 生成，再设 ADMISSION_SIGNING_KEY"


class SignatureError(Exception):
    """A key that cannot be used, or a signature that does not hold; one Chinese sentence."""


class Scheme(Protocol):
    """A way to sign: whether a signature by a public key is one of these bytes."""

    def holds(self, public: bytes, signature: bytes, message: bytes) -> bool:
        """Whether it is."""


class _Ed25519:
    def holds(self, public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


SCHEMES: Mapping[str, Scheme] = {"ed25519": _Ed25519()}


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs statements by a private key; ``name`` is its public half as it is told to others."""

    private: Ed25519PrivateKey

    @property
    def name(self) -> str:
        """ "ed25519:" and the public key in base64."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"ed25519:{base64.b64encode(raw).decode()}"

    def sign(self, kind: str, statement: Mapping[str, Any]) -> dict[str, str]:
        """The signature of a statement of a kind, as it is kept beside it."""
        made = self.private.sign(message_of(kind, statement))
        return {"key": self.name, "signature": base64.b64encode(made).decode()}


def message_of(kind: str, statement: Mapping[str, Any]) -> bytes:
    """The bytes that are signed."""
    text = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{kind}\n{text}".encode()


def check(kind: str, statement: Mapping[str, Any], signature: Any, trusted: str | None) -> str:
    """The name of the key that signed. Raises SignatureError unless it did, or is not ``trusted``."""
    try:
        name, made = str(signature["key"]), base64.b64decode(signature["signature"], validate=True)
        scheme, _, public = name.partition(":")
        raw = base64.b64decode(public, validate=True)
    except (TypeError, KeyError, ValueError, binascii.Error):
        raise SignatureError("没有签名，或者签名读不出来") from None
    if scheme not in SCHEMES:
        raise SignatureError(f"本程序不认识签名方法“{scheme[:40]}”，认识：{'、'.join(SCHEMES)}")
    if trusted is not None and name != trusted.strip():
        raise SignatureError(f"签名的密钥是 {name[:100]}，不是应信的 {trusted.strip()[:100]}")
    if not SCHEMES[scheme].holds(raw, made, message_of(kind, statement)):
        raise SignatureError("签名不对：内容在签名之后被改动，或者不是这个密钥签的")
    return name


def make_key(path: Path) -> Signer:
    """A new key in a file of its owner's alone. Raises SignatureError where there is one."""
    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # Never through a link that somebody has put there.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise SignatureError(f"文件已存在：{path}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    return Signer(private)


def read_signer(path: Path) -> Signer:
    """The key of a file. Raises SignatureError, also for one that others can read."""
    try:
        if path.stat().st_mode & 0o077:
            raise SignatureError(f"签名密钥 {path} 别人也能读；请执行 chmod 600 {path}")
        private = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise SignatureError(f"签名密钥 {path} 打不开：{error.strerror}") from None
    except (ValueError, TypeError):
        raise SignatureError(f"签名密钥 {path} 读不出来，应是 admission audit key 生成的") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise SignatureError(f"签名密钥 {path} 不是 Ed25519 的")
    return Signer(private)
