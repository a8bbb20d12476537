"""Provinces of 10 000, 100 000 and 1 000 000 awards in a folder.

python benchmarks/scale_data.py FOLDER [AWARDS …]
"""

import sys
import time
from pathlib import Path

from graphgov.synth import province

SIZES = (10_000, 100_000, 1_000_000)


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    for awards in [int(a) for a in arguments[1:]] or SIZES:
        started = time.perf_counter()
        made = province(folder / f"province-{awards}", awards=awards)
        seconds = time.perf_counter() - started
        print(f"{made.folder}\t{awards} awards\t{made.rows['bids']} bids\t{seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
