from itertools import combinations

import numpy as np
import pytest

from graphgov.network.shared_officials import Desks, common, desks, rows_of, shared_officials


def purchases(*strata: str) -> Desks:
    """`purchases("aX aY bX cY")`: one stratum each; companies small, officials in capitals."""
    company, stratum, purchase, official = [], [], [], []
    for s, words in enumerate(strata):
        for word in words.split():
            company.append(ord(word[0]) - ord("a"))
            stratum.append(s)
            for person in sorted(word[1:]):
                purchase.append(len(company) - 1)
                official.append(ord(person) - ord("A"))
    keys = np.arange(len(company))
    return Desks(keys, *(np.array(v, np.int64) for v in (company, stratum, purchase, official)))


def by_hand(*strata: str, marker: str, drawer: str) -> tuple[int, float, float]:
    """Hits, their mean and the chance of as many, by dealing the drawer's purchases every way."""
    counts, seen = {0: 1.0}, 0
    for words in strata:
        rows = words.split()
        people = {p for w in rows if w[0] == marker for p in w[1:]}
        others = [w for w in rows if w[0] != marker]
        marks = [bool(people & set(w[1:])) for w in others]
        mine = [i for i, w in enumerate(others) if w[0] == drawer]
        if not mine or not any(marks) or all(marks) or len(others) == len(rows):
            continue
        seen += sum(marks[i] for i in mine)
        ways = [sum(marks[i] for i in some) for some in combinations(range(len(others)), len(mine))]
        new: dict[int, float] = {}
        for before, chance in counts.items():
            for way in ways:
                new[before + way] = new.get(before + way, 0.0) + chance / len(ways)
        counts = new
    mean = sum(k * chance for k, chance in counts.items())
    return seen, mean, sum(chance for k, chance in counts.items() if k >= seen)


TWO = ("aA aA bA bA bB cB cB dB cA", "aC bC bC cD dD dE")


def test_tails_are_those_of_dealing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphgov.network.shared_officials.RARE", 1.0)
    found = shared_officials(purchases(*TWO))
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert (0, 1) in pairs
    for row, (one, two) in enumerate(pairs):
        names = [chr(ord("a") + c) for c in (one, two)]
        for way, (marker, drawer) in enumerate((names, names[::-1])):
            hits, mean, chance = by_hand(*TWO, marker=marker, drawer=drawer)
            assert found.hits[way][row] == hits
            assert found.expected[way][row] == pytest.approx(mean)
            assert found.tails[way].p[row] == pytest.approx(chance)
    row = pairs.index((0, 1))
    assert found.p[row] == max(t.p[row] for t in found.tails)


def test_what_is_usual_one_way_is_not_looked_at_the_other_way() -> None:
    found = shared_officials(purchases(*TWO))
    usual = found.tails[0].p > 0.1
    assert usual.any()
    assert (found.p[usual] == 1).all()
    assert (found.lift[usual] == 0).all()


def test_two_with_a_panel_in_common_count_a_purchase_once() -> None:
    rows = ("aAB aAB aC bAB bAB bAB cC cD dC dD cE dE",)
    found = shared_officials(purchases(*rows))
    row = list(zip(found.first, found.second, strict=True)).index((0, 1))
    assert found.hits[0][row] == 3
    assert found.tails[0].p[row] == pytest.approx(by_hand(*rows, marker="a", drawer="b")[2])


@pytest.mark.parametrize(
    "rows",
    ["aA aA aB bA bB bA", "aA aA aB aB aA", "aA aA bB bB cA cB", ""],
    ids=["nobody else sells", "one company", "two purchases each", "nothing"],
)
def test_what_cannot_be_told(rows: str) -> None:
    """Two alone in a niche have whoever signs there; nothing could have been otherwise."""
    assert len(shared_officials(purchases(rows)).p) == 0


def test_names_of_companies_and_officials_do_not_matter() -> None:
    there = shared_officials(purchases(*TWO))
    swapped = [w.translate(str.maketrans("abcdABCDE", "dcbaEDCBA")) for w in TWO]
    back = shared_officials(purchases(*swapped))
    assert sorted(there.p.round(12)) == sorted(back.p.round(12))


def test_chance_is_chance() -> None:
    """Officials dealt at random among unlike companies, busy and idle ones."""
    rng = np.random.default_rng(7)
    seen = []
    for _ in range(30):
        strata = []
        for _ in range(8):
            firms = rng.choice(list("abcdefgh"), 24, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05])
            signs = rng.choice(list("ABCD"), 24, p=[0.4, 0.3, 0.2, 0.1])
            strata.append(" ".join(f + s for f, s in zip(firms, signs, strict=True)))
        seen += [shared_officials(purchases(*strata)).tails[0]]
    p = np.concatenate([tail.randomised(i) for i, tail in enumerate(seen)])
    assert len(p) > 800
    for level in (0.05, 0.2, 0.5):
        # Pairs of one market hang together: three times the plain standard error.
        room = 3 * np.sqrt(level * (1 - level) / len(p))
        assert abs((p < level).mean() - level) < room


def award(i, company, person, body="B", **more):
    row = {
        "award_id": f"A{i:03d}", "buyer_id": body, "company_id": company, "amount": 100,
        "awarded_on": str(np.datetime64("2022-01-03") + 17 * i), "category": "5550",
        "currency": "CNY", "method": "open",
    }  # fmt: skip
    return row | more, {"award_id": f"A{i:03d}", "person_id": person, "role": "approver"}


def office(snapshot, rows, **tables):
    awards, decisions = zip(*rows, strict=True)
    return snapshot(awards=list(awards), decisions=list(decisions), **tables)


def awards_of(snap, held) -> list[str]:
    keys = snap.sql("SELECT award_id FROM wins ORDER BY rowid")["award_id"].to_pylist()
    return [keys[row] for row in held.row.tolist()]


PLAIN = [award(i, f"f{i * 7 % 5}", f"O{i % 3}") for i in range(40)]


def test_what_is_no_purchase_of_its_own(snapshot) -> None:
    """Joint awards, repeats within a fortnight, tenders that two won, and recusals are left out."""
    soon = award(41, "f0", "O0", awarded_on="2022-03-01")
    again = award(42, "f0", "O0", awarded_on="2022-03-10")
    joint = [award(43, f, "O1", awarded_on="2022-05-01") for f in ("f1", "f2")]
    split = [award(44 + k, f"f{k}", "O1", tender_id="T1") for k in (0, 1)]
    recused = award(46, "f3", "O2")
    recused[1]["recused"] = True
    tender = [{"tender_id": "T1", "buyer_id": "B"}]
    rows = [*PLAIN, soon, again, joint[0], *split, recused]
    awards = [*(r[0] for r in rows), joint[1][0]]
    snap = snapshot(awards=awards, decisions=[r[1] for r in rows], tenders=tender)
    kept = set(awards_of(snap, desks(snap)))
    assert "A041" in kept
    assert kept.isdisjoint({"A042", "A043", "A044", "A045", "A046"})


def test_a_tender_of_several_awards_to_one_company_is_one_purchase(snapshot) -> None:
    same = {"tender_id": "T1", "awarded_on": "2022-04-10"}
    rows = [*PLAIN, *(award(50 + k, "f1", "O0", **same) for k in range(3))]
    decisions = [r[1] for r in rows[:-3]] + [{"tender_id": "T1", "person_id": "O2"}]
    tender = [{"tender_id": "T1", "buyer_id": "B"}]
    snap = snapshot(awards=[r[0] for r in rows], decisions=decisions, tenders=tender)
    held = desks(snap)
    keys = awards_of(snap, held)
    assert not {"A051", "A052"} & set(keys)
    assert held.official[held.purchase == keys.index("A050")].tolist() == [2]
    (found,) = rows_of(snap, held, [(np.array([keys.index("A050")]), np.array([2]))])
    assert sorted(r["id"] for r in found) == ["", "A050", "A051", "A052"]


def test_who_signs_nearly_everything_is_no_sign(snapshot) -> None:
    rows = [award(i, f"f{i * 7 % 5}", "O0" if i % 8 else "O1") for i in range(40)]
    held = desks(office(snapshot, rows))
    assert set(held.official.tolist()) <= {1}


def test_evidence_is_of_the_officials_of_both(snapshot) -> None:
    snap = office(snapshot, PLAIN)
    held = desks(snap)
    asked = common(held, 0, 1)
    (rows,) = rows_of(snap, held, [asked])
    seen = {r["id"] for r in rows if r["table"] == "awards"}
    assert seen == {a["award_id"] for a, _ in PLAIN if a["company_id"] in ("f0", "f1")}
    assert sum(r["table"] == "decisions" for r in rows) == len(seen)
    assert rows_of(snap, held, []) == []


def test_order_of_rows_does_not_matter(snapshot) -> None:
    rng = np.random.default_rng(3)
    plain = [award(i, f"f{rng.integers(8)}", f"O{rng.integers(5)}") for i in range(80)]
    one = shared_officials(desks(office(snapshot, plain)))
    mixed = [plain[i] for i in rng.permutation(len(plain))]
    other = shared_officials(desks(office(snapshot, mixed)))
    assert len(one.p) > 0
    assert one.p.tolist() == other.p.tolist()
    assert one.first.tolist() == other.first.tolist()
