"""Documents that values were read from, kept where a person says so; a draft's origins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("project_id", KEY, sa.ForeignKey("projects.id"), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("added_by", KEY, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
    )
    op.create_index("ix_documents_project_id", "documents", ["project_id"])
    op.create_index("ix_documents_added_by", "documents", ["added_by"])
    op.create_table(
        "document_parts",
        sa.Column("document_id", KEY, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "part", name=op.f("pk_document_parts")),
    )
    op.add_column("drafts", sa.Column("origins", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("drafts", "origins")
    op.drop_table("document_parts")
    op.drop_index("ix_documents_added_by", "documents")
    op.drop_index("ix_documents_project_id", "documents")
    op.drop_table("documents")
