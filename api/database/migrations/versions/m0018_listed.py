"""Lists show money, land and zone, and like projects are found: kept beside each project, out of its dossier."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = (
    ("investment", sa.Text()),
    ("land", sa.Text()),
    ("energy", sa.Text()),
    ("zone", sa.String(100)),
    ("name_key", sa.String(200)),
    ("enterprise_key", sa.String(200)),
)
INDEXED = ("project_code", "zone", "name_key", "enterprise_key")
IDLE = ("项目", "工程", "建设", "有限责任公司", "股份有限公司", "有限公司", "股份公司", "集团")
PAGE = 500


def _key(text: str | None) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKC", text or "").casefold() if c.isalnum())
    for word in IDLE:
        bare = bare.replace(word, "")
    return bare[:200]


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _fill() -> None:
    bind = op.get_bind()
    query = sa.text(
        "SELECT p.id, p.name, p.enterprise, p.search, d.dossier, a.display_name FROM projects p "
        "JOIN decisions d ON d.id = p.decision_id JOIN accounts a ON a.id = p.owner_id "
        "WHERE p.id > :after ORDER BY p.id LIMIT :page"
    )
    write = sa.text(
        "UPDATE projects SET investment = :investment, land = :land, energy = :energy, zone = :zone, "
        "name_key = :name_key, enterprise_key = :enterprise_key, search = :search WHERE id = :id"
    )
    after = 0
    while rows := bind.execute(query, {"after": after, "page": PAGE}).all():
        after = rows[-1].id
        for row in rows:
            dossier = json.loads(row.dossier)
            zone = _text(dossier.get("zone"))
            had = row.search.split("\n")
            more = [
                unicodedata.normalize("NFKC", w).casefold() for w in (zone, row.display_name) if w
            ]
            bind.execute(
                write,
                {
                    "id": row.id,
                    "investment": _text(dossier.get("total_investment")),
                    "land": _text(dossier.get("land_area")),
                    "energy": _text(dossier.get("annual_energy")),
                    "zone": zone[:100] if zone else None,
                    "name_key": _key(row.name),
                    "enterprise_key": _key(row.enterprise),
                    "search": "\n".join([*had, *(w for w in more if w not in had)]),
                },
            )


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("projects", sa.Column(name, kind, nullable=True))
    _fill()
    for name in INDEXED:
        op.create_index(f"ix_projects_{name}", "projects", [name])


def downgrade() -> None:
    for name in INDEXED:
        op.drop_index(f"ix_projects_{name}", "projects")
    for name, _ in reversed(COLUMNS):
        op.drop_column("projects", name)
