"""Passwords are kept as is recommended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from api.database.db import Database
from api.database.tables import Account


def test_passwords_cost_what_is_recommended(tmp_path: Path) -> None:
    """The tests use a cheaper hash; the command that makes accounts must not."""
    url = f"sqlite:///{tmp_path}/admission.db"
    command = [
        sys.executable,
        "-c",
        "from api.commands.app import app; app()",
        "accounts",
        "create",
    ]
    subprocess.run(
        [*command, "li", "--role", "submitter", "--database-url", url],
        check=True,
        capture_output=True,
    )
    db = Database(url)
    with db.read() as session:
        kept = session.scalars(select(Account.password_hash)).one()
    db.close()
    assert kept is not None
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
