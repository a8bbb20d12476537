"""Speed and memory of reading OCDS.

    python benchmarks/ocds_read.py MEGABYTES     make a release package of that size and read it
    python benchmarks/ocds_read.py FILE          read a file or folder

Prints rows, seconds of the processor, megabytes a second and peak memory, of the reading alone
(no typing, no checks).
"""

import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from graphgov.ingest.base import RawRows
from graphgov.ingest.ocds import Ocds


def release(rng, index, ocid):
    """A release with everything: two lots, four bids, two awards, two contracts."""
    day = f"2024-{1 + index % 12:02}-{1 + index % 28:02}T10:00:00Z"
    orgs = [{"id": f"XX-{k}", "name": f"Company {k} Ltd"} for k in rng.sample(range(20000), 4)]
    buyer = {"id": f"B-{ocid % 500}", "name": f"Body number {ocid % 500}"}
    address = {"streetAddress": "1 Main Street", "region": "R1", "countryName": "XX"}

    def money(amount):
        return {"amount": amount, "currency": "EUR"}

    items = [
        {
            "id": str(k),
            "description": "Paper, pencils and other things for the office, delivered",
            "classification": {"scheme": "CPV", "id": "30190000", "description": "Supplies"},
            "quantity": 10.0,
            "unit": {"name": "piece", "value": money(12.5)},
            "relatedLot": f"L{k % 2}",
        }
        for k in range(4)
    ]
    return {
        "ocid": f"ocds-xx-{ocid}",
        "id": f"r{index}",
        "date": day,
        "tag": ["tender", "award", "contract"],
        "parties": [
            *({**o, "roles": ["tenderer", "supplier"], "address": address} for o in orgs),
            {**buyer, "roles": ["buyer"], "address": address},
        ],
        "buyer": buyer,
        "tender": {
            "id": f"t{ocid}",
            "title": "Office supplies for the administration",
            "description": "x" * 400,
            "procurementMethod": "open",
            "value": money(5000.0),
            "tenderPeriod": {
                "startDate": "2023-01-01T00:00:00Z",
                "endDate": "2023-02-01T00:00:00Z",
            },
            "lots": [
                {"id": f"L{k}", "title": f"Lot {k}", "value": money(2500.5)} for k in range(2)
            ],
            "items": items,
            "tenderers": orgs,
        },
        "bids": {
            "details": [
                {"id": f"b{k}", "tenderers": [o], "status": "valid", "value": money(4000.0 + k)}
                for k, o in enumerate(orgs)
            ]
        },
        "awards": [
            {
                "id": f"a{k}",
                "date": "2023-03-01T00:00:00Z",
                "suppliers": [orgs[k]],
                "value": money(3000.25),
                "items": items[k::2],
                "relatedLots": [f"L{k}"],
            }
            for k in range(2)
        ],
        "contracts": [
            {
                "id": f"c{k}",
                "awardID": f"a{k}",
                "dateSigned": "2023-04-01T00:00:00Z",
                "value": money(3000.25),
                "documents": [{"id": "d", "url": "https://example.org/" + "y" * 200}],
            }
            for k in range(2)
        ],
    }


def make(path, megabytes):
    """A release package; one release in twenty is a later one of an earlier process."""
    rng = random.Random(1)
    written = index = 0
    with path.open("w", encoding="utf-8") as out:
        out.write('{"uri": "x", "version": "1.1", "releases": [\n')
        while written < megabytes * 1e6:
            ocid = index if rng.random() > 0.05 else max(0, index - 1000)
            text = json.dumps(release(rng, index, ocid))
            written += out.write((",\n" if index else "") + text)
            index += 1
        out.write("]}")


def measure(path):
    """Read a source once and print what it cost."""
    size = sum(f.stat().st_size for f in ([path] if path.is_file() else path.rglob("*.*")))
    before, rows = time.process_time(), Counter()
    for part in Ocds().read(path):
        if isinstance(part, RawRows):
            rows[part.table] += len(part.lines)
    seconds = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{path.name}: {dict(rows)}")
    print(
        f"{size / 1e6:.0f} MB in {seconds:.1f} s = {size / 1e6 / seconds:.1f} MB/s, {peak} MB peak"
    )


def main(arguments):
    """Run; the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    if not arguments[0].isdigit():
        measure(Path(arguments[0]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.json"
        make(path, int(arguments[0]))
        measure(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
