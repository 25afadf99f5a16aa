"""Proposals, their runs and reviews; the texts and records of what they published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.database.migrations.triggers import allow, forbid

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IMMUTABLE = ("ruleset_texts", "publication_records", "proposal_reviews")


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str, target_column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.{target_column}"], name=name)


def upgrade() -> None:
    op.create_table(
        "ruleset_texts",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("layers", sa.Text(), nullable=False),
        sa.Column("materials", sa.Text(), nullable=False),
        sa.Column("stored_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ruleset_texts")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", _id(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
        sa.Column("base_text", sa.String(64), nullable=False),
        sa.Column("base_publication", _id(), nullable=False),
        sa.Column("rollback_to", _id(), nullable=True),
        sa.Column("touched", sa.Text(), nullable=False),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.Column("waivers", sa.Text(), nullable=False),
        sa.Column("editors", sa.Text(), nullable=False),
        sa.Column("drafted_by", sa.String(200), nullable=False),
        sa.Column("approved_by", sa.String(200), nullable=True),
        sa.Column("approved_text", sa.String(64), nullable=True),
        sa.Column("publication_id", _id(), nullable=True),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("updated_at", _time(), nullable=False),
        _key("proposals", "text", "ruleset_texts", "digest"),
        _key("proposals", "base_text", "ruleset_texts", "digest"),
        _key("proposals", "base_publication", "publications", "id"),
        _key("proposals", "rollback_to", "publications", "id"),
        _key("proposals", "publication_id", "publications", "id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index(op.f("ix_proposals_state"), "proposals", ["state"])
    op.create_table(
        "publication_records",
        sa.Column("publication_id", _id(), nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("waivers", sa.Text(), nullable=False),
        sa.Column("proposal_id", _id(), nullable=False),
        sa.Column("drafted_by", sa.String(200), nullable=False),
        sa.Column("approved_by", sa.String(200), nullable=False),
        sa.Column("rollback_to", _id(), nullable=True),
        _key("publication_records", "publication_id", "publications", "id"),
        _key("publication_records", "text", "ruleset_texts", "digest"),
        _key("publication_records", "proposal_id", "proposals", "id"),
        _key("publication_records", "rollback_to", "publications", "id"),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_publication_records")),
    )
    for column in ("effective_on", "proposal_id"):
        name = op.f(f"ix_publication_records_{column}")
        op.create_index(name, "publication_records", [column])
    op.create_table(
        "proposal_reviews",
        sa.Column("id", _id(), nullable=False),
        sa.Column("proposal_id", _id(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("given_at", _time(), nullable=False),
        _key("proposal_reviews", "proposal_id", "proposals", "id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_reviews")),
    )
    op.create_index(op.f("ix_proposal_reviews_proposal_id"), "proposal_reviews", ["proposal_id"])
    op.create_table(
        "proposal_runs",
        sa.Column("id", _id(), nullable=False),
        sa.Column("proposal_id", _id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
        sa.Column("base_text", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("queued_at", _time(), nullable=False),
        sa.Column("beat_at", _time(), nullable=True),
        sa.Column("finished_at", _time(), nullable=True),
        _key("proposal_runs", "proposal_id", "proposals", "id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_runs")),
        sa.UniqueConstraint(
            "proposal_id", "number", name=op.f("uq_proposal_runs_proposal_id_number")
        ),
    )
    op.create_index(op.f("ix_proposal_runs_state"), "proposal_runs", ["state"])
    forbid(IMMUTABLE)


def downgrade() -> None:
    allow(IMMUTABLE)
    for table in (
        "proposal_runs",
        "proposal_reviews",
        "publication_records",
        "proposals",
        "ruleset_texts",
    ):
        op.drop_table(table)
