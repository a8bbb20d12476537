"""What an organisation of OCDS says of itself, as cells of `bodies` and `companies`."""

from graphgov.ingest.ocds_cells import Node, cell, node, one_line
from graphgov.ingest.ocds_merge import organisation_name

_ADDRESS = ("streetAddress", "locality", "region", "postalCode", "countryName")


def organisation_cells(party: Node) -> dict[str, str]:
    """The cells that an organisation or a reference to one fills."""
    address, contact = node(party.get("address")), node(party.get("contactPoint"))
    identifier = node(party.get("identifier"))
    key = str(party["id"])
    number = cell(identifier.get("id"))
    cells = {
        "name": organisation_name(party),
        "region": cell(address.get("region")),
        "jurisdiction": cell(address.get("countryName")),
        "address": one_line(address, _ADDRESS),
        "phone": cell(contact.get("telephone")),
        "email": cell(contact.get("email")),
        "identifier_scheme": cell(identifier.get("scheme")) if number else None,
        "identifier": number,
        "certainty": "inferred" if key.startswith("name:") else None,
    }
    return {name: text for name, text in cells.items() if text}
