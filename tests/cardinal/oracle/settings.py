"""The settings file of the indicators."""

from typing import Any

KEYS = {
    "": {
        "currency": str,
        "no_price_comparison_procurement_methods": str,
        "price_comparison_procurement_methods": str,
    },
    "output": {"info_currency_mismatches": bool},
    "exclusions": {"procurement_method_details": str},
    "R003": {"threshold": int, "procurement_methods": str},
    "R018": {"procurement_methods": str},
    "R024": {"threshold": float},
    "R025": {"percentile": "count", "threshold": float},
    "R028": {},
    "R030": {},
    "R035": {"threshold": "count"},
    "R036": {},
    "R038": {
        "threshold": float,
        "minimum_submitted_bids": "count",
        "minimum_contracting_processes": "count",
    },
    "R048": {"digits": "count", "threshold": "count", "minimum_contracting_processes": "count"},
    "R058": {"threshold": float},
}
DETAILS = "R003.procurement_method_details"


def read_settings(text: str) -> dict[str, dict[str, Any]]:
    """The sections of an INI file with their values as what they are."""
    read: dict[str, dict[str, Any]] = {"": {}}
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if not line or line[0] in ";#":
            continue
        if line[0] == "[":
            section = line[1 : line.index("]")].strip()
            if section != DETAILS and section not in KEYS:
                raise ValueError(f"section {section} is unknown")
            read.setdefault(section, {})
            if section == DETAILS:
                read.setdefault("R003", {})
            continue
        key, found, value = (part.strip() for part in line.partition("="))
        if not found:
            raise ValueError(f"{line} is no setting")
        kind = int if section == DETAILS else KEYS[section].get(key)
        if kind is None:
            raise ValueError(f"[{section}] {key} is unknown")
        read[section][key] = _value(kind, value)
    return read


def _value(kind: Any, text: str) -> Any:
    if kind is str:
        return text
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    if kind is float:
        return float(text)
    number = int(text)
    if kind == "count" and number < 0:
        raise ValueError(f"{text} is below zero")
    return number


def pipes(text: str | None) -> set[str]:
    if not text:
        return set()
    parts = text.split("|")
    return set(parts[:-1] if parts[-1] == "" else parts)
