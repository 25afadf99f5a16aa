"""Rulesets that an earlier 0007 gave the wrong field file get their own again.

It wrote the field file of the program that ran it, 0.3.0's where a database of 0.1.0 was upgraded at
one go or one of 0.2.0 had gone back and came forward. Those rulesets could not be read any more.
"""

from __future__ import annotations

import json
import logging

import sqlalchemy as sa
from alembic import op

from api.database.migrations.field_files import known_texts, matching
from api.database.migrations.triggers import allow, forbid

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

log = logging.getLogger("api")


def upgrade() -> None:
    connection = op.get_bind()
    known = known_texts()
    table = sa.table(
        "rulesets",
        sa.column("identity", sa.String()),
        sa.column("title", sa.Text()),
        sa.column("layers", sa.Text()),
        sa.column("fields", sa.Text()),
    )
    suspect = sa.select(table.c.identity, table.c.title, table.c.layers, table.c.fields).where(
        table.c.fields.in_(known)
    )
    mended: dict[str, str] = {}
    for identity, title, layers, fields in connection.execute(suspect):
        text = matching(identity, json.loads(layers), (fields, *known))
        if text is None:
            log.error("规则集 %s（%s）读不出来：没有一版字段表与它相符", identity[:12], title)
        elif text != fields:
            mended[identity] = text
    if not mended:
        return
    allow(["rulesets"])
    for identity, text in mended.items():
        connection.execute(table.update().where(table.c.identity == identity).values(fields=text))
    forbid(["rulesets"])


def downgrade() -> None:
    """What was mended stays so."""
