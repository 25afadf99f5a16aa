"""What waits for a second administrator."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account_requests",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account_id", KEY, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("account_revision", sa.Integer(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("half", sa.String(100), nullable=True),
        sa.Column("asked_by", KEY, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("decided_by", KEY, sa.ForeignKey("accounts.id"), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("outcome", sa.String(20), nullable=True),
    )
    op.create_index("ix_account_requests_account_id", "account_requests", ["account_id"])


def downgrade() -> None:
    op.drop_index("ix_account_requests_account_id", "account_requests")
    op.drop_table("account_requests")
