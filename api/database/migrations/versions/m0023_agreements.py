"""The 标准地 agreement, and amendments of what was committed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("decided_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("project_id", KEY, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("decision_id", KEY, sa.ForeignKey("decisions.id"), nullable=False),
        sa.Column("paper", sa.String(200), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.UniqueConstraint("project_id", name=op.f("uq_agreements_project_id")),
    )
    op.create_table(
        "amendments",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("agreement_id", KEY, sa.ForeignKey("agreements.id"), nullable=False),
        sa.Column("commitment_id", KEY, sa.ForeignKey("commitments.id"), nullable=False),
        sa.Column("old_promised", sa.Text(), nullable=True),
        sa.Column("old_due_on", sa.Date(), nullable=False),
        sa.Column("promised", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
    )
    op.create_index("ix_amendments_agreement_id", "amendments", ["agreement_id"])
    op.create_index("ix_amendments_commitment_id", "amendments", ["commitment_id"])
    op.create_index(
        "uq_amendments_open",
        "amendments",
        ["commitment_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_index("uq_amendments_open", "amendments")
    op.drop_index("ix_amendments_commitment_id", "amendments")
    op.drop_index("ix_amendments_agreement_id", "amendments")
    op.drop_table("amendments")
    op.drop_table("agreements")
