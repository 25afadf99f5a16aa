"""A decision keeps the stage that it was made at; a project has that of its newest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("decisions", "projects")


def upgrade() -> None:
    # Not by batch, which would copy the table and lose the triggers that make it immutable.
    for table in TABLES:
        op.add_column(table, sa.Column("stage", sa.String(80), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "stage")
