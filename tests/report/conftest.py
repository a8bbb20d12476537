"""A finished run folder, made from a small dataset whose names are as bad as names get."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from graphgov.cases import dossier
from graphgov.ingest import read_frames
from graphgov.report import files, render
from graphgov.schema import OUTPUTS, Case, Coverage, Evidence, Flag, Member, Results
from graphgov.snapshot import Snapshot, take

HOSTILE = (
    '<img src=x onerror="window.hit=1;alert(1)">',
    "</script><script>window.hit=1;alert(1)</script>",
    '=HYPERLINK("http://evil.example","x") href="javascript:alert(1)"',
    "شركة النور للطرق",
    "长江道路工程有限公司第三建设分公司",
    "\u202egnihton\u202c\x1b[31m {{ 7*7 }} ${window.hit=1}",
    'O\'Brien & Söhne "GmbH"; DROP TABLE awards; --',
)
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def frames() -> dict[str, list[dict[str, Any]]]:
    """A city whose deputy's spouse holds a supplier, and five firms that take turns."""
    companies = ["Asphalt-Plus", *HOSTILE]
    people = ["Marta Kowal", "Tomas Reyes", HOSTILE[0], HOSTILE[1]]
    start = date(2020, 1, 6)
    awards, tenders, bids, decisions = [], [], [], []
    for i in range(48):
        ring = i % 2
        winner = 4 + (i // 2) % 4 if ring else (0 if i % 3 else 1 + i % 3)
        day = start + timedelta(days=24 * i)
        bidders = 1 if not ring and i % 4 == 0 else 3
        awards.append(
            {
                "award_id": f"A{i:02}",
                "buyer_id": "B2" if ring else "B1",
                "company_id": f"C{winner}",
                "awarded_on": day.isoformat(),
                "amount": str(10_000 + 731 * i),
                "currency": "EUR",
                "tender_id": f"T{i:02}",
                "title": HOSTILE[i % len(HOSTILE)] if i % 5 == 0 else f"Road works {i}",
            }
        )
        tenders.append(
            {
                "tender_id": f"T{i:02}",
                "buyer_id": "B2" if ring else "B1",
                "method": "open",
                "title": f"Works {i}",
                "bidders": str(bidders),
            }
        )
        field = [winner, *(k for k in range(4, 8) if k != winner)][:bidders]
        bids += [
            {"bid_id": f"D{i:02}{k}", "tender_id": f"T{i:02}", "company_id": f"C{k}"} for k in field
        ]
        decisions.append(
            {"person_id": "P0" if i % 2 else "P2", "award_id": f"A{i:02}", "role": "approver"}
        )
    span = {"started_on": "2019-05-01"}
    return {
        "bodies": [
            {"body_id": "B1", "name": "City of Rivermouth", "kind": "city"},
            {"body_id": "B2", "name": HOSTILE[0], "kind": "agency"},
        ],
        "people": [{"person_id": f"P{i}", "name": n} for i, n in enumerate(people)],
        "companies": [{"company_id": f"C{i}", "name": n} for i, n in enumerate(companies)]
        + [{"company_id": "C8", "name": "Northgate Holdings"}],
        "awards": awards,
        "tenders": tenders,
        "bids": bids,
        "decisions": decisions,
        "offices": [
            {"person_id": "P0", "body_id": "B1", "post": HOSTILE[1], "role": "deputy", **span},
            {"person_id": "P2", "body_id": "B1", "role": "head"},
        ],
        "ties": [
            {"person_a": "P0", "person_b": "P1", "kind": "spouse", "certainty": "declared"},
            {"person_a": "P2", "person_b": "P3", "kind": "classmate", "note": HOSTILE[0]},
        ],
        "ownership": [
            {"owner_id": "P1", "owner_kind": "person", "company_id": "C8", "share": "1", **span},
            {"owner_id": "C8", "owner_kind": "company", "company_id": "C0", "share": "0.7", **span},
        ],
        "officers": [{"person_id": "P3", "company_id": "C1", "role": "director", **span}],
    }


def make_results(snap: Snapshot) -> Results:
    """Three full cases and many short ones, from hand-made flags."""

    def rows(table: str, where: str = "true") -> list[dict[str, Any]]:
        return snap.sql(f"SELECT * FROM {table} WHERE {where} ORDER BY row_key").to_pylist()

    def cite(table: str, where: str = "true", key: str = "") -> list[Evidence]:
        return [Evidence(table, r["row_key"], r[key] if key else "") for r in rows(table, where)]

    chain = [*cite("ties", "kind = 'spouse'"), *cite("ownership")]
    chain += cite("offices", "role = 'deputy'")
    here = "buyer_id = 'B1' AND company_id = 'C0'"
    common: dict[str, Any] = {"family": "E", "innocent": "They may have stood aside: see minutes."}
    tied = Flag(
        flag_id="f1" * 8,
        indicator="E01",
        class_="tie",
        subject_kind="person_company",
        subject_id='["P0","C0"]',
        score=0.9,
        p_value=0.00004,
        amounts=(("EUR", Decimal("123456.0000")),),
        first_on=date(2020, 1, 6),
        last_on=date(2023, 1, 1),
        certainty="declared",
        reason=f"Marta Kowal is tied to Asphalt-Plus; note {HOSTILE[0]}.",
        facts={"hops": 2, "weird": HOSTILE[1]},
        evidence=(*chain, *cite("awards", here, "award_id")),
        members=(Member("person", "P0", "official"), Member("company", "C0", "winner")),
        **common,
    )
    pair = Flag(
        flag_id="f2" * 8,
        indicator="D01",
        class_="statistical",
        subject_kind="body_company",
        subject_id='["B1","C0"]',
        score=0.6,
        p_value=0.2,
        reason="More awards than chance explains.",
        evidence=tuple(cite("awards", here, "award_id")),
        members=(Member("body", "B1", "buyer"), Member("company", "C0", "winner")),
        **common,
    )
    ring = Flag(
        flag_id="f3" * 8,
        indicator="D04",
        class_="statistical",
        subject_kind="group",
        subject_id='["C4","C5","C6","C7"]',
        score=0.6,
        reason="Four companies won in turn.",
        evidence=tuple(cite("bids", "company_id >= 'C4'", "bid_id")),
        members=tuple(Member("company", f"C{i}", "member") for i in range(4, 8)),
        **common,
    )
    bare = Flag(
        flag_id="f4" * 8,
        indicator="Z99",
        class_="anomaly",
        subject_kind="tender",
        subject_id="T00",
        score=0.1,
        reason="A tender with a single bid.",
        evidence=(*cite("tenders", "tender_id = 'T00'", "tender_id"), Evidence("bids", "0" * 16)),
        members=(Member("body", "B1", "buyer"),),
        **common,
    )
    error = Flag(
        flag_id="f5" * 8,
        indicator="R999",
        class_="data",
        subject_kind="award",
        subject_id="A00",
        score=0.1,
        reason="Ten times the usual.",
        **common,
    )
    members = (Member("body", "B1", "buyer"), *tied.members)
    cases = [
        _case(1, "cronyism", 0.77, (tied, pair), members, f"Awards to Asphalt-Plus {HOSTILE[1]}"),
        _case(2, "collusion", 0.5, (ring,), ring.members, "Four companies that bid together"),
        _case(3, "clustering", 0.4, (bare,), bare.members, "What was seen at the city"),
    ]
    for i in range(4, 90):
        others = (Member("body", "B2", "buyer"), Member("company", f"C{i % 8}", "winner"))
        cases.append(_case(i, "mixed", 0.3 - i / 1000, (pair,), others, f"Short case {i}"))
    return Results(
        run_id="0123456789abcdef",
        as_of=date(2024, 1, 1),
        flags=[tied, pair, ring, bare, error],
        cases=cases,
        coverage=[
            Coverage("D01", "body_company", 20, 20, 0, 1, "", ""),
            Coverage("F01", "body_company", 0, 0, 20, 0, "thresholds.amount", "there is no amount"),
        ],
        names=snap.names(),
    )


def _case(
    rank: int,
    kind: Any,
    score: float,
    flags: tuple[Flag, ...],
    members: tuple[Member, ...],
    title: str,
) -> Case:
    return Case(
        case_id=f"{rank:016x}",
        rank=rank,
        score=score,
        kind=kind,
        title=title,
        summary=f"{flags[0].reason} Rule out first: chance.",
        amounts=(("EUR", Decimal(1000 * rank)),),
        flag_ids=tuple(f.flag_id for f in flags),
        members=members,
        first_on=date(2020, 1, 6),
        last_on=date(2020, 1, 6) + timedelta(days=rank),
        certainty="declared",
    )


@pytest.fixture(scope="session")
def city() -> Snapshot:
    """The snapshot of `frames`."""
    return take(read_frames(frames()))


@pytest.fixture(scope="session")
def results(city: Snapshot) -> Results:
    """Hand-made results on it."""
    return make_results(city)


@pytest.fixture(scope="session")
def run_folder(
    tmp_path_factory: pytest.TempPathFactory, city: Snapshot, results: Results
) -> Callable[..., Path]:
    """`run_folder(language=…)`: a new folder of a finished run, without pages."""

    def make(**manifest: object) -> Path:
        out = tmp_path_factory.mktemp("run")
        files.write_results(out, results)
        files.write_csv(
            out / "rejects.csv",
            OUTPUTS["rejects"],
            [("awards.csv", 3, "amount", "not_money", HOSTILE[0], "It is not an amount.")],
        )
        by_id = {f.flag_id: f for f in results.flags}
        files.write_json_lines(
            out / "dossiers.jsonl", dossier.build(city, results.cases, by_id, top=4)
        )
        told: Mapping[str, object] = {
            "version": "0.1.0",
            "as_of": results.as_of,
            "run_id": results.run_id,
            "rows": {"awards": {"in": 49, "kept": 48, "rejected": 1, "repeated": 0, "stubs": 0}},
            "language": "en",
            **manifest,
        }
        files.write_json(out / "manifest.json", told)
        return out

    return make


@pytest.fixture(scope="session")
def rendered(run_folder: Callable[..., Path]) -> Path:
    """A run folder with its pages."""
    out = run_folder()
    render(out)
    return out


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium; skips with a word where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("GRAPHGOV_REQUIRE_ALL") == "1":
            pytest.fail("Chromium is required here, and there is none.")
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def island() -> Callable[[Path], Any]:
    """The data that a page carries."""

    def read(path: Path) -> Any:
        text = path.read_text(encoding="utf-8")
        start = text.index('id="data">') + len('id="data">')
        return json.loads(text[start : text.index("</script>", start)])

    return read


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Names that break careless pages."""
    return HOSTILE
