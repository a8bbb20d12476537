import numpy as np
import pytest

from graphgov.network.shared_contacts import KINDS, contacts, linked, values
from graphgov.network.ties import specificity

AWARD = {
    "award_id": "A", "buyer_id": "B", "company_id": "a", "awarded_on": "2023-05-01", "amount": 1,
}  # fmt: skip


def firms(*rows):
    return [{"company_id": f"c{i:03d}", "name": str(i)} | row for i, row in enumerate(rows)]


def market(snapshot, *rows):
    companies = [*firms(*rows), {"company_id": "a", "name": "a"}]
    return snapshot(awards=[AWARD], companies=companies)


PHONES = {
    "0571-8888 4021": "57188884021",
    "+86 571 8888 4021": "57188884021",
    "(0571) 88884021 转 12": "57188884021",
    "13812345678": "13812345678",
    "+86 138 1234 5678": "13812345678",
    "15812345678": "15812345678",
    "０２１－５５５６６７７８": "2155566778",
    "110": None,
    "00000000": None,
    "12345678": None,
    "n/a": None,
}


@pytest.mark.parametrize(("said", "expected"), PHONES.items(), ids=PHONES)
def test_telephone_numbers(said, expected, snapshot):
    found = values(market(snapshot, {"phone": said}), "company").to_pylist()
    assert [row["value"] for row in found] == ([expected] if expected else [])


def test_values_of_other_tables_and_of_cells_with_several(snapshot):
    people = [{"person_id": "p", "name": "P", "phone": "021 5556 6778 / 0571 8888 4021",
               "email": "A@B.cn; none@b.cn", "address": "nowhere"}]  # fmt: skip
    rows = values(snapshot(awards=[AWARD], people=people), "person").to_pylist()
    assert sorted((r["kind"], r["value"]) for r in rows) == [
        ("email", "a@b.cn"), ("phone", "2155566778"), ("phone", "57188884021"),
    ]  # fmt: skip


def test_weight_is_rarity_times_the_kind(snapshot):
    rows = [{"phone": f"0571 6{i:03d} 9{i:03d}", "address": f"Hill {i:03d} 9"} for i in range(60)]
    for i in (0, 1, 2):
        rows[i]["phone"] = "0571 8888 4021"
    rows[1]["address"] = rows[0]["address"]
    found = contacts(market(snapshot, *rows))
    pairs = linked(found)
    weight = {(int(a), int(b)): float(w) for a, b, w in
              zip(pairs.a, pairs.b, pairs.weight, strict=True)}  # fmt: skip
    three = 0.8 * float(specificity(3, 60))
    assert weight == {
        (1, 2): pytest.approx(three + 0.5), (1, 3): pytest.approx(three),
        (2, 3): pytest.approx(three),
    }  # fmt: skip
    assert pairs.bits[0] == pytest.approx(np.log(59 / 2) + np.log(59))
    assert found.population.tolist() == [60, 0, 0, 60]
    assert found.stated.sum() == 60


def test_what_a_service_lends_counts_once(snapshot):
    own = {"phone": "0571 8888 4021", "address": "Hill 7 House 9"}
    crowd = [{"phone": f"0571 6{i:03d} 9{i:03d}", "address": f"Hill {i:03d} 8"} for i in range(90)]
    five = linked(contacts(market(snapshot, *[own] * 5, *crowd)))
    six = linked(contacts(market(snapshot, *[own] * 6, *crowd)))
    assert five.weight[0] == pytest.approx(1.3 * float(specificity(5, 95)))
    assert six.weight[0] == pytest.approx(0.8 * float(specificity(6, 96)))
    assert len(linked(contacts(market(snapshot, *[own] * 11, *crowd))).a) == 0


def test_a_mailbox_is_not_a_domain_too(snapshot):
    rows = ({"email": "x@own.cn"}, {"email": "x@own.cn"}, {"email": "y@own.cn"},
            {"email": "z@qq.com"}, {"email": "v@qq.com"})  # fmt: skip
    found = contacts(market(snapshot, *rows))
    kinds = [KINDS[k] for k in found.kind]
    assert sorted(zip(found.a.tolist(), found.b.tolist(), kinds, strict=True)) == [
        (1, 2, "email"), (1, 3, "domain"), (2, 3, "domain"),
    ]  # fmt: skip


def test_no_contacts(snapshot):
    found = contacts(snapshot(awards=[AWARD]))
    assert len(linked(found).a) == 0
    assert not found.stated.any()
