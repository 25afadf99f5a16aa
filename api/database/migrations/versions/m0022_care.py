"""Facts beside the dossier, obstacles, and whom a supervision is addressed to, until when, with what evidence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("solved_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "project_facts",
        sa.Column("project_id", KEY, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("national_code", sa.String(24), nullable=True),
        sa.Column("leader", sa.String(100), nullable=True),
        sa.Column("officer", sa.String(100), nullable=True),
        sa.Column("officer_phone", sa.String(40), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.String(200), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_facts")),
        sa.UniqueConstraint("national_code", name=op.f("uq_project_facts_national_code")),
    )
    op.create_index("ix_project_facts_leader", "project_facts", ["leader"])
    op.create_table(
        "obstacles",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("project_id", KEY, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("department", sa.String(100), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("raised_by", sa.String(200), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("solution", sa.Text(), nullable=True),
        sa.Column("solved_by", sa.String(200), nullable=True),
        sa.Column("solved_at", TIME, nullable=True),
    )
    op.create_index("ix_obstacles_project_id", "obstacles", ["project_id"])
    op.create_index(
        "ix_obstacles_open",
        "obstacles",
        ["department", "due_on"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.add_column("supervisions", sa.Column("addressee", sa.String(200), nullable=True))
    op.add_column("supervisions", sa.Column("answer_by", sa.Date(), nullable=True))
    op.add_column("supervisions", sa.Column("evidence", sa.Text(), nullable=True))
    op.add_column("drafts", sa.Column("facts", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("drafts", "facts")
    for name in ("evidence", "answer_by", "addressee"):
        op.drop_column("supervisions", name)
    op.drop_index("ix_obstacles_open", "obstacles")
    op.drop_index("ix_obstacles_project_id", "obstacles")
    op.drop_table("obstacles")
    op.drop_index("ix_project_facts_leader", "project_facts")
    op.drop_table("project_facts")
