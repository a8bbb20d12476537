"""How well cases find what was planted, on provinces never used in development.

Usage: python benchmarks/quality.py [--seeds 9001,9002,9003,9004,9005] [--awards 20000]

The figures go to benchmarks/results/quality.json and quality.md.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean

from graphgov.pipeline import Options, run
from graphgov.synth import province, score

RESULTS = Path(__file__).resolve().parent / "results"


def one(folder: Path, awards: int, seed: int) -> dict[str, float]:
    """The figures of one province."""
    province(folder / "province", awards=awards, seed=seed)
    run([folder / "province"], folder / "out", Options(with_report=False))
    found = score.evaluate(folder / "province" / "truth.csv", folder / "out")
    return {
        "seed": seed,
        "precision_50": found.precision[50],
        "recall_100": found.recall[100],
        "look_alikes_50": found.look_alikes[50],
        "average_precision": round(found.average_precision, 4),
    }


def page(rows: list[dict[str, float]], awards: int) -> str:
    """The figures for people."""
    names = ("precision_50", "recall_100", "look_alikes_50", "average_precision")
    heads = ("precision in the first 50", "recall in the first 100",
             "look-alikes in the first 50", "average precision")  # fmt: skip
    lines = [
        f"Synthetic provinces of {awards:,} awards with seeds never used in development:",
        "",
        "| seed | " + " | ".join(heads) + " |",
        "|--:|" + "--:|" * len(names),
    ]
    lines += [f"| {r['seed']} | " + " | ".join(f"{r[n]:.2f}" for n in names) + " |" for r in rows]
    means = " | ".join(f"**{mean(r[n] for r in rows):.2f}**" for n in names)
    return "\n".join([*lines, f"| **mean** | {means} |"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="9001,9002,9003,9004,9005")
    parser.add_argument("--awards", type=int, default=20_000)
    told = parser.parse_args()
    rows = []
    for seed in (int(text) for text in told.seeds.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(one(Path(folder), told.awards, seed))
        print(json.dumps(rows[-1]), flush=True)
    RESULTS.mkdir(exist_ok=True)
    facts = {"awards": told.awards, "provinces": rows}
    (RESULTS / "quality.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    text = f"# Quality\n\n{page(rows, told.awards)}\n"
    (RESULTS / "quality.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
