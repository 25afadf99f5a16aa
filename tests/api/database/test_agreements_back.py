"""Structure 0023 and back with a signed agreement in it, on both databases: the commitments stay."""

from __future__ import annotations

from sqlalchemy import text

from api.database.db import Database
from tests.api.store.promises.test_agreements import admitted, sign
from tests.api.support import Service


def test_commitments_stay_and_an_agreement_can_be_signed_again(database_url: str) -> None:
    with Service(database_url) as service:
        number = admitted(service)
        sign(service, number)
    db = Database(database_url)
    db.downgrade("0022")
    with db.read() as session:
        kinds = session.execute(text("SELECT kind FROM commitments ORDER BY kind")).scalars().all()
    assert kinds == ["production", "signed", "started", "tax"]
    db.migrate()
    with db.read() as session:
        assert session.scalar(text("SELECT count(*) FROM agreements")) == 0
    db.close()
