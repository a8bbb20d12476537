"""What every detector owes its callers, so that no author has to test it."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgov.indicators
import graphgov.models
from graphgov.config import make
from graphgov.detector import LANGUAGES, Detector, card, discover, run
from graphgov.errors import ConfigError
from graphgov.schema import TABLES, Flag, Type
from graphgov.schema.results import SUBJECT_KINDS
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

ROOMS = {"indicators": graphgov.indicators, "models": graphgov.models}
FOUND = [(room, cls) for room, package in ROOMS.items() for cls in discover(package).values()]
CLASSES = [cls for _, cls in FOUND]
LABELS = ["Method", "Example", "Why", "Score", "Skips", "Source"]
CLASS_WORDS = ("legal", "tie", "statistical", "anomaly", "data")
HERE = Path(__file__).parent.parent
VERDICTS = re.compile(r"\b(fraud\w*|guilt\w*|corrupt\w*|criminal\w*|steal\w*|crook\w*)\b", re.I)

Frames = dict[str, list[dict[str, Any]]]
each = pytest.mark.parametrize("cls", CLASSES, ids=[c.code for c in CLASSES])


@pytest.fixture(scope="module")
def frames(
    market: Callable[..., Frames], lot: Callable[..., None], signed: Callable[..., None]
) -> Frames:
    made: Frames = market(schemes=True)
    contests(made, lot)
    executed(made, signed)
    one_hand(made, lot)
    below_the_line(made)
    return made


def contests(frames: Frames, lot: Callable[..., None]) -> None:
    """Lots of a market of its own in which every indicator over bids finds something."""
    rng = np.random.default_rng(4)
    for i in range(400):
        one, two = (f"x{k:02d}" for k in rng.permutation(30)[:2])
        price = 50_000 + round(float(rng.normal(0, 900)), 2)
        gap = 0.05 + 0.04 * float(rng.random())
        lot(frames, f"x{i:03d}", {one: price, two: round(price * (1 + gap), 2)},
            out=[two] if i % 53 == 0 else [], buyer=f"X{i % 24:02d}", category="7700")  # fmt: skip
    for i in range(60):  # a firm that bids to lose, and too close at that
        firm, price = f"x{i % 30:02d}", 50_000.25 + i
        lot(frames, f"y{i:02d}", {firm: price, "cover": price + (15 if i < 6 else 3300)},
            buyer=f"X{i % 24:02d}", category="7700")  # fmt: skip
    for i in range(6):  # put out, the cheapest at that; one price for two
        prices = {"acme": 1003.5 + i, "zed": 900.0, "pal": 1203.5 + i, "far": 1203.5 + i}
        lot(frames, f"z{i}", prices, out=["zed"], buyer="X00", category="7700")
        lot(frames, f"zz{i}", {"acme": 900.5, "zed": 901 + i}, out=["zed"], category="7700")
    lot(frames, "deep", {"acme": 20_000, "zed": 47_000}, buyer="X01", category="7700")
    for tender in frames["tenders"][-6:]:
        tender |= {"published_at": "2023-03-01T08:00:00Z", "bids_due_at": "2023-03-05T08:00:00Z"}
    late = {"submitted_at": "2023-03-05T09:00:00Z"}
    frames["bids"][-2] |= late
    frames["items"] = []
    for k in range(24):  # suppliers of one to four kinds, and one of twelve
        for i in range(20):
            key, kinds = f"s{k:02d}-{i:02d}", 12 if k == 23 else 1 + k % 4
            lot(frames, key, {f"s{k:02d}": 1000}, category="7700")
            code = f"{10 + i % kinds}00"
            frames["items"].append({"item_id": f"I{key}", "owner_kind": "award",
                                    "owner_id": f"A-{key}-", "classification": code})  # fmt: skip


def executed(frames: Frames, signed: Callable[..., None]) -> None:
    """Contracts carried out as agreed, and those of one firm that never are."""
    for i in range(120):
        signed(frames, f"v{i:03d}", buyer=f"V{i % 8}", company=f"v{i % 20:02d}", category="7800",
               paid=[("2022-07-01", 1000)], due=[("2022-05-01", "2022-05-03")])  # fmt: skip
    steps = ("2022-04-01", "2022-05-01", "2022-06-01")
    for i in range(6):
        signed(frames, f"w{i}", buyer=f"V{i}", company="worse", category="7800", awarded=1000,
               amount=1300 + 7 * i, amend=[(day, 70 + i, None) for day in steps],
               paid=[("2022-07-01", 2000 + i)], due=[("2022-05-01", "2022-09-01")])  # fmt: skip


def one_hand(frames: Frames, lot: Callable[..., None]) -> None:
    """A market of its own with two firms of one hand, and bidders who should not be there."""
    rng = np.random.default_rng(9)
    firms = [f"q{k:02d}" for k in range(30)]
    for k, firm in enumerate(firms):
        own = {"phone": f"0571 6{min(k, 28):02d} 12 34", "address": f"Lane {min(k, 28)} No. 7",
               "registered": k != 20, "founded_on": "2000-01-01"}  # fmt: skip
        frames["companies"].append({"company_id": firm, "name": f"Firm {firm}"} | own)
        head = "Q28" if k > 27 else f"Q{k:02d}"
        edge = {"person_id": head, "company_id": firm, "role": "legal_representative"}
        frames["officers"].append(edge | {"started_on": "2001-01-01"})
        share = {"owner_id": head, "owner_kind": "person", "company_id": firm, "share": 0.7}
        frames["ownership"].append(share | {"started_on": "2001-01-01"})
    frames["people"] += [{"person_id": f"Q{k:02d}", "name": f"Head {k}"} for k in range(29)]
    frames["people"][0] |= {"phone": "0571 605 12 34"}  # an official with the number of q05
    frames["bodies"] += [{"body_id": f"Q{i}", "name": f"School {i}"} for i in range(15)]
    for i in range(15):
        post = {"person_id": frames["people"][0]["person_id"], "body_id": f"Q{i}"}
        frames["offices"].append(post | {"role": "head", "started_on": "2018-01-01"})
    for i in range(120):
        some = [firms[k] for k in rng.permutation(28)[:3]]
        lot(frames, f"q{i:03d}", {f: 1000 + 7 * j + i for j, f in enumerate(some)},
            buyer=f"Q{i % 15}", category="8800")  # fmt: skip
    for i in range(10):
        pair = {firms[28 + i % 2]: 1000.0 + i, firms[29 - i % 2]: 1100.0 + i, firms[i]: 1200.0}
        lot(frames, f"qq{i}", pair, buyer=f"Q{i // 2}", category="8800")
    frames["sanctions"] = [{"subject_kind": "company", "subject_id": "q03", "list": "debarred",
                            "started_on": "2023-01-01"}]  # fmt: skip


def below_the_line(frames: Frames) -> None:
    """Small purchases of a market of its own, honest ones and every way around a threshold."""
    rng = np.random.default_rng(21)
    frames["bodies"] += [
        {"body_id": f"U{i:02d}", "name": f"Office U{i}", "jurisdiction": "UU", "region": "Far"}
        for i in range(20)
    ]
    line = {"jurisdiction": "UU", "method": "open", "amount": 100_000, "currency": "CNY"}
    frames["thresholds"].append(line | {"starts_on": "2015-01-01"})

    def buy(body: int, firm: str, day: int, amount: float, **more: Any) -> str:
        key = f"U{len(frames['awards']):05d}"
        frames["awards"].append({
            "award_id": key, "buyer_id": f"U{body:02d}", "company_id": firm, "currency": "CNY",
            "awarded_on": str(date(2021, 1, 1) + timedelta(days=day)), "status": "active",
            "amount": round(amount, 2), "category": "6600",
            "method": "direct" if amount < 100_000 else "open",
        } | more)  # fmt: skip
        return key

    def sign(award: str, first: int, days: int) -> str:
        start = date(2021, 1, 1) + timedelta(days=first)
        frames["contracts"].append({
            "contract_id": f"K{award}", "award_id": award, "starts_on": str(start),
            "ends_on": str(start + timedelta(days=days)),
        })  # fmt: skip
        return f"K{award}"

    for i in range(1400):
        day, amount = int(rng.integers(728)), float(rng.uniform(40_000, 110_000))
        key = buy(i % 20, f"u{rng.integers(8)}{i % 20:02d}", day, amount)
        if i % 10 == 0:
            sign(key, day, 120)
    for i in range(14):
        buy(0, "near", (100, 210, 330, 400)[i // 4], 91_000 + 600 * i)  # on the same days, too
        buy(1, "large", 300 + 20 * i, 99_000 + 4_000 * i, method="direct")
        buy(4, "burst", 500 + i, 30_000 + i, category=f"66{10 + i}")
    for i in range(60):
        buy(2, f"u{i % 8}02", 10 * i, 93_000 + 100 * i, method="limited")
        buy(3, f"u{i % 7}03", 365 * (i % 2) + 340 + i % 24, 50_000 + 500 * i)
        buy(7 + i % 3, f"ring{i % 2}", 11 * i, 85_000 + 100 * i, method="limited")
        buy(10 + i % 2, f"pal{i // 2 % 2}", 400 + i % 50, 60_000 + 300 * i)
    for i in range(9):
        sign(buy(5, "chain", 150 * i - 600, 70_000), 200 * i - 800, 195)
    for day, amount in ((400, 600), (450, 3_000_000), (500, 4_000_000)):
        buy(6, "foot", day, amount)
    contract = sign(buy(6, "grows", 420, 80_000), 430, 60)
    frames["amendments"].append({"amendment_id": "MU", "contract_id": contract,
                                 "amended_on": "2022-06-01", "amount_change": 30_000})  # fmt: skip


@pytest.fixture(scope="module")
def snap(frames: Frames, snapshot: Callable[..., Snapshot]) -> Snapshot:
    return snapshot(**frames)


@pytest.fixture(scope="module")
def variant(
    snapshot: Callable[..., Snapshot],
) -> Callable[..., Snapshot]:
    """`variant(name, make)`: the snapshot of some changed frames, made once for all detectors."""
    made: dict[str, Snapshot] = {}

    def get(name: str, change: Callable[[], Frames]) -> Snapshot:
        if name not in made:
            made[name] = snapshot(**change())
        return made[name]

    return get


@pytest.fixture(scope="module")
def flags_of(snap: Snapshot) -> Callable[[type[Detector]], list[Flag]]:
    seen: dict[str, list[Flag]] = {}

    def flags(cls: type[Detector]) -> list[Flag]:
        if cls.code not in seen:
            seen[cls.code] = list(run(cls(), snap).flags)
        return seen[cls.code]

    return flags


def essence(flags: list[Flag]) -> list[tuple[Any, ...]]:
    return [(f.flag_id, f.score, f.value, f.p_value, f.q_value, f.amounts) for f in flags]


@pytest.mark.parametrize(("room", "cls"), FOUND, ids=[c.code for c in CLASSES])
def test_code_file_class_and_test_file_agree(room: str, cls: type[Detector]) -> None:
    path = Path(inspect.getfile(cls))
    code, words = path.stem.split("_", 1)
    assert code == cls.code.lower()
    assert words.replace("_", "") == cls.__name__.lower()
    assert (HERE / room / f"test_{path.stem}.py").exists()
    assert re.fullmatch(r"R\d{3}|[B-I]\d{2}", cls.code)
    assert cls().family in "ABCDEFGHI"


def test_codes_are_given_once() -> None:
    codes = [cls.code for cls in CLASSES]
    assert sorted(set(codes)) == sorted(codes)


@each
def test_docstring_has_its_labels_in_order(cls: type[Detector]) -> None:
    described = card(cls)
    labels = list(described.labels)
    assert [label for label in labels if label != "Assumes"] == LABELS
    assert described.summary.count("\n") == 0
    assert len(described.summary) < 160
    assert all(described.labels.values())
    fields = {f.name for f in dataclasses.fields(cls)}
    assert set(re.findall(r"\*\*(\w+)\*\*", cls.__doc__ or "")) <= fields


@each
def test_class_facts_use_known_words(cls: type[Detector]) -> None:
    assert cls.class_ in CLASS_WORDS
    assert cls.subject_kind in SUBJECT_KINDS
    assert set(cls.title) == set(LANGUAGES)
    assert set(cls.sentences) == set(LANGUAGES)
    for column in (*cls.needs, *cls.wants):
        table, name = column.split(".")
        assert table in TABLES
        assert name == "*" or name in TABLES[table].by_name, column


@each
def test_every_setting_is_bounded(cls: type[Detector]) -> None:
    for field in dataclasses.fields(cls):
        if isinstance(field.default, bool) or not isinstance(field.default, int | float):
            continue
        low, high = field.metadata["low"], field.metadata["high"]
        assert low <= field.default <= high
        assert getattr(make(cls, "x", {field.name: low}), field.name) == low
        for wrong in (low - 1, high + 1):
            with pytest.raises(ConfigError, match=field.name):
                make(cls, "indicators.X", {field.name: type(field.default)(wrong)})


@each
def test_nothing_is_found_in_nothing(
    cls: type[Detector], snapshot: Callable[..., Snapshot]
) -> None:
    findings = run(cls(), snapshot())
    assert list(findings.flags) == []
    assert list(findings.communities) == []
    assert findings.computable == 0
    assert findings.missing
    assert findings.reason.startswith("not computable, because")


@each
def test_awards_alone_end_cleanly(
    cls: type[Detector], frames: Frames, variant: Callable[..., Snapshot]
) -> None:
    keep = ("award_id", "buyer_id", "company_id", "awarded_on", "amount")
    awards = [{k: row[k] for k in keep} for row in frames["awards"]]
    findings = run(cls(), variant("awards alone", lambda: {"awards": awards}))
    assert findings.computable <= max(findings.subjects, len(awards))
    if findings.missing:
        assert "not computable, because" in findings.reason


@each
def test_a_missing_column_is_named(
    cls: type[Detector], frames: Frames, variant: Callable[..., Snapshot]
) -> None:
    for column in cls.needs:
        table, name = column.split(".")
        if table == "awards" and (name == "*" or TABLES[table].by_name[name].required):
            continue
        findings = run(cls(), variant(column, partial(without, frames, table, name)))
        assert column in findings.missing.split(";")
        assert column in findings.reason
        assert list(findings.flags) == []


def without(frames: Frames, table: str, name: str) -> Frames:
    if name == "*" or TABLES[table].by_name[name].required:
        return {
            k: [unlinked(k, row, table) for row in rows]
            for k, rows in frames.items()
            if k != table and not needs_table(k, table)
        }
    return {
        k: [{c: v for c, v in row.items() if not (k == table and c == name)} for row in rows]
        for k, rows in frames.items()
    }


def needs_table(child: str, parent: str) -> bool:
    return parent in ("tenders", "awards", "contracts") and any(
        c.ref == parent and c.required for c in TABLES[child].columns
    )


def unlinked(table: str, row: dict[str, Any], parent: str) -> dict[str, Any]:
    columns = TABLES[table].by_name
    return {c: v for c, v in row.items() if columns[c].ref != parent or columns[c].required}


@each
def test_flags_are_well_formed(
    cls: type[Detector], flags_of: Callable[[type[Detector]], list[Flag]], snap: Snapshot
) -> None:
    flags = flags_of(cls)
    if not flags:
        pytest.skip("nothing to find in the small market")
    assert len({f.flag_id for f in flags}) == len(flags)
    assert flags == sorted(
        flags, key=lambda f: (f.indicator, f.subject_kind, f.subject_id, f.flag_id)
    )
    for flag in flags:
        assert 0 <= flag.score <= 1
        assert flag.indicator == cls.code
        assert flag.members
        assert flag.certainty in ("documented", "declared", "inferred")
        for p in (flag.p_value, flag.q_value):
            assert p is None or 0 <= p <= 1
        if flag.q_value is not None:
            assert flag.p_value is not None
            assert flag.q_value >= flag.p_value - 1e-12
        for cell in (flag.reason, flag.innocent):
            assert cell
            assert "\n" not in cell
            assert not VERDICTS.search(cell)
        assert_json_clean(flag.facts)
    keys = {
        table: set(snap.sql(f'SELECT row_key FROM "{table}"')["row_key"].to_pylist())
        for table in {e.table for f in flags for e in f.evidence}
    }
    for flag in flags:
        assert flag.evidence
        assert all(e.key in keys[e.table] for e in flag.evidence)


def assert_json_clean(value: object) -> None:
    if isinstance(value, dict):
        assert all(isinstance(k, str) for k in value)
        for part in value.values():
            assert_json_clean(part)
    elif isinstance(value, list):
        for part in value:
            assert_json_clean(part)
    else:
        assert value is None or type(value) in (str, int, float, bool), repr(value)
        assert not isinstance(value, float) or np.isfinite(value)


@each
@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_fill_from_the_facts(
    cls: type[Detector], language: str, flags_of: Callable[[type[Detector]], list[Flag]]
) -> None:
    flags = flags_of(cls)
    if not flags:
        pytest.skip("nothing to find in the small market")
    for flag in flags[:50]:
        for template in cls.sentences[language]:
            text = fill(template, flag.facts)
            assert text
            assert "{" not in text
            assert not VERDICTS.search(text)


@each
def test_the_same_twice_and_the_snapshot_stays(
    cls: type[Detector], snap: Snapshot, flags_of: Callable[[type[Detector]], list[Flag]]
) -> None:
    before = sizes(snap)
    again = list(run(cls(), snap).flags)
    assert again == flags_of(cls)
    assert sizes(snap) == before


def sizes(snap: Snapshot) -> list[tuple[str, int, int]]:
    names = [*TABLES, "wins", "contests"]
    return [
        (
            name,
            *snap.sql(
                f'SELECT count(*) AS n, coalesce(bit_xor(hash(t)), 0)::UBIGINT AS h FROM "{name}" t'
            )
            .to_pylist()[0]
            .values(),
        )
        for name in names
    ]


@each
def test_row_order_does_not_matter(
    cls: type[Detector],
    frames: Frames,
    variant: Callable[..., Snapshot],
    flags_of: Callable[[type[Detector]], list[Flag]],
) -> None:
    assert list(run(cls(), variant("mixed", partial(mixed, frames))).flags) == flags_of(cls)


def mixed(frames: Frames) -> Frames:
    rng = np.random.default_rng(1)
    return {k: [rows[i] for i in rng.permutation(len(rows))] for k, rows in frames.items()}


@each
def test_ids_are_only_names(
    cls: type[Detector],
    frames: Frames,
    variant: Callable[..., Snapshot],
    flags_of: Callable[[type[Detector]], list[Flag]],
) -> None:
    found = run(cls(), variant("renamed", partial(renamed, frames))).flags
    assert anonymous(found) == anonymous(flags_of(cls))


def renamed(frames: Frames) -> Frames:
    """Longer ids in the same order, so that seeded methods see the same rows."""
    return {
        table: [
            {c: f"~~{v}" if is_id(table, c) and v else v for c, v in row.items()} for row in rows
        ]
        for table, rows in frames.items()
    }


def anonymous(flags: Sequence[Flag]) -> list[tuple[Any, ...]]:
    """What a flag says, the prefix of renamed ids taken off."""
    return sorted(
        (f.subject_id.replace("~~", ""), f.reason.replace("~~", ""), f.score, f.value, f.p_value)
        for f in flags
    )


def is_id(table: str, column: str) -> bool:
    return TABLES[table].by_name[column].type in (Type.ID, Type.IDS) and column != "lot_id"


@each
def test_only_declared_columns_are_read(
    cls: type[Detector],
    frames: Frames,
    snapshot: Callable[..., Snapshot],
    flags_of: Callable[[type[Detector]], list[Flag]],
) -> None:
    declared = {*cls.needs, *cls.wants}
    bare = {
        table: [
            {
                c: v
                for c, v in row.items()
                if TABLES[table].by_name[c].required
                or f"{table}.{c}" in declared
                or f"{table}.*" in declared
            }
            for row in rows
        ]
        for table, rows in frames.items()
        if table == "awards" or any(c.startswith(f"{table}.") for c in declared)
    }
    assert essence(list(run(cls(), snapshot(**bare)).flags)) == essence(flags_of(cls))


@each
def test_p_values_are_uniform_on_shuffled_awards(
    cls: type[Detector], market: Callable[..., Frames], variant: Callable[..., Snapshot]
) -> None:
    if cls.class_ not in ("statistical", "anomaly"):
        pytest.skip("tests nothing by chance")
    seen: list[float] = []
    for seed in range(3):
        snap = variant(f"null {seed}", partial(null_market, market, seed))
        p_values = run(cls(), snap).p_values
        if p_values is None:
            pytest.skip("states no chance of its own")
        assert np.all(np.isfinite(p_values))
        assert np.all((p_values >= 0) & (p_values <= 1))
        seen.extend(p_values.tolist())
    low, high = wilson(sum(p < 0.05 for p in seen), len(seen))
    assert low <= 0.07, (low, high, len(seen))
    assert high >= 0.03, (low, high, len(seen))


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    if n == 0:
        return 0.0, 1.0
    share, room = hits / n, z * z / n
    half = z * np.sqrt(share * (1 - share) / n + room / (4 * n))
    return (share + room / 2 - half) / (1 + room), (share + room / 2 + half) / (1 + room)


def null_market(market: Callable[..., Frames], seed: int) -> Frames:
    return shuffled(market(schemes=False, seed=seed + 20, processes=900), seed)


def shuffled(frames: Frames, seed: int) -> Frames:
    """Who bid and won goes to another process of its category, region, method and year."""
    rng = np.random.default_rng(seed)
    tenders = {t["tender_id"]: t for t in frames["tenders"]}
    award_of = {a["tender_id"]: a for a in frames["awards"]}
    strata: dict[tuple[str, ...], list[str]] = {}
    for key, t in tenders.items():
        year = award_of[key]["awarded_on"][:4]
        strata.setdefault((t["category"], t["region"], t["method"], year), []).append(key)
    goes_to = {}
    for keys in strata.values():
        for old, new in zip(keys, rng.permutation(keys), strict=True):
            goes_to[old] = str(new)
    comes_from = {new: old for old, new in goes_to.items()}
    awards = [
        a | {"company_id": award_of[comes_from[a["tender_id"]]]["company_id"]}
        for a in frames["awards"]
    ]
    bids = [b | {"tender_id": goes_to[b["tender_id"]]} for b in frames["bids"]]
    counts: dict[str, int] = {}
    for b in bids:
        counts[b["tender_id"]] = counts.get(b["tender_id"], 0) + 1
    moved = [t | {"bidders": counts[t["tender_id"]]} for t in frames["tenders"]]
    return frames | {"awards": awards, "bids": bids, "tenders": moved}
