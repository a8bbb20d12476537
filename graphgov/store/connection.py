"""A Neo4j server: opening it, asking it, and its errors in words that say what to check."""

import contextlib
import getpass
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping

import neo4j
from neo4j import exceptions

from graphgov.errors import ConfigError, StoreError

RETRY_SECONDS = 30.0  # how long a transaction is tried again
_FIRST_RETRY = 0.05  # two batches that met at a node need no second of rest
_CONNECT_SECONDS = 15.0
_GREET_SECONDS = 20.0  # for the connection and the first words on it
_FETCH = 1000
_READ_ONLY = ("ForbiddenOnReadOnlyDatabase", "DatabaseIsReadOnly", "WriteOnReadOnlyAccessDatabase")
_LOST = (
    exceptions.ServiceUnavailable,
    exceptions.SessionExpired,
    exceptions.ConnectionPoolError,
    OSError,
)
Params = Mapping[str, object]

# What the driver warns of is said in an error; without a handler it would go to stderr as well.
logging.getLogger("neo4j").addHandler(logging.NullHandler())


class Connection:
    """A driver for one database of a server; opened when it is first used.

    Args:
        address: URI without user and password.
        user: Empty for `neo4j`.
        database: Empty for the user's default.
    """

    def __init__(self, address: str, user: str, database: str) -> None:
        self.address = address
        self._user = user or "neo4j"
        self._database = database or None
        self._driver: neo4j.Driver | None = None

    def session(self, *, write: bool) -> neo4j.Session:
        """A session; the server refuses to write in one that only reads."""
        mode = neo4j.WRITE_ACCESS if write else neo4j.READ_ACCESS
        return self._open().session(
            database=self._database, default_access_mode=mode, fetch_size=_FETCH
        )

    def read(self, statement: str, **params: object) -> list[neo4j.Record]:
        """Rows of a statement that only reads.

        Raises:
            StoreError: What went wrong, and what to check.
        """
        with self.errors(), self.session(write=False) as session:
            return session.execute_read(lambda tx: list(tx.run(statement, params)))

    def write(self, statement: str, **params: object) -> list[neo4j.Record]:
        """Rows of a statement that may be run again, in a transaction of its own.

        Raises:
            StoreError: What went wrong, and what to check.
        """
        with self.errors(), self.session(write=True) as session:
            return session.execute_write(lambda tx: list(tx.run(statement, params)))

    def write_all(self, statements: Iterable[str]) -> None:
        """Run statements that may be run again in one transaction.

        Raises:
            StoreError: What went wrong, and what to check.
        """

        def work(tx: neo4j.ManagedTransaction) -> None:
            for statement in statements:
                tx.run(statement).consume()

        with self.errors(), self.session(write=True) as session:
            session.execute_write(work)

    def close(self) -> None:
        """Close the driver."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the driver raises inside into a `StoreError`."""
        try:
            yield
        except (exceptions.Neo4jError, exceptions.DriverError, OSError, UnicodeError) as error:
            raise StoreError(self._said(error)) from None

    def _open(self) -> neo4j.Driver:
        if self._driver is None:
            password = _password(self._user)
            try:
                driver = neo4j.GraphDatabase.driver(
                    self.address,
                    auth=None if password is None else (self._user, password),
                    connection_timeout=_CONNECT_SECONDS,
                    connection_acquisition_timeout=_GREET_SECONDS,
                    max_transaction_retry_time=RETRY_SECONDS,
                    initial_retry_delay=_FIRST_RETRY,
                    notifications_min_severity="OFF",
                )
            except (exceptions.ConfigurationError, ValueError) as error:
                raise ConfigError(f"--store {self.address}: {_first_line(error)}") from None
            try:
                with self.errors():  # at once, not after the retries of a transaction
                    driver.verify_connectivity()
                    with driver.session(database=self._database) as session:
                        session.run("RETURN 1").consume()
            except BaseException:
                driver.close()
                raise
            self._driver = driver
        return self._driver

    def _said(self, error: Exception) -> str:
        where = self.address
        code = getattr(error, "code", "") or ""
        if isinstance(error, exceptions.AuthError):
            return _said_of_login(code, self._user, where)
        if "DatabaseNotFound" in code or "DatabaseNotFound" in str(error):
            return (
                f"{where} has no database {self._database or '(default)'!r}. Check --database; "
                "SHOW DATABASES lists those there are."
            )
        if any(word in code for word in _READ_ONLY) or "read only" in str(error).lower():
            return (
                f"The database at {where} is read-only; nothing was written. Check "
                "server.databases.read_only and server.databases.default_to_read_only."
            )
        if "MemoryPoolOutOfMemory" in code or "OutOfMemory" in code:
            return (
                f"{where} has too little memory for this. Give it more: "
                "server.memory.heap.max_size, or dbms.memory.transaction.total.max."
            )
        if isinstance(error, exceptions.UnsupportedServerProduct):
            return (
                f"What answers at {where} is no Neo4j of version 5 or later. Check host and port "
                "(usually 7687; 7474 is for browsers)."
            )
        if "TransactionLog" in code or "TransactionCommitFailed" in code:
            return (
                f"{where} could not write to its disk ({code}). Check that there is space, start "
                "the server again, then repeat the command: it goes on where it stopped."
            )
        if "DatabaseUnavailable" in code:
            return (
                f"The database at {where} is not available: the server is starting or stopping, "
                "or the database failed. Check SHOW DATABASES, the server's log and its disk."
            )
        if isinstance(error, _LOST):
            return (
                f"{where} does not answer, or the connection was lost "
                f"({_first_line(error)}). Check that the server runs, host and port (usually "
                "7687), and that the scheme fits: bolt+s:// or neo4j+s:// where the server "
                "wants encryption, bolt:// or neo4j:// where it does not."
            )
        if isinstance(error, UnicodeError):
            return "A parameter is not valid text (it holds half of a character)."
        return f"{where} refused a statement: {code or type(error).__name__}: {_message(error)}"


def _said_of_login(code: str, user: str, where: str) -> str:
    if "CredentialsExpired" in code:
        return f"The password of {user!r} at {where} has expired and must be changed first."
    if "AuthenticationRateLimit" in code:
        return f"{where} refuses to log in {user!r} for a while, after too many wrong passwords."
    if "NEO4J_PASSWORD" not in os.environ and not _asks():
        return f"{where} wants a password. Set NEO4J_PASSWORD."
    return (
        f"{where} does not accept user {user!r} with this password. Check --user and "
        "NEO4J_PASSWORD."
    )


def _password(user: str) -> str | None:
    """The password; None where there is none, for a server that wants none."""
    given = os.environ.get("NEO4J_PASSWORD")
    if given is None and _asks():
        return getpass.getpass(f"Password of {user}: ")
    return given


def _asks() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _message(error: Exception) -> str:
    return _first_line(getattr(error, "message", "") or error)


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0].rstrip(":")
