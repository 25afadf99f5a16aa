"""Tables of second factors; accounts and their sessions are in ``tables``."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.database.tables import Base, BigInt


class SecondFactor(Base):
    """What an account's owner has beside the password; counts once ``confirmed_at`` is set.

    ``totp``: ``secret`` is the shared secret in base32, ``counter`` the last step that was used.
    ``passkey``: ``secret`` is the public key and ``credential`` its identifier, both base64url, and
    ``counter`` the signatures that the device has counted.
    """

    __tablename__ = "second_factors"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    secret: Mapped[str] = mapped_column(Text)
    credential: Mapped[str | None] = mapped_column(String(1400), unique=True)
    counter: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime]
    confirmed_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]


class RecoveryCode(Base):
    """A code that stands for a lost second factor once; only its hash is kept."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    used_at: Mapped[dt.datetime | None]


class Challenge(Base):
    """A random challenge that a passkey is to sign, once and soon; only its session can use it."""

    __tablename__ = "challenges"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    challenge: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[dt.datetime]
