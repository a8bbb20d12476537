"""A real Neo4j Community server from Maven Central, for tests, benchmarks and developers.

Needs Java 17 or later, and Maven once; the jars stay in the user's cache. No container, no root.
"""

import argparse
import atexit
import contextlib
import ctypes
import fcntl
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

LINES = {"5": "5.26.25", "2026": "2026.05.0"}
_POM = Path(__file__).with_name("pom.xml")
_OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch")
_HANDSHAKE = bytes.fromhex("6060b017" + "00040405" + "00000004" + "00000000" + "00000000")
_FAST = {
    "dbms.usage_report.enabled": "false",
    "db.tx_log.preallocate": "false",
    "db.tx_log.rotation.retention_policy": "keep_none",
    "server.https.enabled": "false",
    # It would wait ten seconds at every stop for connections that may yet come.
    "internal.server.bolt.thread_pool_shutdown_wait_time": "0s",
}
_FAST_JVM = ("-XX:-UsePerfData", "-XX:+UseG1GC")
# For servers that live for minutes: most of what they do is to plan statements for the first time,
# which takes half as long without the optimising compiler. Not for benchmarks.
SHORT_LIVED = ("-XX:TieredStopAtLevel=1",)


class Unavailable(RuntimeError):
    """The machine lacks something; the message says what."""


class Failed(RuntimeError):
    """The server did not start or a command of it failed; the message ends with its log."""


# Java and jars ------------------------------------------------------------------------------------


@cache
def _major(java: str) -> int:
    """The feature version of a `java`, 0 where it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found[1]) if found and done.returncode == 0 else 0


def _javas() -> Iterator[str]:
    """Every `java` of this machine, the one that is meant first."""
    if home := os.environ.get("JAVA_HOME"):
        yield str(Path(home) / "bin" / "java")
    if found := shutil.which("java"):
        yield found
    yield from sorted(str(p) for p in Path("/usr/lib/jvm").glob("*/bin/java"))


def _suits(version: str, major: int) -> bool:
    return 17 <= major <= 21 if version.startswith("5.") else major >= 21


def default_version() -> str:
    """`GRAPHGOV_NEO4J_VERSION`, or the newest line that the first fitting Java runs."""
    if asked := os.environ.get("GRAPHGOV_NEO4J_VERSION"):
        return asked
    for java in _javas():
        if _major(java) >= 17:
            return LINES["2026" if _major(java) >= 21 else "5"]
    return LINES["5"]


def java(version: str) -> str:
    """The path of a `java` that runs a version of Neo4j.

    Raises:
        Unavailable: There is none.
    """
    for path in _javas():
        if _suits(version, _major(path)):
            return path
    wanted = "17 to 21" if version.startswith("5.") else "21 or later"
    raise Unavailable(f"Neo4j {version} needs Java {wanted}, and there is none here")


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "graphgov"


def jars(version: str) -> Path:
    """The folder of jars of a version; fetched with Maven the first time.

    Raises:
        Unavailable: They are not there and Maven is missing or cannot get them.
    """
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)+", version):
        raise Unavailable(f"{version!r} is no version of Neo4j")
    folder = _cache() / f"neo4j-{version}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(version, folder)
    return folder


def _fetch(version: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise Unavailable("Maven (mvn) is missing, which fetches Neo4j")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".neo4j-") as scratch:
        target = Path(scratch) / "jars"
        command = [maven, "-B", "-q", "-f", str(_POM), "dependency:copy-dependencies"]
        command += [f"-Dneo4j.version={version}", f"-DoutputDirectory={target}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not list(target.glob(f"neo4j-{version}.jar")):
            told = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
            raise Unavailable(f"Maven did not get Neo4j {version}: {told[0]}")
        target.rename(folder)


def why_not(version: str | None = None) -> str:
    """What is missing for a server, '' where nothing is (Maven's network is not tried)."""
    version = version or default_version()
    try:
        java(version)
    except Unavailable as missing:
        return str(missing)
    if not (_cache() / f"neo4j-{version}").is_dir() and not shutil.which("mvn"):
        return "Maven (mvn) is missing, which fetches Neo4j"
    return ""


# The server ---------------------------------------------------------------------------------------


class Server:
    """A server in a folder of its own; a context manager that starts and stops it.

    Args:
        home: Its folder (data, conf, logs); made where missing, kept afterwards.
        version: Of Neo4j; `default_version()` where not given.
        password: Of the user `neo4j`; None switches authentication off.
        settings: More lines of `neo4j.conf`; they win over those set here.
        heap: Of the JVM, such as `1g`.
        page_cache: Such as `256m`.
        bolt_port: A free one where 0.
        http_port: A free one where 0, none where None (HTTP is off).
        file_size_limit: Bytes that no file of the server may pass: a full disk in small.
        jvm: More options of the JVM.
    """

    user = "neo4j"

    def __init__(
        self,
        home: str | Path,
        *,
        version: str | None = None,
        password: str | None = None,
        settings: Mapping[str, str] | None = None,
        heap: str = "1g",
        page_cache: str = "256m",
        bolt_port: int = 0,
        http_port: int | None = None,
        file_size_limit: int | None = None,
        jvm: tuple[str, ...] = (),
    ) -> None:
        self.home = Path(home).absolute()
        self.version = version or default_version()
        self.password = password or ""
        self.settings = dict(settings or {})
        self.heap, self.page_cache = heap, page_cache
        self.port = bolt_port or free_port()
        self.http_port = free_port() if http_port == 0 else http_port
        self.file_size_limit = file_size_limit
        self.jvm = jvm
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def uri(self) -> str:
        """Where it answers Bolt."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def auth(self) -> tuple[str, str] | None:
        """User and password for the driver."""
        return (self.user, self.password) if self.password else None

    @property
    def pid(self) -> int:
        """Of the running process, 0 where there is none."""
        return self._process.pid if self.running and self._process else 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def driver(self, **options: Any) -> Any:
        """A driver of the official package, connected to this server."""
        import neo4j

        return neo4j.GraphDatabase.driver(self.uri, auth=self.auth, **options)

    def start(self, *, timeout: float = 120) -> "Server":
        """Starts it and waits until it answers.

        Raises:
            Unavailable: Java or the jars are missing.
            Failed: It ended, or does not answer within `timeout` seconds.
        """
        if self.running:
            return self
        self._configure()
        if self.password and not (self.home / "data" / "databases").exists():
            self.admin("dbms", "set-initial-password", "--", self.password)
        old = self.version.startswith("5.")
        main = "org.neo4j.server." + ("CommunityEntryPoint" if old else "Neo4jCommunity")
        command = self._java(f"-Xms{self.heap}", f"-Xmx{self.heap}", *self.jvm)
        command += [main, f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}"]
        guard = [sys.executable, "-I", str(Path(__file__)), "--guard", str(os.getpid())]
        for file in self._logs:
            file.unlink(missing_ok=True)
        with self._logs[0].open("wb") as console:
            self._process = subprocess.Popen(
                [*guard, str(self.file_size_limit or 0), *command],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we stop it in order
            )
        atexit.register(self.kill)
        self._await(timeout)
        return self

    def stop(self, *, timeout: float = 60) -> None:
        """Ends it in order (SIGTERM), by force after `timeout` seconds; quiet where it is over."""
        if self._process and self.running:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """Ends it at once (SIGKILL), as a power cut would."""
        if self._process:
            if self.running:
                self._process.kill()
            self._process.wait()
        self._process = None
        atexit.unregister(self.kill)

    def restart(self, *, settings: Mapping[str, str] | None = None) -> "Server":
        """Stops and starts it on the same port, with more settings."""
        self.stop()
        self.settings |= dict(settings or {})
        return self.start()

    def admin(self, *arguments: str | Path, timeout: float = 3600) -> str:
        """Runs `neo4j-admin` on this home and gives what it printed.

        Raises:
            Unavailable: Java or the jars are missing.
            Failed: It ended with an error.
        """
        self._configure()
        words = [str(a) for a in arguments]
        done = subprocess.run(
            [*self._java(f"-Xmx{self.heap}"), "org.neo4j.cli.AdminTool", *words],
            env={
                **os.environ,
                "NEO4J_HOME": str(self.home),
                "NEO4J_CONF": str(self.home / "conf"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode:
            told = (done.stdout + done.stderr)[-3000:]
            raise Failed(f"neo4j-admin {' '.join(words[:2])} failed:\n{told}")
        return done.stdout

    def log(self) -> str:
        """What the server said since its last start."""
        files = [f for f in self._logs if f.exists()]
        return "".join(f.read_text(encoding="utf-8", errors="replace") for f in files)

    @property
    def _logs(self) -> tuple[Path, Path]:
        return self.home / "logs" / "console.log", self.home / "logs" / "neo4j.log"

    def _java(self, *options: str) -> list[str]:
        opens = [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED]
        class_path = f"{jars(self.version)}/*"
        return [java(self.version), "-cp", class_path, *opens, *_FAST_JVM, *options]

    def _configure(self) -> None:
        for name in ("conf", "data", "logs", "import", "plugins"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        lines = {
            **_FAST,
            "server.memory.pagecache.size": self.page_cache,
            "dbms.security.auth_enabled": "true" if self.password else "false",
            "server.bolt.listen_address": f"127.0.0.1:{self.port}",
            "server.bolt.advertised_address": f"127.0.0.1:{self.port}",
            "server.http.enabled": "false" if self.http_port is None else "true",
        }
        if self.http_port is not None:
            lines["server.http.listen_address"] = f"127.0.0.1:{self.http_port}"
            lines["server.http.advertised_address"] = f"127.0.0.1:{self.http_port}"
        lines |= self.settings
        text = "".join(f"{name}={value}\n" for name, value in sorted(lines.items()))
        (self.home / "conf" / "neo4j.conf").write_text(text)

    def _await(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        while "Started." not in self.log() or not answers(self.port):
            if not self.running or time.monotonic() > end:
                ended = "ended" if not self.running else f"gave no answer in {timeout:g} s"
                told = self.log()[-3000:]
                self.kill()
                raise Failed(f"Neo4j {self.version} {ended}; it said:\n{told}")
            time.sleep(0.05)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether something at a port of this machine speaks Bolt."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(_HANDSHAKE)
            return link.recv(4) not in (b"", bytes(4), b"HTTP")
    except OSError:
        return False


def wipe(driver: Any, *, database: str | None = None, schema: bool = True) -> None:
    """Empties a database: nodes, relationships, constraints and indexes.

    Args:
        driver: Of the official package.
        database: The default one where not given.
        schema: Whether constraints and indexes go too. The server then plans every statement
            anew, so that the next small load takes ten times as long.
    """
    with driver.session(database=database) as session:
        session.run("MATCH (n) CALL (n) {DETACH DELETE n} IN TRANSACTIONS OF 20000 ROWS").consume()
        if not schema:
            return
        constraints = "SHOW CONSTRAINTS YIELD name"
        indexes = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"
        for kind, listed in (("CONSTRAINT", constraints), ("INDEX", indexes)):
            for name in session.run(listed).value("name"):
                session.run(f"DROP {kind} `{name.replace('`', '``')}`").consume()


# As a program -------------------------------------------------------------------------------------


def _guard(parent: int, file_size_limit: int, command: list[str]) -> None:
    """Becomes the server, which then dies with the process that wanted it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit("the process that wanted a server is gone")
    if file_size_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size_limit, file_size_limit))
    os.execv(command[0], command)


def main(arguments: list[str]) -> int:
    """Runs a server in the foreground until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A Neo4j for developers, until Ctrl-C.")
    parser.add_argument("--home", type=Path, default=Path(".neo4j"))
    parser.add_argument("--bolt-port", type=int, default=7687)
    parser.add_argument("--http-port", type=int, default=7474)
    parser.add_argument("--heap", default="1g")
    parser.add_argument("--page-cache", default="512m")
    parser.add_argument("--check", action="store_true", help="only say what is missing")
    given = parser.parse_args(arguments)
    if reason := why_not():
        print(f"No Neo4j: {reason}.", file=sys.stderr)
        return 1
    if given.check:
        return 0
    try:
        return _foreground(given)
    except KeyboardInterrupt:
        return 130
    except (Unavailable, Failed) as error:
        print(f"No Neo4j: {error}", file=sys.stderr)
        return 1


def _foreground(given: argparse.Namespace) -> int:
    new = not (given.home / "data" / "databases").exists()
    password = os.environ.get("NEO4J_PASSWORD") or secrets.token_urlsafe(12)
    server = Server(
        given.home,
        password=password,
        heap=given.heap,
        page_cache=given.page_cache,
        bolt_port=given.bolt_port,
        http_port=given.http_port,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server:
        print(f"Neo4j {server.version} answers at {server.uri}, user neo4j")
        print(f"Browser: http://127.0.0.1:{server.http_port}")
        if new and not os.environ.get("NEO4J_PASSWORD"):
            print(f"Password, said this once: {password}")
        print(f"Its data: {server.home}. Ctrl-C stops it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while server.running:
                time.sleep(0.5)
        if not server.running:
            raise Failed(server.log()[-3000:])
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--guard"]:
        _guard(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    sys.exit(main(sys.argv[1:]))
