"""Compiled releases of realistic size in which every indicator of Cardinal has something to find.

Usage: python benchmarks/cardinal_data.py RELEASES FILE [--seed N] [--workers 2]

About 7 kB a release, 3 to 4 bids. Blocks of 5 000 releases are made from the seed and their number
alone: more workers give the same bytes, a longer file begins like a shorter one of the same
`--of` (how many buyers and tenderers there are depends on it).
"""

import argparse
import json
import multiprocessing
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

BLOCK = 5_000
FIRST_DAY = datetime(2019, 1, 7)
DAYS = [(FIRST_DAY + timedelta(days=day)).strftime("%Y-%m-%d") for day in range(2600)]
METHODS = ["open"] * 6 + ["selective"] * 2 + ["limited", "direct"]
DETAILS = [
    "Licitación Pública",
    "Licitación Abreviada",
    "Concurso de Precios",
    "Subasta Inversa",
    "Compra Menor",
]
WORDS = [
    "suministro", "servicio", "obra", "mantenimiento", "equipo", "médico", "escolar", "camino",
    "rural", "puente", "alimentos", "limpieza", "vigilancia", "combustible", "papelería",
    "licencia", "consultoría", "supervisión", "construcción", "rehabilitación", "adquisición",
    "instalación", "transporte", "reactivos", "mobiliario", "para", "la", "del", "y", "en",
    "municipio", "hospital", "región", "departamento", "año", "ejercicio", "proyecto",
]  # fmt: skip
DIVISIONS = ["10", "12", "14", "25", "30", "39", "42", "43", "44", "45", "50", "51", "72", "80"]
PLAIN_LINES = ["", " ", "{", '{"ocid": "ocds-odd", }', "nil"]


def text(pick: random.Random, words: int) -> str:
    """Words in a row, as a JSON string without its quotes."""
    return " ".join(pick.choices(WORDS, k=words)).capitalize()


LOTS = '"lots":[{"id":"1","title":"Lote 1"},{"id":"2","title":"Lote 2"}],'


class Pools:
    """Pieces of text that repeat over the file; made once per worker."""

    def __init__(self, seed: int, releases: int) -> None:
        pick = random.Random(f"{seed}-pools")
        self.tenderers = max(40, releases // 14)
        self.buyers = max(10, releases // 120)
        self.titles = [text(pick, pick.randint(5, 14)) for _ in range(400)]
        self.long = [text(pick, pick.randint(14, 40)) for _ in range(400)]
        self.items = [self._item(pick, number) for number in range(900)]
        self.documents = [self._documents(pick) for _ in range(200)]

    def _item(self, pick: random.Random, number: int) -> str:
        unit = json.dumps({"name": "Unidad", "value": {"amount": 0.0, "currency": "USD"}})
        return (
            f'"description":"{text(pick, 8)}","quantity":{pick.randint(1, 900)},"unit":{unit},'
            f'"additionalClassifications":[{{"scheme":"CUBSO","id":"{40000000 + number}",'
            f'"description":"{text(pick, 4)}"}}]'
        )

    def _documents(self, pick: random.Random) -> str:
        made = [
            f'{{"id":"doc-{pick.getrandbits(40):x}","documentType":"{kind}",'
            f'"title":"{text(pick, 6)}","format":"application/pdf","language":"es",'
            f'"url":"https://compras.example.org/documentos/{pick.getrandbits(64):x}.pdf",'
            f'"datePublished":"{pick.choice(DAYS)}T12:00:00Z"}}'
            for kind in [
                "tenderNotice",
                "biddingDocuments",
                "technicalSpecifications",
                "evaluation",
            ]
        ]
        return ",".join(made[: pick.randint(1, 3)])


class Block:
    """The releases of one block."""

    def __init__(self, pools: Pools, seed: int, number: int) -> None:
        self.pools, self.first = pools, number * BLOCK
        self.pick = random.Random(f"{seed}-{number}")

    def rare(self, share: float) -> bool:
        return self.pick.random() < share

    def tenderer(self) -> int:
        """A tenderer's number; low ones bid often, every 90th bids most and never wins."""
        if self.rare(0.05):
            return self.pick.randrange(1 + self.pools.tenderers // 90) * 90
        return int(self.pools.tenderers * self.pick.random() ** 1.5)

    def lines(self, count: int) -> Iterator[str]:
        for place in range(self.first, self.first + count):
            if self.rare(0.0004):
                yield self.pick.choice(PLAIN_LINES)
            yield self.release(place)

    def release(self, place: int) -> str:
        pick, rare = self.pick, self.rare
        ocid = f"ocds-7k3x9a-{place if not rare(0.0003) else pick.randrange(place + 1):08d}"
        buyer = int(self.pools.buyers * pick.random() ** 1.3)
        method = pick.choice(METHODS)
        currency = "USD" if not rare(0.015) else pick.choice(["EUR", "PYG"])
        who = self.rivals(1 if rare(0.12) else pick.choice((2, 3, 3, 4, 4, 4, 5, 6)))
        start = pick.randrange(2400)
        length = pick.randint(16, 45) if not rare(0.06) else pick.randint(-1, 14)
        bids, winner, worth = self.bids(who, buyer, currency, DAYS[start + length])
        parts = [
            f'"ocid":"{ocid}","id":"{ocid}-{pick.getrandbits(32):08x}",'
            f'"date":"{DAYS[start + 60]}T10:00:00Z","tag":["compiled"],"initiationType":"tender",'
            f'"language":"es"',
            self.parties(buyer, who),
            f'"buyer":{{"id":"BUY-{buyer:05d}","name":"Entidad {buyer}"}}'
            if not rare(0.01)
            else "",
            self.planning(worth, currency),
            self.tender(buyer, method, who, worth, currency, DAYS[start], DAYS[start + length]),
            f'"bids":{{"details":[{bids}]}}' if not rare(0.03) else "",
        ]
        if not rare(0.03):
            parts.append(self.awards(winner, worth, currency, DAYS[start + 50]))
        if rare(0.0003):
            parts.append('"tender2":{"amount":1e400},"\\u006fcid":"' + ocid + '"')
        return "{" + ",".join(filter(None, parts)) + "}"

    def rivals(self, number: int) -> list[int]:
        return list(dict.fromkeys(self.tenderer() for _ in range(number)))

    def parties(self, buyer: int, who: list[int]) -> str:
        made = [
            f'{{"id":"BUY-{buyer:05d}","name":"Entidad {buyer}","roles":["buyer"],'
            f'"address":{{"streetAddress":"Avenida {buyer % 90}","region":"Región {buyer % 17}",'
            f'"countryName":"Paraguay"}},"contactPoint":{{"name":"Contacto {buyer}",'
            f'"email":"uoc{buyer}@example.org","telephone":"+595 21 {200000 + buyer}"}}}}'
        ]
        made += [
            f'{{"id":"TEN-{one:06d}","name":"Proveedor {one} S.A.","roles":["tenderer"],'
            f'"identifier":{{"scheme":"PY-RUC","id":"{80000000 + one}-{one % 10}"}},'
            f'"address":{{"streetAddress":"Calle {one % 997} casi Ruta {one % 9}",'
            f'"locality":"Ciudad {one % 113}","region":"Región {one % 17}",'
            f'"countryName":"Paraguay"}},"contactPoint":{{"name":"Contacto {one}",'
            f'"email":"ventas{one}@example.com","telephone":"+595 {10**8 + one}"}}}}'
            for one in who
        ]
        return f'"parties":[{",".join(made)}]'

    def planning(self, worth: float, currency: str) -> str:
        return (
            f'"planning":{{"rationale":"{self.pick.choice(self.pools.long)}","budget":{{"amount":'
            f'{{"amount":{worth * 1.4:.2f},"currency":"{currency}"}},'
            f'"project":"{self.pick.choice(self.pools.titles)}"}}}}'
        )

    def tender(
        self,
        buyer: int,
        method: str,
        who: list[int],
        worth: float,
        currency: str,
        start: str,
        end: str,
    ) -> str:
        pick, rare, pools = self.pick, self.rare, self.pools
        zone = "-03:00" if not rare(0.1) else pick.choice(["Z", "", "-0300", ".500-04:00"])
        period = f'"startDate":"{start}T07:00:00{zone}","endDate":"{end}T09:30:00-03:00"'
        if rare(0.03):
            period = f'"startDate":"{start}","endDate":"{end}"'
        number = f'"numberOfTenderers":{len(who)}{".0" if rare(0.01) else ""},' * (not rare(0.03))
        entity = f'"procuringEntity":{{"id":"BUY-{buyer:05d}","name":"Entidad {buyer}"}},'
        items = ",".join(
            f'{{"id":"{pick.getrandbits(40):x}",{pick.choice(pools.items)}}}'
            for _ in range(pick.randint(1, 4))
        )
        return (
            f'"tender":{{"id":"{pick.getrandbits(40):x}","title":"{pick.choice(pools.titles)}",'
            f'"description":"{pick.choice(pools.long)}",'
            f'"status":"{"cancelled" if rare(0.01) else "complete"}",'
            f'"procurementMethod":"{method}","procurementMethodDetails":"{pick.choice(DETAILS)}",'
            f'{entity * (not rare(0.02))}{number}"tenderPeriod":{{{period}}},'
            f'"value":{{"amount":{worth * 1.35:.2f},"currency":"{currency}"}},"items":[{items}],'
            f'{LOTS * rare(0.05)}"documents":[{pick.choice(pools.documents)}],'
            f'"awardCriteria":"priceOnly","submissionMethod":["electronicSubmission"]}}'
        )

    def bids(
        self, who: list[int], buyer: int, currency: str, deadline: str
    ) -> tuple[str, int, float]:
        """The bids as text, who won and for how much."""
        pick, rare = self.pick, self.rare
        able = [one for one in who if one % 90]
        winner = pick.choice(able or who)
        worth = round(pick.lognormvariate(10.5, 1.4) + 50, 2) if not rare(0.0001) else 0
        step = 0.30 + pick.gauss(0, 0.02) if not rare(0.04) else pick.choice((0.002, 0.01, 3.0))
        strict = rare(0.02) or (buyer % 31 == 7 and rare(0.4))
        late, equal, cheap = rare(0.01), rare(0.015), rare(0.03)
        made = []
        for place, one in enumerate(who):
            amount = worth or 0.0
            status = "valid"
            if one != winner:
                amount = (worth or 40) * (1 + step) * (1 if equal else 1 + place * 0.013)
                if strict or rare(0.06):
                    status = "disqualified"
                elif rare(0.02):
                    status = pick.choice(["pending", "invited", "withdrawn"])
                if cheap and status == "disqualified":
                    amount = worth * 0.9
            value = f'"value":{{"amount":{amount:.2f},"currency":"{currency}"}},'
            others = f',{{"id":"TEN-{self.tenderer():06d}"}}' * rare(0.02)
            hour = 10 if late and one == winner else pick.randint(1, 8)
            made.append(
                f'{{"id":"bid-{pick.getrandbits(40):x}","date":"{deadline}T{hour:02d}:15:00-03:00",'
                f'"status":"{status}",{value * (not rare(0.01))}'
                f'"tenderers":[{{"id":"TEN-{one:06d}","name":"Proveedor {one} S.A."}}{others}],'
                f'"documents":[{{"id":"{pick.getrandbits(40):x}","documentType":"submissionDocuments",'
                f'"url":"https://compras.example.org/ofertas/{pick.getrandbits(64):x}"}}]}}'
            )
        pick.shuffle(made)
        return ",".join(made), winner, worth

    def awards(self, winner: int, worth: float, currency: str, day: str) -> str:
        pick, rare = self.pick, self.rare
        made = []
        kinds = ["active"] if not rare(0.08) else pick.choice(SEVERAL)
        for place, status in enumerate(kinds):
            reach = len(DIVISIONS) if winner % 41 == 3 else 1 + winner % 4
            items = ",".join(
                f'{{"id":"{pick.getrandbits(40):x}","classification":{{"scheme":"UNSPSC",'
                f'"id":"{DIVISIONS[(winner + pick.randrange(reach)) % len(DIVISIONS)]}'
                f'{pick.randrange(100, 400)}000"}},{pick.choice(self.pools.items)}}}'
                for _ in range(pick.randint(1, 3))
            )
            joint = f',{{"id":"TEN-{self.tenderer():06d}"}}' * rare(0.015)
            made.append(
                f'{{"id":"aw-{pick.getrandbits(40):x}","status":"{status}",'
                f'"title":"{pick.choice(self.pools.titles)}","date":"{day}T15:00:00-03:00",'
                f'"value":{{"amount":{worth / (place + 1):.2f},"currency":"{currency}"}},'
                f'"suppliers":[{{"id":"TEN-{winner:06d}","name":"Proveedor {winner}"}}{joint}],'
                f'"items":[{items}],"documents":[{pick.choice(self.pools.documents)}]}}'
            )
        contract = (
            f'"contracts":[{{"id":"co-{pick.getrandbits(40):x}","status":"active",'
            f'"dateSigned":"{day}T16:00:00-03:00","title":"{pick.choice(self.pools.titles)}",'
            f'"value":{{"amount":{worth:.2f},"currency":"{currency}"}},'
            f'"description":"{pick.choice(self.pools.long)}"}}]'
        )
        return f'"awards":[{",".join(made)}],{contract}'


SEVERAL = [
    ["active", "active"],
    ["active", "cancelled"],
    ["active", "pending"],
    ["unsuccessful"],
    ["pending"],
    ["unsuccessful", "active"],
    [],
]

_pools: dict[tuple[int, int], Pools] = {}


def block(task: tuple[int, int, int, int]) -> bytes:
    """The bytes of one block: `(seed, number, how many releases, size that sets the pools)`."""
    seed, number, count, of = task
    if (seed, of) not in _pools:
        _pools[seed, of] = Pools(seed, of)
    return "".join(
        f"{line}\n" for line in Block(_pools[seed, of], seed, number).lines(count)
    ).encode()


def blocks(releases: int, seed: int, *, of: int = 0, workers: int = 2) -> Iterator[bytes]:
    """The file in blocks, in order."""
    tasks = [
        (seed, number, min(BLOCK, releases - number * BLOCK), of or releases)
        for number in range((releases + BLOCK - 1) // BLOCK)
    ]
    if workers < 2 or len(tasks) < 2:
        yield from map(block, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(block, tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", type=int)
    parser.add_argument("file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--of", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    made = blocks(told.releases, told.seed, of=told.of, workers=told.workers)
    if told.file == "-":
        for one in made:
            sys.stdout.buffer.write(one)
        return
    with Path(told.file).open("wb") as out:
        out.writelines(made)


if __name__ == "__main__":
    main()
