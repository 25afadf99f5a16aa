"""Second factors of local accounts, and sessions that wait for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("account_id", KEY, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("credential", sa.String(1400), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.UniqueConstraint("credential", name="uq_second_factors_credential"),
    )
    op.create_index("ix_second_factors_account_id", "second_factors", ["account_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("account_id", KEY, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("used_at", TIME, nullable=True),
    )
    op.create_index("ix_recovery_codes_account_id", "recovery_codes", ["account_id"])
    op.create_table(
        "challenges",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("challenge", sa.String(100), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.add_column("logins", sa.Column("awaits", sa.String(10), nullable=True))


def downgrade() -> None:
    # A session that only waits must not become one that counts.
    op.execute("DELETE FROM logins WHERE awaits IS NOT NULL")
    op.drop_column("logins", "awaits")
    for table in ("challenges", "recovery_codes", "second_factors"):
        op.drop_table(table)
