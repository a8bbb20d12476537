"""Statements by name: the files of `cypher/`, their headers and their parameters.

A file starts with a header of `//` lines, `Key: text`, continued by indented lines. `Parameters`
lists one parameter a line, `name (type)` or `name (type, default VALUE)`, then a colon and what
it means. A file `NAME.cypher` speaks both dialects; `NAME.ladybug.cypher` and
`NAME.neo4j.cypher` speak one each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

import graphgov
from graphgov.errors import ConfigError, StoreError, suggest

DIALECTS = ("ladybug", "neo4j")
GROUPS = ("Cases", "People", "Companies", "Bidders", "Bodies")  # of the statements for people
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.cypher)?")
_KEY = re.compile(r"//\s?([A-Z][a-z]+):\s*(.*)")
_PARAMETER = re.compile(r"(\w+) \((\w+)(?:, default ([^)]*))?\): (.+)")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a statement.

    Args:
        type: `text`, `integer`, `number`, `date` or `boolean`.
        default: As written in the header, or None where the parameter must be given.
    """

    name: str
    type: str
    default: str | None
    doc: str


@dataclass(frozen=True)
class Statement:
    """A statement and what its header says."""

    name: str
    text: str
    header: Mapping[str, str]
    parameters: tuple[Parameter, ...]

    @property
    def call(self) -> str:
        """Its name and parameters, as one would give them; those with a default in brackets."""
        given = [
            f"-p {p.name}=…" if p.default is None else f"[{p.name}={p.default}]"
            for p in self.parameters
        ]
        return " ".join([self.name, *given])

    def bind(self, given: Mapping[str, object]) -> dict[str, object]:
        """Values for every parameter, of their types, defaults filled in.

        Raises:
            ConfigError: One is unknown, missing, or not of its type.
        """
        known = {p.name: p for p in self.parameters}
        for name in given:
            if name not in known:
                raise ConfigError(f"{self.name} has no parameter {name!r}. {suggest(name, known)}")
        missing = [p for p in self.parameters if p.default is None and p.name not in given]
        if missing:
            meant = " ".join(f"{p.name!r}: {p.doc}" for p in missing)
            give = " ".join(f"-p {p.name}=…" for p in missing)
            many = "s" if len(missing) > 1 else ""
            raise ConfigError(f"{self.name} needs the parameter{many} {meant} Give {give}")
        return {
            name: _typed(given.get(name, parameter.default), parameter, self.name)
            for name, parameter in known.items()
        }


def _typed(value: object, parameter: Parameter, where: str) -> object:
    if value is None or not isinstance(value, str):
        return value
    try:
        if parameter.type == "integer":
            return int(value)
        if parameter.type == "number":
            return float(value)
        if parameter.type == "date":
            return date.fromisoformat(value)
        if parameter.type == "boolean":
            return {"true": True, "false": False}[value.lower()]
    except (ValueError, KeyError):
        raise ConfigError(
            f"{where}: {parameter.name} must be of type {parameter.type}, not {value!r}."
        ) from None
    return value


def folder() -> Path:
    """Where the files lie: inside an installed package, or beside it in the repository.

    Raises:
        StoreError: The installation lacks them.
    """
    package = Path(graphgov.__file__).parent
    for place in (package / "cypher", package.parent / "cypher"):
        if place.is_dir():
            return place
    raise StoreError("The folder cypher/ is missing from this installation; install it again.")


def is_name(question: str) -> bool:
    """Whether a question is the name of a file rather than a statement."""
    return _NAME.fullmatch(question.strip()) is not None


@cache
def names(room: str) -> tuple[str, ...]:
    """Names of the statements in one folder of `cypher/`, sorted."""
    found = {path.name.split(".")[0] for path in (folder() / room).glob("*.cypher")}
    return tuple(sorted(found))


@cache
def load(room: str, name: str, dialect: str) -> Statement:
    """A statement by name, in a dialect.

    Raises:
        ConfigError: There is none of that name.
    """
    base = name.strip().removesuffix(".cypher")
    if base not in names(room):
        hint = suggest(base, names(room))
        raise ConfigError(f"There is no statement {base!r} in cypher/{room}. {hint}".rstrip())
    own, both = (folder() / room / f"{base}{end}.cypher" for end in (f".{dialect}", ""))
    path = own if own.is_file() else both
    if not path.is_file():
        raise ConfigError(f"The statement {base!r} is not written for {dialect}.")
    return parse(base, path.read_text(encoding="utf-8"))


def fill(room: str, name: str, dialect: str, /, **places: str) -> str:
    """A statement of the engine with its places `{{label}}`, `{{cells}}`, … filled in.

    A label, a type and a property cannot be parameters of Cypher. What fills them comes from the
    schema, in backticks, never from data.

    Raises:
        KeyError: The file has a place that is not given.
    """
    return _PLACE.sub(lambda found: places[found[1]], load(room, name, dialect).text)


def parse(name: str, text: str) -> Statement:
    """A statement from the text of its file."""
    header: dict[str, list[str]] = {}
    key = ""
    lines = text.splitlines()
    body = [line for line in lines if not line.startswith("//")]
    for line in lines:
        if not line.startswith("//"):
            continue
        found = _KEY.match(line)
        if found:
            key = found[1]
            header[key] = [found[2].strip()]
        elif key:
            header[key].append(line.removeprefix("//").strip())
    parameters = []
    for line in header.get("Parameters", []):
        declared = _PARAMETER.fullmatch(line)
        if declared:
            parameters.append(Parameter(declared[1], declared[2], declared[3], declared[4]))
    joined = {k: " ".join(part for part in v if part) for k, v in header.items()}
    return Statement(name, "\n".join(body).strip(), MappingProxyType(joined), tuple(parameters))


def explore() -> list[Statement]:
    """The statements for people, by group in the order of an inquiry, then by name."""
    found = [load("explore", name, DIALECTS[0]) for name in names("explore")]
    return sorted(found, key=lambda s: (GROUPS.index(s.header["Group"]), s.name))
