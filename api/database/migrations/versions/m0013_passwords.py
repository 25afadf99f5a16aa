"""A first password runs out; a key knows what made it; a session, when it was used and proved last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("password_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("logins", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("logins", sa.Column("source", sa.String(100), nullable=True))
    op.add_column("logins", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("api_keys") as batch:
        batch.add_column(sa.Column("parent_id", KEY, nullable=True))
        batch.create_foreign_key(
            op.f("fk_api_keys_parent_id_api_keys"), "api_keys", ["parent_id"], ["id"]
        )
        batch.create_index(op.f("ix_api_keys_parent_id"), ["parent_id"])


def downgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_index(op.f("ix_api_keys_parent_id"))
        batch.drop_constraint(op.f("fk_api_keys_parent_id_api_keys"), type_="foreignkey")
        batch.drop_column("parent_id")
    for name in ("proved_at", "source", "seen_at"):
        op.drop_column("logins", name)
    op.drop_column("accounts", "password_until")
