"""What approved drafts would have said of decisions, beside the rules in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "shadow_judgements",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("proposal_id", KEY, sa.ForeignKey("proposals.id"), nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
        sa.Column("decision_id", KEY, sa.ForeignKey("decisions.id"), nullable=False),
        sa.Column("differs", sa.Boolean(), nullable=False),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "proposal_id",
            "text",
            "decision_id",
            name=op.f("uq_shadow_judgements_proposal_id_text_decision_id"),
        ),
    )
    op.create_index("ix_shadow_judgements_decision_id", "shadow_judgements", ["decision_id"])


def downgrade() -> None:
    op.drop_index("ix_shadow_judgements_decision_id", "shadow_judgements")
    op.drop_table("shadow_judgements")
