"""A conclusion may be revised by a later one, has conditions, a body and a day; both are kept.

Going back keeps of each decision the conclusion that stands, where the earlier structure has a word
for it; the others are lost, and their projects are as before a conclusion.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.database.migrations.triggers import allow, forbid, forbid_replacing

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "conclusions"
FIRST = "uq_conclusions_first"
ADDED = (
    ("body", sa.Text()),
    ("concluded_on", sa.Date()),
    ("undecided", sa.Text()),
    ("silent", sa.Text()),
    ("silence_reason", sa.Text()),
    ("revises", KEY),
    ("revision_reason", sa.Text()),
)
KNOWN = "('admit', 'reject')"


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _forbid() -> None:
    # The table is copied on SQLite, and its triggers are gone with the old one.
    forbid([TABLE])
    if _sqlite():
        forbid_replacing(sa.inspect(op.get_bind()), [TABLE])


def _allow() -> None:
    allow([TABLE])
    if _sqlite():
        op.execute(f"DROP TRIGGER immutable_{TABLE}_insert")


def upgrade() -> None:
    _allow()
    with op.batch_alter_table(TABLE) as batch:
        batch.drop_constraint(op.f("uq_conclusions_decision_id"), type_="unique")
        batch.alter_column("outcome", existing_type=sa.String(10), type_=sa.String(20))
        for name, kind in ADDED:
            batch.add_column(sa.Column(name, kind, nullable=True))
        batch.create_foreign_key(
            op.f("fk_conclusions_revises_conclusions"), TABLE, ["revises"], ["id"]
        )
        batch.create_unique_constraint(op.f("uq_conclusions_revises"), ["revises"])
        batch.create_index(op.f("ix_conclusions_decision_id"), ["decision_id"])
    _forbid()
    only = sa.text("revises IS NULL")
    op.create_index(
        FIRST, TABLE, ["decision_id"], unique=True, sqlite_where=only, postgresql_where=only
    )
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER immutable_{TABLE}_first BEFORE INSERT ON {TABLE} "
            f"WHEN NEW.revises IS NULL AND EXISTS (SELECT 1 FROM {TABLE} "
            "WHERE decision_id = NEW.decision_id AND revises IS NULL) "
            f"BEGIN SELECT RAISE(ABORT, 'immutable: {TABLE}'); END"
        )
    op.create_table(
        "conclusion_conditions",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("conclusion_id", KEY, sa.ForeignKey("conclusions.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("department", sa.String(100), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("checked_by", sa.String(200), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
    )
    for name in ("conclusion_id", "due_on", "department"):
        op.create_index(f"ix_conclusion_conditions_{name}", "conclusion_conditions", [name])


def downgrade() -> None:
    op.drop_table("conclusion_conditions")
    if _sqlite():
        op.execute(f"DROP TRIGGER immutable_{TABLE}_first")
    _allow()
    op.drop_index(FIRST, TABLE)
    bind = op.get_bind()
    query = sa.text(
        f"SELECT id FROM {TABLE} WHERE outcome NOT IN {KNOWN} OR id IN "
        f"(SELECT revises FROM {TABLE} WHERE revises IS NOT NULL)"
    )
    gone = bind.execute(query).scalars().all()
    op.execute(f"UPDATE {TABLE} SET revises = NULL WHERE revises IS NOT NULL")
    for id_ in gone:
        bind.execute(sa.text(f"DELETE FROM {TABLE} WHERE id = :id"), {"id": id_})
    op.execute(
        "UPDATE projects SET state = 'decided' "
        "WHERE state IN ('conditional', 'suspended', 'terminated')"
    )
    with op.batch_alter_table(TABLE) as batch:
        batch.drop_index(op.f("ix_conclusions_decision_id"))
        batch.drop_constraint(op.f("uq_conclusions_revises"), type_="unique")
        batch.drop_constraint(op.f("fk_conclusions_revises_conclusions"), type_="foreignkey")
        for name, _ in reversed(ADDED):
            batch.drop_column(name)
        batch.alter_column("outcome", existing_type=sa.String(20), type_=sa.String(10))
        batch.create_unique_constraint(op.f("uq_conclusions_decision_id"), ["decision_id"])
    # Tasks that lapsed were closed; the earlier program has one word for it.
    op.execute("UPDATE tasks SET state = 'withdrawn' WHERE state = 'lapsed'")
    _forbid()
