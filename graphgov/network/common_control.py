"""Companies that one hand controls: who ever was, and whether they were on given days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from graphgov.network.ids import I32, Index
from graphgov.network.ownership import Holdings, holdings, ownership
from graphgov.schema import Evidence
from graphgov.snapshot import Snapshot

COLUMNS = ("ownership.*", "officers.*", "companies.state_owned")

_ROWS = """SELECT 'ownership' AS "table", row_key, coalesce(certainty, 'documented') AS certainty
FROM ownership JOIN asked USING (company_id)
WHERE coalesce(started_on, DATE '0001-01-01') <= DATE '{day}'
    AND coalesce(ended_on, DATE '9999-12-31') >= DATE '{day}'
UNION ALL
SELECT 'officers', row_key, coalesce(certainty, 'documented')
FROM officers JOIN asked USING (company_id)
WHERE role IN ('legal_representative', 'actual_controller')
    AND coalesce(started_on, DATE '0001-01-01') <= DATE '{day}'
    AND coalesce(ended_on, DATE '9999-12-31') >= DATE '{day}'
ORDER BY ALL"""


@dataclass(frozen=True, eq=False)
class CommonControl:
    """Companies that were under one control at some time.

    Args:
        label: Per company, in order of ids, the smallest of those it belongs together with.
        base: All holdings; None where nothing is known of owners and heads.
    """

    label: I32
    base: Holdings | None

    def together(self, companies: Sequence[int], days: Sequence[int]) -> bool:
        """Whether companies stood under one control on each of some days since 1970."""
        if len(set(companies)) < 2:
            return True
        if self.base is None:
            return False
        part = _upstream(self.base, sorted(set(companies)))
        own = part.companies.codes([self.base.companies[c] for c in sorted(set(companies))])
        for day in sorted(set(days)):
            label = ownership(part, on=int(day)).clusters()
            if len(set(label[own].tolist())) > 1:
                return False
        return True

    def evidence(self, snap: Snapshot, companies: Sequence[str], day: str) -> list[Evidence]:
        """Rows of owners and heads of some companies, in force on a day."""
        return [Evidence(r["table"], r["row_key"]) for r in _rows(snap, companies, day)]

    def certainty(self, snap: Snapshot, companies: Sequence[str], day: str) -> str:
        """The weakest link among those rows."""
        found = {r["certainty"] for r in _rows(snap, companies, day)}
        return next((c for c in ("inferred", "declared") if c in found), "documented")


def common_control(snap: Snapshot) -> CommonControl:
    """Which companies ever were under one control; worked out once.

    Where nothing is known of owners and heads each company is alone.
    """
    return snap.memo("network.common_control", lambda: _find(snap))


def _find(snap: Snapshot) -> CommonControl:
    if not (snap.has("ownership.company_id") or snap.has("officers.company_id")):
        return CommonControl(np.arange(len(snap.ids("company")), dtype=np.int32), None)
    base = holdings(snap)
    return CommonControl(ownership(base).clusters(), base)


def _rows(snap: Snapshot, companies: Sequence[str], day: str) -> list[dict[str, str]]:
    asked = pa.table({"company_id": pa.array(sorted(set(companies)), pa.string())})
    found: list[dict[str, str]] = snap.sql(_ROWS.format(day=day), asked=asked).to_pylist()
    return found


def _upstream(base: Holdings, companies: Sequence[int]) -> Holdings:
    """The holdings that decide who controls some companies: theirs and their owners'."""
    first, n = base.first_company, len(base.companies)
    wanted = np.zeros(base.nodes, dtype=bool)
    wanted[[first + c for c in companies]] = True
    owned, size = wanted.copy(), 0
    while size != int(owned.sum()):
        size = int(owned.sum())
        owners = base.owner[owned[base.company]]
        wanted[owners] = True
        owned[owners[(owners >= first) & (owners < first + n)]] = True
    rows = np.flatnonzero(owned[base.company])
    led = np.flatnonzero(owned[base.heads[:, 1]])
    heads = base.heads[led]
    wanted[heads[:, 0]] = True
    kept = np.flatnonzero(wanted)
    place = np.cumsum(wanted) - 1
    inside = kept[(kept >= first) & (kept < first + n)] - first
    return replace(
        base,
        people=Index.of(base.people.names(kept[kept < first])),
        companies=Index.of(base.companies.names(inside)),
        bodies=Index.of(base.bodies.names(kept[kept >= first + n] - first - n)),
        owner=place[base.owner[rows]].astype(np.int32),
        company=place[base.company[rows]].astype(np.int32),
        share=base.share[rows],
        start=base.start[rows],
        end=base.end[rows],
        heads=np.column_stack([place[heads[:, 0]], place[heads[:, 1]], heads[:, 2:]]),
        state=base.state[inside],
        row_key=[base.row_key[r] for r in rows.tolist()],
        certainty=base.certainty[rows],
        head_key=[base.head_key[r] for r in led.tolist()],
        head_certainty=base.head_certainty[led],
    )
