"""Plain lines that load a graph into Neo4j: what `graphgov load` is measured against.

Usage: python benchmarks/baseline_loader.py bolt://HOST:PORT FOLDER
"""

import csv
import itertools
import sys
import time
from pathlib import Path

from neo4j import GraphDatabase

BATCH = 20_000


def batches(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while batch := list(itertools.islice(rows, BATCH)):
            yield batch


def load(session, folder):
    for path in sorted(folder.glob("node-*.csv")):
        label = path.stem.split("-")[1]
        session.run(f"CREATE CONSTRAINT IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE")
        merge = f"UNWIND $rows AS row MERGE (n:{label} {{id: row.id}}) SET n.p = row.p, n.q = row.q"
        for rows in batches(path):
            session.run(f"{merge}, n.r = row.r", rows=rows).consume()
    for path in sorted(folder.glob("relation-*.csv")):
        kind, start, end = path.stem.split("-")[1:4]
        match = f"MATCH (a:{start} {{id: row.start}}) MATCH (b:{end} {{id: row.end}})"
        create = f"CREATE (a)-[:{kind} {{p: row.p, q: row.q}}]->(b)"
        for rows in batches(path):
            session.run(f"UNWIND $rows AS row {match} {create}", rows=rows).consume()


if __name__ == "__main__":
    with GraphDatabase.driver(sys.argv[1]) as driver, driver.session() as session:
        started = time.perf_counter()
        load(session, Path(sys.argv[2]))
        print(time.perf_counter() - started)
