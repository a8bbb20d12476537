"""Small files of releases and settings in which everything that §1 decides happens often.

Few ids, few prices, few currencies, so that things coincide; fields go missing, have the wrong
type, are written twice or in an odd but valid way; some lines are not JSON.
"""

import json
import random
from typing import Any

IDS = ["A", "B", "C", "D", "E", "F", "é", "\U0001f4a7", ""]
BUYERS = ["b1", "b2", "b3", "A"]
DETAILS = ["NPC", "EXC", "x", "y", "Reverse Auction", ""]
METHODS = ["open", "selective", "limited", "direct"]
BID_STATUS = ["valid"] * 6 + ["disqualified"] * 3 + ["pending", "invited", "withdrawn", "odd", ""]
AWARD_STATUS = ["active"] * 9 + ["cancelled", "unsuccessful", "pending", "odd"]
AMOUNTS = ["1", "2", "3", "4", "10", "100", "101", "99.5", "1.0", "1e2", "1E+2", "-5", "-0.0", "-0"]
ODD_AMOUNTS = [
    "0",
    "0.0",
    "1e400",
    "-1e400",
    "123456789012345678901234567890",
    "1e-400",
    "18446744073709551616",
    "0.1000000000000000055511151231257827",
    "9007199254740993",
    "1e308",
]
COUNTS = ["1", "1", "1", "2", "3", "0", "1.0", "-1", "1e0", "18446744073709551617", '"1"', "null"]
DATES = [
    "2020-01-01T00:00:00Z", "2020-01-05T12:00:00Z", "2020-01-15T23:59:59Z", "2020-01-16T00:00:00Z",
    "2020-01-16T00:00:00+02:00", "2020-01-16T00:00:00-05:00", "2020-01-20T10:00:00.5Z",
    "2020-02-29T23:59:60Z", "2019-02-29T00:00:00Z", "2020-01-10", "2020-01-10T00:00:00",
    "2020-01-10 00:00:00Z", "2020-01-10t00:00:00z", "2020-01-10T00:00:00.1234567891234Z",
    "2020-01-10T00:00:00+0000", "2020-01-10T24:00:00Z", "2020-01-10T00:00:00-00:00", "2020-01", "",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2020-01-10T00:00:00\u221202:00", "é",
]  # fmt: skip
ODD = [
    "null",
    "true",
    "0",
    '"x"',
    "[]",
    "{}",
    '[{"id":"A"}]',
    '{"id":"A"}',
    "[null]",
    "[[]]",
    "1.5",
]
TWINS = [*ODD, "[" * 130 + "]" * 130]
BAD_LINES = [
    b"", b" ", b"\t", b"{", b"nonsense", b"\xef\xbb\xbf{}", b'{"ocid":"1"} x', b'{"ocid":"\xff"}',
    b'{"ocid":"x","a":NaN}', b'{"ocid":"x","a":01}', b'{"ocid":"x",}', b'{"ocid":"\\ud800"}',
    b'{"ocid":"x","a":"\t"}', b"[1,2]", b"null", b'"text"', b"\x0c", b'{"ocid":1}', b"{}\r",
    b"{'a':1}",
    b'{"ocid":"x","a":' + b"[" * 126 + b"]" * 126 + b"}",
    b'{"ocid":"x","a":' + b"[" * 127 + b"]" * 127 + b"}",
    b"[" * 3000, b'{"ocid":"x","a":+1}', b'{"ocid":"x","a":.5}', b'{"ocid":"x","a":1.}',
]  # fmt: skip

EXTRA = [
    r'"\ud83d\ude00"', r'{"\u0000":{"":[]}}', "1E400", "-0.0", "9" * 400, "[" * 120 + "]" * 120,
    "[" * 123 + "]" * 123, "[" * 124 + "]" * 124, '"/\u2028"', "1" + "0" * 5000,
    "0." + "1" * 2000, r'"\/\b\f\n\r\t"', "\x7f".join('""'), "[ ]", "{\t}", "1e-999", "-0",
]  # fmt: skip
SPOILS = [
    r'"\ud800"', r'"\ud800\u0041"', r'"\udc00"', r'{"\udc00":1}', r'"\x"', r'"\u12G4"',
    r'"\u123"', '"\\', "1e", "1e+", "-", "01", "-01", "1.", ".5", "--1", "+1", "0x10", "1_000",
    "nul", "True", "Infinity", "[1,]", "[,]", "[1 2]", '{"a"}', '{"a":}', '{"a":1,}', "{1:2}",
    '{"a":1 "b":2}', '"tab\t"', "'a'", "[", "]", '"a" "b"', "\x00", "\u00a01", "/*c*/1", "",
    '"\x1f"', "[" * 130 + "]" * 130, "[1}", '{"a":1]', "NaN",
]  # fmt: skip


class Raw(str):
    """Text that stands in the JSON as it is."""


class Maker:
    """One random file; the same for the same seed."""

    def __init__(self, seed: int, *, odd: float | None = None) -> None:
        self.pick = random.Random(seed)
        drawn = self.pick.choice([0, 0.003, 0.02])
        self.odd = drawn if odd is None else odd
        self.gaps = self.pick.choice([0, 0.2, 1])
        self.zero = self.pick.random() < 0.1
        self.tidy_share = self.pick.choice([0.0, 0.3, 0.8])

    def chance(self, share: float) -> bool:
        return self.pick.random() < share

    def maybe(self, value: Any, missing: float = 0.04) -> Any:
        """The value, or nothing, or something of another type."""
        if self.chance(missing * self.gaps):
            return None
        return Raw(self.pick.choice(ODD)) if self.chance(self.odd) else value

    def members(self, **members: Any) -> dict[str, Any]:
        items = [(key, value) for key, value in members.items() if value is not None]
        if self.chance(0.1):
            self.pick.shuffle(items)
        return dict(items)

    def amount(self) -> Raw:
        odd = self.chance(0.03) and (self.zero or self.chance(0.5))
        known = ODD_AMOUNTS if self.zero else ODD_AMOUNTS[2:]
        return Raw(self.pick.choice(known if odd else AMOUNTS))

    def organizations(self) -> list[Any]:
        number = self.pick.choice([1] * 12 + [2, 2, 0])
        named = [self.members(id=self.maybe(self.pick.choice(IDS), 0.02)) for _ in range(number)]
        return [self.maybe(one, 0) for one in named]

    def bid(self) -> Any:
        currency = self.pick.choice(["USD"] * 10 + ["EUR", "usd"])
        value = self.members(amount=self.maybe(self.amount()), currency=self.maybe(currency))
        return self.members(
            id=self.pick.choice(["1", None]),
            status=self.maybe(self.pick.choice(BID_STATUS)),
            date=self.maybe(self.pick.choice(DATES)),
            value=self.maybe(value),
            tenderers=self.maybe(self.organizations()),
        )

    def award(self) -> Any:
        items = [
            self.maybe(
                self.members(
                    classification=self.maybe(
                        self.members(
                            id=self.maybe(self.pick.choice(["10", "1012", "2é3", "30", ""]))
                        )
                    )
                ),
                0,
            )
            for _ in range(self.pick.choice([0, 1, 1, 2, 4]))
        ]
        return self.members(
            status=self.maybe(self.pick.choice(AWARD_STATUS)),
            suppliers=self.maybe(self.organizations()),
            items=self.maybe(items, 0.2),
        )

    def tidy(self) -> tuple[list[Any], list[Any]]:
        """Bids and an award as they mostly are: the cheapest wins, or all others are refused."""
        win = self.pick.choice([10, 20, 50])
        share = self.pick.choice([100] * 8 + [110, 90, 200, 1, 5000, 0])
        prices = [win, win + win * share / 100, win * 90]
        names = self.pick.sample(IDS, 3)
        refuse = self.chance(0.15)
        bids = [
            self.members(
                status="disqualified" if refuse and place else "valid",
                date=self.pick.choice(DATES[:6]),
                value={"amount": Raw(repr(price)), "currency": "USD"},
                tenderers=[{"id": name}],
            )
            for place, (name, price) in enumerate(zip(names, prices, strict=True))
        ]
        self.pick.shuffle(bids)
        items = [{"classification": {"id": self.pick.choice(["10", "10", "11", "99"])}}]
        return bids, [{"status": "active", "suppliers": [{"id": names[0]}], "items": items}]

    def release(self, number: int) -> Any:
        period = self.members(
            startDate=self.maybe(self.pick.choice(DATES)),
            endDate=self.maybe(self.pick.choice(DATES)),
        )
        details = self.pick.choice(DETAILS) if self.chance(0.5) else None
        tender = self.members(
            status=self.maybe(self.pick.choice(["complete"] * 9 + ["cancelled"]), 0.3),
            procurementMethod=self.maybe(self.pick.choice(METHODS), 0.1),
            procurementMethodDetails=self.maybe(details),
            numberOfTenderers=self.maybe(Raw(self.pick.choice(COUNTS))),
            tenderPeriod=self.maybe(period),
            procuringEntity=self.maybe(self.members(id=self.maybe(self.pick.choice(BUYERS)))),
        )
        bids = [self.maybe(self.bid(), 0) for _ in range(self.pick.choice([0, 1, 2, 3, 3, 4, 5]))]
        awards = [
            self.maybe(self.award(), 0) for _ in range(self.pick.choice([0, 1, 1, 1, 1, 2, 3]))
        ]
        if self.chance(self.tidy_share):
            bids, awards = self.tidy()
        ocid = f"o-{number}" if not self.chance(0.05) else f"o-{self.pick.randint(0, number)}"
        for extra in (EXTRA, SPOILS):
            if self.chance(self.odd / 2):
                known = [one for one in bids if isinstance(one, dict)]
                where = self.pick.choice([tender, period, *known])
                where[self.pick.choice(["", "x", "Status", "idx"])] = Raw(self.pick.choice(extra))
        return self.members(
            ocid=self.maybe(ocid, 0.01),
            buyer=self.maybe(self.members(id=self.maybe(self.pick.choice(BUYERS)))),
            tender=self.maybe(tender),
            bids=self.maybe(self.members(details=self.maybe(bids))),
            awards=self.maybe(awards),
        )

    def write(self, value: Any) -> str:
        """JSON text, now and then in an unusual but valid way."""
        if isinstance(value, Raw):
            return str(value)
        if isinstance(value, str):
            return self.word(value)
        gap = self.pick.choice([" ", "\t", " \r"]) if self.chance(0.02) else ""
        if isinstance(value, list):
            return "[" + f",{gap}".join(self.write(one) for one in value) + gap + "]"
        parts = [f"{self.word(k)}{gap}:{gap}{self.write(v)}" for k, v in value.items()]
        if parts and self.chance(0.01):  # an earlier twin, which does not count
            key = self.pick.choice(list(value))
            parts.insert(0, f"{self.word(key)}:{self.pick.choice(TWINS)}")
        if parts and self.chance(0.01):  # a later twin, which does
            key = self.pick.choice(list(value))
            parts.append(f"{self.word(key)}:{self.pick.choice(ODD)}")
        return "{" + ",".join(parts) + "}"

    def word(self, text: str) -> str:
        if text and self.chance(0.01):
            place = self.pick.randrange(len(text))
            units = text[place].encode("utf-16-be").hex()
            escaped = "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
            return json.dumps(text[:place])[:-1] + escaped + json.dumps(text[place + 1 :])[1:]
        return json.dumps(text, ensure_ascii=self.chance(0.2))

    def file(self, releases: int | None = None) -> bytes:
        number = self.pick.choice([0, 1, 3, 10, 30, 60]) if releases is None else releases
        lines = []
        for place in range(number):
            while self.chance(self.odd * 2):
                lines.append(self.pick.choice(BAD_LINES))
            lines.append(self.write(self.release(place)).encode())
        end = self.pick.choice([b"\n", b"\n", b"\n", b"\r\n"])
        return end.join(lines) + self.pick.choice([b"", end])

    def settings(self) -> str:
        """A settings file in which most sections stand."""
        lines = []

        def option(share: float, key: str, *values: Any) -> None:
            if self.chance(share):
                lines.append(f"{key} = {self.pick.choice(values)}")

        option(0.2, "currency", "USD", "EUR", "XXX")
        option(0.3, "no_price_comparison_procurement_methods", "NPC", "NPC|x", "")
        option(0.1, "price_comparison_procurement_methods", "Reverse Auction", "x|y|NPC", "")
        if self.chance(0.3):
            lines.append("[exclusions]")
            option(0.8, "procurement_method_details", "EXC", "EXC|y", "|", "")
        options: dict[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
            "R003": (
                ("threshold", (10, 30, 0, -1)),
                ("procurement_methods", ("open", "open|limited", "")),
            ),
            "R018": (("procurement_methods", ("limited", "open|direct|selective", "", "|")),),
            "R024": (("threshold", (0.05, 1, 0, -1, 30.5)),),
            "R025": (("threshold", (0.3, 0.5, 1, 0)), ("percentile", (0, 10, 50, 100, 120))),
            "R028": (),
            "R030": (),
            "R035": (("threshold", (0, 1, 2)),),
            "R036": (),
            "R038": (
                ("threshold", (0.3, 0.5, 1, 0)),
                ("minimum_submitted_bids", (0, 1, 3)),
                ("minimum_contracting_processes", (0, 1, 5)),
            ),
            "R048": (
                ("threshold", (1, 2, 3, 0)),
                ("digits", (0, 1, 3, 9)),
                ("minimum_contracting_processes", (0, 1, 2, 3)),
            ),
            "R058": (("threshold", (0.5, 2, 0, -1)),),
        }
        every = self.chance(0.3)
        for code, settings in options.items():
            if every or self.chance(0.75):
                lines.append(f"[{code}]")
                for key, values in settings:
                    option(0.35, key, *values)
                if code == "R048" and not any("minimum_c" in line for line in lines[-3:]):
                    lines.append("minimum_contracting_processes = 1")
            if code == "R003" and self.chance(0.3):
                lines.append("[R003.procurement_method_details]")
                lines += ["x = 5", "Reverse Auction = 40"]
        return "\n".join(lines) + "\n"
