"""Indexes for lists and counts over a hundred thousand projects.

``ix_hits_rule`` grows to cover what counting by rule reads, so that no row of ``hits`` is fetched;
waiting tasks come in the order of their due dates; a decision leads to its project; the audit log
is asked what one person did.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_hits_rule", "hits")
    op.create_index("ix_hits_rule", "hits", ["rule", "decision_id", "status", "effect"])
    op.create_index(op.f("ix_projects_decision_id"), "projects", ["decision_id"])
    op.drop_index(op.f("ix_tasks_state"), "tasks")
    op.create_index("ix_tasks_waiting", "tasks", ["state", "due_on"])
    op.create_index(op.f("ix_audit_log_actor"), "audit_log", ["actor"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_log_actor"), "audit_log")
    op.drop_index("ix_tasks_waiting", "tasks")
    op.create_index(op.f("ix_tasks_state"), "tasks", ["state"])
    op.drop_index(op.f("ix_projects_decision_id"), "projects")
    op.drop_index("ix_hits_rule", "hits")
    op.create_index("ix_hits_rule", "hits", ["rule", "decision_id"])
