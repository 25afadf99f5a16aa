"""Alembic's entry: runs on the connection that ``Database`` hands over."""

from __future__ import annotations

from alembic import context

from api.database import (
    agreement_tables,
    care_tables,
    factor_tables,
    outbox_tables,
    proposal_tables,
    review_tables,
)
from api.database.tables import Base

assert (
    factor_tables.SecondFactor.metadata
    is outbox_tables.Message.metadata
    is care_tables.Obstacle.metadata
    is agreement_tables.Agreement.metadata
    is review_tables.Task.metadata
    is proposal_tables.Proposal.metadata
    is Base.metadata
)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
