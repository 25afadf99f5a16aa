"""A supervision (督办) may also be of an overdue commitment, instead of a review task.

A commitment says itself whether its newest report keeps it, so that those that are overdue are found
without reading all that was ever reported. Going back takes away the supervisions of commitments: the earlier structure has no place for them.
What was done about them stays in the audit log.
"""

from __future__ import annotations

from fractions import Fraction

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
    op.add_column(
        "commitments", sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _note_what_was_kept()
    op.create_index(
        "ix_commitments_open",
        "commitments",
        ["due_on", "id"],
        sqlite_where=sa.text("kept = 0"),
        postgresql_where=sa.text("NOT kept"),
    )


def _note_what_was_kept() -> None:
    """By the newest report of each: a milestone was reached, an amount is enough, a limit holds."""
    connection = op.get_bind()
    newest = "SELECT max(id) FROM reports GROUP BY commitment_id"
    found = connection.execute(
        sa.text(
            "SELECT c.id, c.kind, c.promised, r.value FROM commitments c "
            f"JOIN reports r ON r.commitment_id = c.id WHERE r.id IN ({newest})"
        )
    ).all()
    for id_, kind, promised, value in found:
        if promised is not None:
            have, want = Fraction(value or 0), Fraction(promised)
            if not (have <= want if kind == "energy" else have >= want):
                continue
        connection.execute(
            sa.text("UPDATE commitments SET kept = true WHERE id = :id"), {"id": id_}
        )


def downgrade() -> None:
    op.drop_index("ix_commitments_open", "commitments")
    op.drop_column("commitments", "kept")
    op.execute("DELETE FROM supervisions WHERE task_id IS NULL")
    with op.batch_alter_table("supervisions") as batch:
        batch.drop_index(op.f("ix_supervisions_commitment_id"))
        batch.drop_constraint(op.f("ck_supervisions_one"), type_="check")
        batch.drop_constraint(op.f("fk_supervisions_commitment_id_commitments"), type_="foreignkey")
        batch.drop_column("commitment_id")
        batch.alter_column("task_id", existing_type=KEY, nullable=False)
