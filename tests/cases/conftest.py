"""A flag in one line, for every test of cases."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from graphgov.detector import digest
from graphgov.schema import Evidence, Flag, Member

CLASSES = {"E": "tie", "E15": "legal", "E02": "legal", "E05": "statistical", "H": "anomaly"}
KINDS = {"E03": "person", "R018": "tender", "D04": "group", "C10": "group"}


@pytest.fixture
def make_flag() -> Callable[..., Flag]:
    """`make_flag("E01", "P1", "C1", "B1", worth=3)`: a flag worth that many powers of ten.

    `companies` are the winners of an E03, or the members of a group; `awards` are ids.
    """

    def make(
        indicator: str,
        person: str = "",
        company: str = "",
        body: str = "",
        *,
        points: float = 3.0,
        p_value: float | None = 0.001,
        companies: tuple[str, ...] = (),
        awards: tuple[str, ...] = (),
        links: tuple[str, ...] = (),
        role: str = "winner",
        day: str = "2022-03-01",
        window: str = "",
        **more: Any,
    ) -> Flag:
        class_ = CLASSES.get(indicator) or CLASSES.get(indicator[0], "statistical")
        class_ = more.pop("class_", class_)
        kind = more.pop("subject_kind", "") or KINDS.get(indicator, "person_company")
        subject = json.dumps(sorted(companies)) if kind == "group" else person or company or body
        if kind == "group":
            role = "member"
        if kind not in ("group", "person"):
            subject = json.dumps([person or body, company])
        named = tuple(dict.fromkeys(c for c in (company, *companies) if c))
        members = [Member("company", c, role) for c in named]
        members += [Member("person", person, "official")] if person else []
        members += [Member("body", body, "buyer")] if body else []
        members += [Member("award", a, "award") for a in awards]
        members += [Member("person", key, "link") for key in links]
        given = {
            "flag_id": digest(indicator, person, company, body, window, *companies),
            "indicator": indicator,
            "family": "A" if indicator.startswith("R") else indicator[0],
            "class_": class_,
            "subject_kind": kind,
            "subject_id": subject,
            "score": 0.9 if class_ == "legal" else points / (points + 2.0),
            "p_value": None if class_ == "legal" else p_value,
            "first_on": date.fromisoformat(day) if day else None,
            "last_on": date.fromisoformat(day) if day else None,
            "person_id": person,
            "company_id": company,
            "body_id": body,
            "reason": f"Reason of {indicator}.",
            "innocent": f"Innocence of {indicator}.",
            "evidence": tuple(Evidence("awards", f"row{a}", a) for a in awards),
            "members": tuple(sorted(members)),
        }
        return Flag(**(given | more))

    return make
