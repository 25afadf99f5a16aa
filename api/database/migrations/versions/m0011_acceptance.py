"""A decision says how its acceptance day came about: stamped, or recorded by an official."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not by batch, which would copy the table and lose the triggers that make it immutable.
    op.add_column("decisions", sa.Column("acceptance", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("decisions", "acceptance")
