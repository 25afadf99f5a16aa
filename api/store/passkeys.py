"""Passkeys (Web Authentication) as a second factor: the device signs a challenge, nothing is typed.

What is asked of the device and what it answers is the JSON of the standard (WebAuthn level 3,
``PublicKeyCredential.toJSON``); the keeping of its rules is py_webauthn's.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import delete, select
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    UserVerificationRequirement,
)

from api.database.factor_tables import Challenge, SecondFactor
from api.database.tables import Account
from api.errors import Conflict, Invalid
from api.store import factors
from api.store.accounts import digest
from api.store.factors import ISSUER, PASSKEY
from api.store.work import Work

LASTS = dt.timedelta(minutes=5)
REFUSED = "设备的答复没有通过核对，请重新来一次"


@dataclass(frozen=True, slots=True)
class Site:
    """The service as browsers know it: ``name`` its host, ``origin`` its scheme, host and port."""

    name: str
    origin: str

    @property
    def usable(self) -> bool:
        """Whether browsers have passkeys for it: for a name over HTTPS, or for this machine itself."""
        try:
            ipaddress.ip_address(self.name)
        except ValueError:
            return self.origin.startswith("https://") or self.name == "localhost"
        return False


def site(public_url: str) -> Site:
    """The site of the address that people reach the service by."""
    parts = urlsplit(public_url)
    return Site(parts.hostname or "", f"{parts.scheme}://{parts.netloc}".lower())


def creation(work: Work, at: Site, token: str) -> str:
    """What a browser is to make a passkey by, as JSON. Raises Conflict where there are too many."""
    account = work.session.get_one(Account, work.actor.account_id)
    factors.room(work.session, account.id)
    options = webauthn.generate_registration_options(
        rp_id=at.name,
        rp_name=ISSUER,
        user_name=account.name,
        user_id=digest(f"passkey:{account.id}").encode()[:32],
        user_display_name=account.display_name,
        exclude_credentials=_known(work, account.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            user_verification=UserVerificationRequirement.PREFERRED
        ),
    )
    _keep(work, token, options.challenge)
    return options_to_json(options)


def create(work: Work, at: Site, token: str, answer: str, title: str) -> tuple[str, ...]:
    """A passkey as the browser made it counts from now on; recovery codes, where it is the first.

    Raises Invalid for an answer that does not hold, Conflict for a challenge that has run out.
    """
    account_id = work.actor.account_id
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=_taken(work, token),
            expected_rp_id=at.name,
            expected_origin=at.origin,
        )
    except WebAuthnException:
        raise Invalid("credential", REFUSED) from None
    name = bytes_to_base64url(made.credential_id)
    if work.session.scalar(select(SecondFactor.id).where(SecondFactor.credential == name)):
        raise Conflict("这个通行密钥已经登记过")
    first = not factors.has_factor(work.session, account_id)
    row = SecondFactor(
        account_id=account_id,
        kind=PASSKEY,
        title=title.strip()[:200] or "通行密钥",
        secret=bytes_to_base64url(made.credential_public_key),
        credential=name,
        counter=made.sign_count,
        created_at=work.now,
        confirmed_at=work.now,
        used_at=None,
    )
    work.session.add(row)
    work.session.flush()
    factors.note_added(work, account_id, row)
    return factors.renew_recovery(work, account_id) if first else ()


def request(work: Work, at: Site, token: str, account_id: int) -> str:
    """What a browser is to have signed, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=at.name,
        allow_credentials=_known(work, account_id),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    _keep(work, token, options.challenge)
    return options_to_json(options)


def check(work: Work, at: Site, token: str, account_id: int, answer: str) -> bool:
    """Whether a device of the account has signed the challenge. Raises Conflict for one that ran out."""
    challenge = _taken(work, token)
    try:
        name = webauthn.helpers.parse_authentication_credential_json(answer).raw_id
        row = work.session.scalar(
            select(SecondFactor)
            .where(
                SecondFactor.account_id == account_id,
                SecondFactor.credential == bytes_to_base64url(name),
            )
            .with_for_update()
        )
        if row is None:
            return False
        seen = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=at.name,
            expected_origin=at.origin,
            credential_public_key=base64url_to_bytes(row.secret),
            credential_current_sign_count=row.counter,
        )
    except WebAuthnException:
        return False
    row.counter, row.used_at = seen.new_sign_count, work.now
    return True


def _known(work: Work, account_id: int) -> list[PublicKeyCredentialDescriptor]:
    query = select(SecondFactor.credential).where(
        SecondFactor.account_id == account_id, SecondFactor.kind == PASSKEY
    )
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(name))
        for name in work.session.scalars(query)
        if name is not None
    ]


def _keep(work: Work, token: str, challenge: bytes) -> None:
    gone = (Challenge.token_hash == digest(token)) | (Challenge.expires_at < work.now)
    work.session.execute(delete(Challenge).where(gone))
    work.session.add(
        Challenge(
            token_hash=digest(token),
            challenge=bytes_to_base64url(challenge),
            expires_at=work.now + LASTS,
        )
    )


def _taken(work: Work, token: str) -> bytes:
    """The challenge of the session, which counts once."""
    query = delete(Challenge).where(
        Challenge.token_hash == digest(token), Challenge.expires_at >= work.now
    )
    kept = work.session.execute(query.returning(Challenge.challenge)).first()
    if kept is None:
        raise Conflict("等得太久，请重新来一次")
    return base64url_to_bytes(kept[0])
