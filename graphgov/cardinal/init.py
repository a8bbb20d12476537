"""The settings file to start from: every section and key, each with an example put aside."""

from pathlib import Path

from graphgov.cardinal.streams import why
from graphgov.errors import GraphgovError

_DOCS = "https://cardinal.readthedocs.io/en/latest/cli"
_COMMANDS = {"defaults": ("prepare", "prepare.html"), "exclusions": ("indicators", "indicators/")}
# Names, order and examples are those of Cardinal's own file, so that either program reads both.
_SECTIONS: dict[str, dict[str, str]] = {
    "": {
        "currency": "USD",
        "no_price_comparison_procurement_methods": "Random Selection",
        "price_comparison_procurement_methods": "Reverse Auction",
    },
    "output": {"info_currency_mismatches": "true"},
    "defaults": {
        "currency": "USD",
        "item_classification_scheme": "UNSPSC",
        "bid_status": "valid",
        "award_status": "active",
        "party_roles": "true",
    },
    "redactions": {"amount": "0", "organization_id": "placeholder"},
    "corrections": {"award_status_by_contract_status": "true"},
    "modifications": {
        "move_auctions": "true",
        "prefix_buyer_or_procuring_entity_id": "DO-UC-",
        "prefix_tenderer_or_supplier_id": "DO-RPE-",
        "split_procurement_method_details": "-",
    },
    "codelists.bid_status": {"qualified": "valid"},
    "codelists.award_status": {"Active": "active"},
    "exclusions": {"procurement_method_details": "Random Selection"},
    "R003": {"threshold": "15", "procurement_methods": "open|selective|limited"},
    "R003.procurement_method_details": {"emergency": "10", "international": "25"},
    "R018": {"procurement_methods": "open|selective"},
    "R024": {"threshold": "0.05"},
    "R025": {"percentile": "75", "threshold": "0.05"},
    "R028": {},
    "R030": {},
    "R035": {"threshold": "1"},
    "R036": {},
    "R038": {
        "threshold": "0.5",
        "minimum_submitted_bids": "2",
        "minimum_contracting_processes": "2",
    },
    "R048": {"digits": "2", "threshold": "10", "minimum_contracting_processes": "20"},
    "R058": {"threshold": "0.5"},
}


def settings_text() -> str:
    """The content of a settings file in which nothing is set and every indicator is on."""
    parts = []
    for name, keys in _SECTIONS.items():
        lines = [f"; {key} = {example}" for key, example in keys.items()]
        if name in _COMMANDS:
            command, page = _COMMANDS[name]
            about = [f"; `{command}` command", ";", "; Read the documentation at:"]
            parts.append("\n".join([*about, f"; {_DOCS}/{page}"]))
        parts.append("\n".join([f"[{name}]", *lines] if name else lines))
    return "\n\n".join(parts) + "\n"


def write_settings(path: Path, *, force: bool) -> bool:
    """Write a settings file; false if there is a file already and it was left as it is.

    Raises:
        GraphgovError: The file cannot be written.
    """
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(settings_text())
    except FileExistsError:
        if not path.is_dir():
            return False
        raise GraphgovError(f"{path}: Is a directory, not a file.") from None
    except OSError as error:
        raise GraphgovError(f"{path}: {why(error)}.") from None
    return True
