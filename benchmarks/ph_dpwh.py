"""Philippine public works (DPWH contract details, JSON Lines) into a dataset folder.

    python benchmarks/ph_dpwh.py IN OUT

IN is a file or a folder of `.jsonl` files, one contract a line. The data name every bidder but
no losing price, so bids have no amount; the date of award is missing in most contracts, where
the day the contract took effect stands in for it. A joint venture is one bid of its members.
"""

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

_MEMBER = re.compile(r"(?P<name>.*?)\s*\((?:\[REVOKED\]\s*)?(?P<id>\d+)\)\s*$")
_VENTURE = re.compile(r"\s*\(JV ID:[^)]*\)\s*$")
_STATUS = {"Completed": "complete", "Terminated": "cancelled"}


def members(bidder):
    """The companies of a bidder as (id, name); one without licence goes by its name."""
    text = _VENTURE.sub("", bidder["name"].strip())
    parts = re.split(r"\)\s*/\s*", text)
    parts = [p + ")" if i < len(parts) - 1 else p for i, p in enumerate(parts)]
    if _VENTURE.search(bidder["name"]):  # members without a licence have no bracket to split at
        parts = [q for p in parts for q in re.split(r"\s/\s", p)]
    found = []
    for part in parts:
        match = _MEMBER.match(part.strip())
        name = match["name"] if match else part.strip()
        key = match["id"] if match else bidder["pcabId"] if len(parts) == 1 else ""
        found.append((f"PCAB-{key.lstrip('0')}" if key else f"name:{name.upper()}", name))
    return found


def day(text):
    """The day of a date, or nothing."""
    return text[:10] if text else ""


def moment(text):
    """Local midnight of a date."""
    return f"{text[:10]}T00:00:00+08:00" if text else ""


def money(text):
    """A plain number: some amounts come with thousands separators."""
    return text.replace(",", "") if text else ""


def convert(lines):
    """Rows of every table by its name."""
    tables = defaultdict(list)
    names = defaultdict(Counter)
    bodies = {}
    for line in lines:
        if not line.strip():
            continue
        row = json.loads(line)
        key, bought, place = row["contractId"], row["procurement"], row["location"] or {}
        office = place.get("province") or place.get("region") or "unknown office"
        body = f"{place.get('region') or '?'}/{office}"
        bodies[body] = {
            "body_id": body,
            "name": f"DPWH {office}",
            "kind": "agency",
            "region": place.get("region") or "",
            "jurisdiction": "PH",
        }
        bids = sorted((members(b), b["isWinner"]) for b in row["bidders"])
        status = _STATUS.get(row["status"], "active")
        tables["tenders"].append(
            {
                "tender_id": key,
                "buyer_id": body,
                "title": row["description"],
                # Advertised with a day by which to bid: open to every licensed contractor.
                "method": "open"
                if bought["advertisementDate"] and bought["bidSubmissionDeadline"]
                else "",
                "category": row["infraType"] or row["category"],
                "category_scheme": "DPWH",
                "region": place.get("region") or "",
                "estimated_value": money(bought["abc"]),
                "currency": "PHP",
                "published_at": moment(bought["advertisementDate"]),
                "bids_due_at": moment(bought["bidSubmissionDeadline"]),
                "status": status,
                "bidders": len(bids),
            }
        )
        awarded = day(bought["dateOfAward"]) or day(row["contractEffectivityDate"])
        for number, (companies, won) in enumerate(bids, 1):
            for company, name in companies:
                names[company][name] += 1
                bid = f"{key}/{number}"
                tables["bids"].append(
                    {"bid_id": bid, "tender_id": key, "company_id": company, "status": "valid"}
                )
                if won:
                    tables["awards"].append(
                        {
                            "award_id": key,
                            "buyer_id": body,
                            "company_id": company,
                            "awarded_on": awarded,
                            "amount": money(bought["awardAmount"]),
                            "currency": "PHP",
                            "tender_id": key,
                            "bid_id": bid,
                            "title": row["description"],
                            "status": "active",
                        }
                    )
        if any(won for _, won in bids):
            tables["contracts"].append(
                {
                    "contract_id": key,
                    "award_id": key,
                    "signed_on": day(row["contractEffectivityDate"]),
                    "starts_on": day(row["startDate"]),
                    "ends_on": day(row["expiryDate"]),
                    "completed_on": day(row["completionDate"]) if status == "complete" else "",
                    "amount": money(bought["awardAmount"]),
                    "currency": "PHP",
                    "status": row["status"],
                }
            )
    tables["bodies"] = list(bodies.values())
    for company, said in names.items():
        name = min(said, key=lambda n: (-said[n], n))
        cells = {"company_id": company, "name": name, "jurisdiction": "PH"}
        if company.startswith("PCAB-"):
            cells |= {"identifier_scheme": "PH-PCAB", "identifier": company.removeprefix("PCAB-")}
        tables["companies"].append(cells)
    return tables


def write(tables, folder):
    """One CSV a table, rows and columns in content order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in sorted(tables.items()):
        columns = list(dict.fromkeys(c for row in rows for c in row))
        rows = sorted(rows, key=lambda r: [str(r.get(c, "")) for c in columns])
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def main(arguments):
    """Convert; the exit code."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    source, folder = map(Path, arguments)
    files = sorted(source.rglob("*.jsonl")) if source.is_dir() else [source]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    tables = convert(lines)
    write(tables, folder)
    print(", ".join(f"{len(rows)} {name}" for name, rows in sorted(tables.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
