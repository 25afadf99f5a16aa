"""A supervision (督办) may also be of an overdue commitment, instead of a review task.

Going back takes away the supervisions of commitments: the earlier structure has no place for them.
What was done about them stays in the audit log.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ONE = "(task_id IS NULL) <> (commitment_id IS NULL)"
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("supervisions") as batch:
        batch.alter_column("task_id", existing_type=KEY, nullable=True)
        batch.add_column(sa.Column("commitment_id", KEY, nullable=True))
        batch.create_foreign_key(
            op.f("fk_supervisions_commitment_id_commitments"),
            "commitments",
            ["commitment_id"],
            ["id"],
        )
        batch.create_check_constraint(op.f("ck_supervisions_one"), ONE)
        batch.create_index(op.f("ix_supervisions_commitment_id"), ["commitment_id"])


def downgrade() -> None:
    op.execute("DELETE FROM supervisions WHERE task_id IS NULL")
    with op.batch_alter_table("supervisions") as batch:
        batch.drop_index(op.f("ix_supervisions_commitment_id"))
        batch.drop_constraint(op.f("ck_supervisions_one"), type_="check")
        batch.drop_constraint(op.f("fk_supervisions_commitment_id_commitments"), type_="foreignkey")
        batch.drop_column("commitment_id")
        batch.alter_column("task_id", existing_type=KEY, nullable=False)
