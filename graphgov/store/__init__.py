"""Tables into a graph and back; results beside them."""

from pathlib import Path

from graphgov.errors import ConfigError
from graphgov.store.base import LoadReport, Store

__all__ = ["LoadReport", "Store", "open_store"]

_SERVERS = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")


def open_store(uri: str | Path, *, user: str = "", database: str = "") -> Store:
    """The store that an address names: a path, or a server's URI.

    Nothing is opened or made before it is needed.

    Args:
        uri: `case.lbug`, or `neo4j://…`, `bolt://…` and their encrypted forms.
        user: Of a server.
        database: Of a server; empty for its default.

    Raises:
        ConfigError: The address is of no known kind.
    """
    address = str(uri)
    if not address:
        raise ConfigError("--store needs a path such as case.lbug, or a URI such as bolt://host.")
    scheme, separator, _ = address.partition("://")
    if separator:
        if scheme not in _SERVERS:
            known = ", ".join(f"{s}://" for s in _SERVERS)
            raise ConfigError(f"{scheme}:// is no graph store. Give a path, or one of {known}.")
        from graphgov.store.neo4j import open_server

        return open_server(address, user=user, database=database)
    if user or database:
        raise ConfigError("--user and --database belong to a server; a file has neither.")
    from graphgov.store.embedded import EmbeddedStore

    return EmbeddedStore(Path(address))
