"""What lists and searches show of a project's dossier, kept beside it: found out again at every version."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from api.database.tables import Account, Project
from evaluator.dossier.dossier import Profile
from evaluator.judgement.lookup import normalised
from evaluator.values.numbers import exact_text

# What says nothing of which project or enterprise it is.
IDLE = ("项目", "工程", "建设", "有限责任公司", "股份有限公司", "有限公司", "股份公司", "集团")


def key_of(text: str | None) -> str:
    """A name for comparing: letters, digits and characters alone, without the words that say nothing."""
    bare = "".join(c for c in normalised(text) if c.isalnum())
    for word in IDLE:
        bare = bare.replace(word, "")
    return bare[:200]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _amount(value: object) -> str | None:
    return exact_text(value) if isinstance(value, Fraction) else None


def fill(session: Session, project: Project, profile: Profile) -> None:
    """Write what the newest dossier says into the project's row."""
    values: Mapping[str, Any] = profile.values
    project.project_code, project.name = profile.id, profile.name
    project.enterprise = _text(values.get("enterprise_name"))
    project.credit_code = _text(values.get("unified_social_credit_code"))
    project.industry = _text(values.get("industry_code"))
    project.submitted_on = profile.submitted_on
    project.investment = _amount(values.get("total_investment"))
    project.land = _amount(values.get("land_area"))
    project.energy = _amount(values.get("annual_energy"))
    project.zone = (_text(values.get("zone")) or "")[:100] or None
    project.name_key, project.enterprise_key = key_of(profile.name), key_of(project.enterprise)
    owner = session.get_one(Account, project.owner_id)
    project.search = normalised(
        project.number,
        profile.id,
        profile.name,
        project.enterprise,
        project.zone,
        owner.display_name,
    )
