"""The manifest: what a run was made from and with, enough to repeat it byte for byte."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

from graphgov import __version__
from graphgov.cases.build import CaseSettings
from graphgov.config import Config, make
from graphgov.detector import Detector
from graphgov.report.files import canonical
from graphgov.schema import TABLES, Results, Tables

_PACKAGES = (
    "duckdb",
    "ibis-framework",
    "ladybug",
    "msgspec",
    "networkit",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "sqlglot",
)


def parameters(config: Config, detectors: Sequence[Detector]) -> dict[str, Any]:
    """The effective configuration: every parameter of every detector that ran.

    Raises:
        ConfigError: A key of `[cases]` is unknown or out of bounds.
    """
    told: dict[str, Any] = {"indicators": {}, "models": {}}
    for one in detectors:
        room = type(one).__module__.split(".")[1]
        told[room][one.code] = asdict(one)
    for room, given in (("indicators", config.indicators), ("models", config.models)):
        for code in given:
            told[room].setdefault(code, {"enabled": False})
    return {
        "version": config.version,
        "timezone": config.timezone,
        "cases": asdict(make(CaseSettings, "cases", config.cases)),
        **told,
    }


def manifest(
    given: Tables,
    results: Results,
    rejects: int,
    settings: Mapping[str, object],
) -> dict[str, Any]:
    """What `manifest.json` holds; no path of a machine and no clock."""
    rows = {
        name: {
            "in": c.rows_in,
            "kept": c.kept,
            "rejected": c.rejected,
            "repeated": c.repeated,
            "stubs": c.stubs,
        }
        for name, c in sorted(given.counts.items())
    }
    versions = {name: metadata.version(name) for name in _PACKAGES}
    options = settings["options"]
    return {
        "version": __version__,
        "run_id": results.run_id,
        "as_of": results.as_of,
        "files": [
            {"file": f.name, "sha256": f.sha256, "rows": dict(f.rows)}
            for f in sorted(given.files, key=lambda f: (f.name, f.sha256))
        ],
        "rows": rows,
        "unknown_columns": {k: list(v) for k, v in sorted(given.unknown_columns.items())},
        "rejects": rejects,
        "results": {
            "flags": len(results.flags),
            "cases": len(results.cases),
            "communities": len({(c.graph, c.community_id) for c in results.communities}),
        },
        "config": settings["config"],
        "options": options,
        "language": options["lang"] if isinstance(options, dict) else "en",
        "seed": options["seed"] if isinstance(options, dict) else None,
        "versions": {"graphgov": __version__, "python": platform.python_version(), **versions},
    }


def run_id(tables: Tables, settings: Sequence[object]) -> str:
    """A hash of contents, settings and version; the order of rows is nothing.

    Args:
        tables: What was analysed.
        settings: JSON-clean values that the results depend on.
    """
    told = hashlib.sha256()
    for name in TABLES:
        row = tables.con.execute(
            "SELECT count(*), sum(md5_number_lower(row_key)::HUGEINT), "
            f'bit_xor(md5_number_upper(row_key)) FROM "{name}"'
        ).fetchone()
        told.update(repr((name, row)).encode())
    told.update(f"{__version__} {canonical(settings)}".encode())
    return told.hexdigest()[:16]
