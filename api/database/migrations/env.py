"""Alembic's entry: runs on the connection that ``Database`` hands over."""

from __future__ import annotations

from alembic import context

from api.database import proposal_tables as tables_proposals
from api.database import review_tables as tables_review
from api.database.tables import Base

assert tables_review.Task.metadata is tables_proposals.Proposal.metadata is Base.metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
