"""Each stored ruleset keeps the field file it was read with.

Without it a version that ships other fields could not read the rulesets of earlier decisions. Those
stored so far were readable with the file of this version, or not at all.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.database.migrations.triggers import allow, forbid
from evaluator.dossier.fields import base_text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and decisions point to it.
    column = sa.Column("fields", sa.Text(), nullable=False, server_default="")
    op.add_column("rulesets", column)
    allow(["rulesets"])
    table = sa.table("rulesets", sa.column("fields", sa.Text()))
    op.get_bind().execute(table.update().values(fields=base_text()))
    forbid(["rulesets"])


def downgrade() -> None:
    op.drop_column("rulesets", "fields")
