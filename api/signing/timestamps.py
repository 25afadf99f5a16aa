"""Time stamps of a third party (RFC 3161): that something was there at a moment, said by no clock of ours.

Authorities that sign by RSA or ECDSA are understood; tokens are kept as they came, in base64.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import httpx2
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from api.signing.keys import SignatureError

TIMEOUT_SECONDS = 10.0
MAX_BYTES = 100_000
QUERY = "application/timestamp-query"


def stamped(url: str, message: bytes) -> str:
    """The authority's answer about these bytes, in base64.

    What it signed is held against what was asked; its certificate is for whoever checks (``check``).
    Raises SignatureError for an answer that is none, httpx2.HTTPError where there is none.
    """
    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA512).build()
    with httpx2.Client(timeout=TIMEOUT_SECONDS) as client:
        headers = {"Content-Type": QUERY}
        answer = client.post(url, content=request.as_bytes(), headers=headers).raise_for_status()
    response = _decoded(answer.content)
    if PKIStatus(response.status) != PKIStatus.GRANTED:
        raise SignatureError(
            f"时间戳服务没有给：{'；'.join(response.status_string) or response.status}"
        )
    info = response.tst_info
    if (
        info.message_imprint.message != request.message_imprint.message
        or info.nonce != request.nonce
    ):
        raise SignatureError("时间戳服务答的不是所问的")
    return base64.b64encode(answer.content).decode()


def read_roots(path: Path) -> tuple[Certificate, ...]:
    """The certificates of a PEM file that are trusted. Raises SignatureError."""
    try:
        return tuple(load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise SignatureError(f"证书文件 {path} 打不开：{error.strerror}") from None
    except ValueError:
        raise SignatureError(f"证书文件 {path} 里没有 PEM 证书") from None


def check(message: bytes, token: str, roots: Sequence[Certificate]) -> dt.datetime:
    """When these bytes were stamped. Raises SignatureError where nobody trusted has stamped them."""
    try:
        response = _decoded(base64.b64decode(token, validate=True))
    except ValueError:
        raise SignatureError("时间戳读不出来") from None
    try:
        # The builder keeps the list that it is given.
        VerifierBuilder(roots=list(roots)).build().verify_message(response, message)
    except (VerificationError, ValueError) as error:
        raise SignatureError(f"时间戳不对：{error}") from None
    return response.tst_info.gen_time


def _decoded(content: bytes) -> TimeStampResponse:
    try:
        if len(content) > MAX_BYTES:
            raise ValueError
        return decode_timestamp_response(content)
    except ValueError:
        raise SignatureError("时间戳服务的答复读不出来") from None
