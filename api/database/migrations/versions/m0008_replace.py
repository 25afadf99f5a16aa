"""SQLite: REPLACE INTO no longer gets around the triggers on rows that are evidence.

REPLACE takes the old row away without asking DELETE triggers (unless ``recursive_triggers`` is on for
the connection), so an INSERT that would replace a row is refused itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.database.migrations.triggers import forbid_replacing

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IMMUTABLE = (
    "rulesets",
    "publications",
    "decisions",
    "hits",
    "audit_log",
    "attachments",
    "attachment_parts",
    "opinions",
    "conclusions",
    "reports",
    "ruleset_texts",
    "publication_records",
    "proposal_reviews",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        forbid_replacing(sa.inspect(op.get_bind()), IMMUTABLE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in IMMUTABLE:
            op.execute(f"DROP TRIGGER immutable_{table}_insert")
