"""An index from which the impact of a proposal lists the stored decisions.

Without it listing ids and digests reads every page of dossiers and results.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_decisions_listed", "decisions", ["id", "dossier_digest", "as_of"])


def downgrade() -> None:
    op.drop_index("ix_decisions_listed", "decisions")
