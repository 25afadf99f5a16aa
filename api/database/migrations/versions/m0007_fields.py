"""Each stored ruleset keeps the field file it was read with.

Without it a version that ships other fields could not read the rulesets of earlier decisions. Which
one it was is found by the ruleset's identity among those frozen in ``field_files``: the newest where
several give it, as an upgrade step by step would have. Where none does, nothing is written.

Going back, the texts are put aside in a table that earlier versions do not know, and are found there
when the structure comes forward again.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from api.database.migrations.field_files import known_texts, matching
from api.database.migrations.triggers import allow, forbid
from api.errors import Unmigrated

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ASIDE = "ruleset_fields_aside"


def upgrade() -> None:
    found = _found()
    # Not in a batch: SQLite would make the table anew, and decisions point to it.
    column = sa.Column("fields", sa.Text(), nullable=False, server_default="")
    op.add_column("rulesets", column)
    allow(["rulesets"])
    table = sa.table("rulesets", sa.column("identity", sa.String()), sa.column("fields", sa.Text()))
    for identity, text in found.items():
        chosen = table.update().where(table.c.identity == identity)
        op.get_bind().execute(chosen.values(fields=text))
    forbid(["rulesets"])
    if sa.inspect(op.get_bind()).has_table(ASIDE):
        op.drop_table(ASIDE)


def _found() -> dict[str, str]:
    """The field file of each ruleset. Raises Unmigrated, naming those that have none."""
    connection = op.get_bind()
    aside: dict[str, str] = {}
    if sa.inspect(connection).has_table(ASIDE):
        query = sa.text(f"SELECT identity, fields FROM {ASIDE}")
        aside = {row.identity: row.fields for row in connection.execute(query)}
    known = known_texts()
    found: dict[str, str] = {}
    unknown: list[str] = []
    query = sa.text("SELECT identity, title, layers FROM rulesets ORDER BY stored_at, identity")
    for identity, title, layers in connection.execute(query):
        own = [aside[identity]] if identity in aside else []
        text = matching(identity, json.loads(layers), [*own, *known])
        if text is None:
            unknown.append(f"{identity[:12]}（{title}）")
        else:
            found[identity] = text
    if unknown:
        raise Unmigrated(
            f"数据库没有升级，什么也没有改：规则集 {'、'.join(unknown)} 是按哪一版字段表存下的，"
            "程序认不出来。请先用存下它的那个版本把数据库升级到结构 0007，再装本版本；"
            "退回过结构的，恢复退回前的备份"
        )
    return found


def downgrade() -> None:
    op.execute(f"CREATE TABLE {ASIDE} AS SELECT identity, fields FROM rulesets WHERE fields <> ''")
    op.drop_column("rulesets", "fields")
