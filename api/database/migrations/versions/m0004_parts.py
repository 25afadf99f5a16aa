"""Attachments in parts; how long a task has, and whether its due date is an estimate."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import sqlalchemy as sa
from alembic import op

from api.database.migrations.triggers import allow, forbid

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PART = 262_144
# The years and the fixed days that due dates were counted by until now.
YEARS = range(min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year + 1)
FIXED = {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)}


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    allow(["attachments"])
    with op.batch_alter_table("attachments") as batch:
        batch.alter_column("content", existing_type=sa.LargeBinary(), nullable=True)
    op.create_table(
        "attachment_parts",
        sa.Column("attachment_id", _id(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachments.id"],
            name=op.f("fk_attachment_parts_attachment_id_attachments"),
        ),
        sa.PrimaryKeyConstraint("attachment_id", "part", name=op.f("pk_attachment_parts")),
    )
    whole, parts = _tables()
    connection = op.get_bind()
    for key in connection.execute(sa.select(whole.c.id).order_by(whole.c.id)).scalars().all():
        content = connection.scalar(sa.select(whole.c.content).where(whole.c.id == key)) or b""
        for number, start in enumerate(range(0, len(content), PART)):
            row = {"attachment_id": key, "part": number, "content": content[start : start + PART]}
            connection.execute(parts.insert(), row)
    connection.execute(whole.update().values(content=None))
    forbid(["attachments", "attachment_parts"])

    op.add_column("tasks", sa.Column("workdays", sa.Integer(), nullable=True))
    op.add_column(
        "tasks",
        sa.Column("due_estimated", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    tasks = sa.table(
        "tasks",
        sa.column("id", sa.BigInteger()),
        sa.column("opened_on", sa.Date()),
        sa.column("due_on", sa.Date()),
        sa.column("workdays", sa.Integer()),
        sa.column("due_estimated", sa.Boolean()),
    )
    found = connection.execute(sa.select(tasks.c.id, tasks.c.opened_on, tasks.c.due_on)).all()
    for key, opened, due in found:
        workdays, guessed = _counted(opened, due)
        values = {"workdays": workdays, "due_estimated": guessed}
        connection.execute(tasks.update().where(tasks.c.id == key).values(**values))


def downgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and opinions point to it.
    op.drop_column("tasks", "due_estimated")
    op.drop_column("tasks", "workdays")
    allow(["attachments", "attachment_parts"])
    whole, parts = _tables()
    connection = op.get_bind()
    for key in connection.execute(sa.select(whole.c.id)).scalars().all():
        query = sa.select(parts.c.content).where(parts.c.attachment_id == key)
        content = b"".join(connection.execute(query.order_by(parts.c.part)).scalars())
        connection.execute(whole.update().where(whole.c.id == key).values(content=content))
    op.drop_table("attachment_parts")
    with op.batch_alter_table("attachments") as batch:
        batch.alter_column("content", existing_type=sa.LargeBinary(), nullable=False)
    forbid(["attachments"])


def _tables() -> tuple[sa.TableClause, sa.TableClause]:
    whole = sa.table(
        "attachments", sa.column("id", sa.BigInteger()), sa.column("content", sa.LargeBinary())
    )
    parts = sa.table(
        "attachment_parts",
        sa.column("attachment_id", sa.BigInteger()),
        sa.column("part", sa.Integer()),
        sa.column("content", sa.LargeBinary()),
    )
    return whole, parts


def _counted(opened: dt.date, due: dt.date) -> tuple[int, bool]:
    """Working days from ``opened`` to ``due`` as they were counted, and whether by guess."""
    days = [opened + dt.timedelta(days=n) for n in range(1, (due - opened).days + 1)]
    count = 0
    for day in days:
        if day.year in YEARS:
            count += bool(chinese_calendar.is_workday(day))
        else:
            count += day.weekday() < 5 and (day.month, day.day) not in FIXED
    return count, any(day.year not in YEARS for day in days)
