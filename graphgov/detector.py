"""The plug-in contract: what an indicator or a model is, and how it is found and run.

A detector is one class in one file of `indicators/` or `models/`. It sees the snapshot and the
kernels, declares the columns it needs, and returns findings. Everything else that knows about
it (configuration, `graphgov show`, README table, report legend, contract tests) is derived.
"""

import gc
import hashlib
import importlib
import math
import pkgutil
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from threading import Lock
from types import ModuleType
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from graphgov.config import make
from graphgov.errors import ConfigError, suggest
from graphgov.schema import Community, Coverage, Evidence, Flag, Member
from graphgov.schema.results import SYMMETRIC_KINDS, FlagClass
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

LANGUAGES = ("en", "zh")
_SELDOM = (100_000, 20, 50)  # thresholds of the garbage collector
_AT_A_TIME = 2
FLOAT = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Findings:
    """What one detector saw in one snapshot.

    Args:
        flags: At most one per subject and time window after `run`.
        subjects: Units of the detector's kind in the snapshot.
        computable: On how many of them it could be computed.
        missing: Column, or columns joined by `;`, whose absence stopped the rest.
        reason: Why the rest could not be computed, for a reader.
        p_values: Randomised p-values of all testable units, before any minimum count;
            what the shuffled-data test looks at. None where the detector tests nothing.
        communities: Groups found on the way.
    """

    flags: Sequence[Flag] = ()
    subjects: int = 0
    computable: int = 0
    missing: str = ""
    reason: str = ""
    p_values: FLOAT | None = None
    communities: Sequence[Community] = ()


@dataclass(frozen=True)
class Detector(ABC):
    """Base of every indicator and model; parameters are dataclass fields made by `bounded`."""

    code: ClassVar[str]
    title: ClassVar[Mapping[str, str]]
    class_: ClassVar[FlagClass]
    subject_kind: ClassVar[str]
    unit: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()  # "table.column"; without them not computable
    wants: ClassVar[tuple[str, ...]] = ()  # used where there
    # What the null of its p-values deals out, a key of `synth.null.SHUFFLES`; by subject if empty
    null: ClassVar[str] = ""
    # language → (reason, innocent), templates over the facts of a flag
    sentences: ClassVar[Mapping[str, tuple[str, str]]]

    @property
    def family(self) -> str:
        """The catalogue's letter: A for the R codes."""
        return "A" if self.code.startswith("R") else self.code[0]

    @abstractmethod
    def find(self, snap: Snapshot) -> Findings:
        """Look at everything; called only when every needed column holds something."""

    def flag(
        self,
        subject: str | Sequence[str],
        *,
        score: float,
        facts: Mapping[str, object],
        evidence: Iterable[Evidence],
        members: Iterable[Member],
        window: str = "",
        subject_kind: str = "",
        amounts: Mapping[str, Decimal] | None = None,
        value: float | None = None,
        threshold: float | None = None,
        p_value: float | None = None,
        q_value: float | None = None,
        first_on: date | None = None,
        last_on: date | None = None,
        body_id: str = "",
        company_id: str = "",
        person_id: str = "",
        certainty: str = "documented",
    ) -> Flag:
        """A flag of this detector; its sentences are filled in by `run`.

        `subject` is an id, or the ids of a composite subject in the kind's order; `window` is
        what tells two flags on one subject apart, such as a year. The rest is as in `Flag`.
        """
        kind = subject_kind or self.subject_kind
        subject_id = subject if isinstance(subject, str) else composite(kind, subject)
        return Flag(
            flag_id=digest(self.code, kind, subject_id, window),
            indicator=self.code,
            family=self.family,
            class_=self.class_,
            subject_kind=kind,
            subject_id=subject_id,
            score=round(min(1.0, max(0.0, float(score))), 6),
            value=None if value is None else float(value),
            unit=self.unit,
            threshold=threshold,
            p_value=p_value,
            q_value=q_value,
            amounts=tuple(sorted((amounts or {}).items())),
            first_on=first_on,
            last_on=last_on,
            body_id=body_id,
            company_id=company_id,
            person_id=person_id,
            certainty=certainty,
            facts=dict(facts),
            evidence=tuple(sorted(set(evidence))),
            members=tuple(sorted(set(members))),
        )


def composite(kind: str, ids: Sequence[str]) -> str:
    """A composite subject id: a JSON array, sorted where the kind is symmetric."""
    ordered = sorted(ids) if kind in SYMMETRIC_KINDS else list(ids)
    return msgspec.json.encode(ordered).decode()


def surprise(p_value: float) -> float:
    """A p-value as a score: 0 at p = 1, a half at p = 0.01, never quite 1.

    L / (L + 2) with L = -log10 p: it keeps the order of very small p-values, where
    1 - p would show them all as the same.
    """
    length = -math.log10(min(1.0, max(float(p_value), 1e-300)))
    return length / (length + 2.0)


def digest(*parts: str) -> str:
    """Sixteen hex digits that stand for the parts."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def discover(package: ModuleType) -> dict[str, type[Detector]]:
    """The detectors in a package, by code: the one `Detector` class of each module."""
    found: dict[str, type[Detector]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for thing in vars(module).values():
            if (
                isinstance(thing, type)
                and issubclass(thing, Detector)
                and thing.__module__ == module.__name__
            ):
                found[thing.code] = thing
    return dict(sorted(found.items()))


def configured(
    classes: Mapping[str, type[Detector]],
    sections: Mapping[str, Mapping[str, object]],
    where: str,
) -> list[Detector]:
    """One detector of each class, with the parameters of its section.

    `enabled = false` leaves one out.

    Raises:
        ConfigError: A section or a key is unknown, or a value out of bounds.
    """
    for code in sections:
        if code not in classes:
            raise ConfigError(f"[{where}.{code}] is unknown. {suggest(code, classes)}")
    made = []
    for code, cls in sorted(classes.items()):
        section = dict(sections.get(code, {}))
        enabled = section.pop("enabled", True)
        if not isinstance(enabled, bool):
            raise ConfigError(f"[{where}.{code}] enabled must be true or false.")
        if enabled:
            made.append(make(cls, f"{where}.{code}", section))
    return made


def run(detector: Detector, snap: Snapshot, language: str = "en") -> Findings:
    """The findings of a detector, sentences filled in, the strongest flag kept per id.

    A missing column gives no flags and says which; that is not the same as *no flag*.
    """
    missing = [column for column in detector.needs if not snap.has(column)]
    if missing:
        subjects = snap.subjects(detector.subject_kind)
        why = f"not computable, because there is no {', no '.join(missing)}"
        return Findings(subjects=subjects, missing=";".join(missing), reason=why)
    findings = detector.find(snap)
    reason, innocent = detector.sentences[language]
    kept: dict[str, Flag] = {}
    for flag in findings.flags:
        old = kept.get(flag.flag_id)
        if old is None or (flag.score, len(flag.evidence)) > (old.score, len(old.evidence)):
            kept[flag.flag_id] = flag
    flags = [
        msgspec.structs.replace(f, reason=fill(reason, f.facts), innocent=fill(innocent, f.facts))
        for f in kept.values()
    ]
    flags.sort(key=lambda f: (f.indicator, f.subject_kind, f.subject_id, f.flag_id))
    return replace(findings, flags=flags)


def coverage(detector: Detector, findings: Findings) -> Coverage:
    """On how much of the data a detector could say something."""
    flagged = len({(flag.subject_kind, flag.subject_id) for flag in findings.flags})
    reason = findings.reason
    if not findings.subjects and not reason:
        reason = f"there is no {detector.subject_kind.replace('_', '–')} in the data to look at"
    return Coverage(
        indicator=detector.code,
        subject_kind=detector.subject_kind,
        subjects=findings.subjects,
        computable=findings.computable,
        not_computable=findings.subjects - findings.computable,
        flagged=flagged,
        missing=findings.missing,
        reason=reason,
    )


def side_by_side(
    look: Callable[[Detector], Findings], detectors: Sequence[Detector]
) -> list[Findings]:
    """What each detector found, in their order, two at work at a time.

    What one of them does in Python leaves a core to what another does outside of it. Those of
    one family read the same derived values, and the second would wait while the first makes
    them: so another family is looked at meanwhile, as long as there is one.

    Args:
        look: Runs one detector; the first failure, in their order, is raised.
        detectors: All of them.
    """
    queue = _Queue(detectors)
    # Hundreds of thousands of flags are no garbage: to look through them again and again is slow.
    usual = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            try:
                for worker in [pool.submit(queue.work, look) for _ in range(_AT_A_TIME)]:
                    worker.result()
            finally:
                queue.end = 0  # after an interrupt nothing new is begun
    finally:
        gc.set_threshold(*usual)
    if queue.failed:
        raise queue.failed[min(queue.failed)]
    return [queue.found[i] for i in range(len(detectors))]


class _Queue:
    """Detectors that wait, the first of a family that nobody is looking at before the others."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.found: dict[int, Findings] = {}
        self.failed: dict[int, Exception] = {}
        self.end = len(detectors)  # those from here on are not begun
        self._detectors = detectors
        self._waiting = list(range(len(detectors)))
        self._busy: list[str] = []
        self._lock = Lock()

    def work(self, look: Callable[[Detector], Findings]) -> None:
        """Look with one detector after the other until none is left."""
        while (i := self._next()) is not None:
            one = self._detectors[i]
            try:
                self.found[i] = look(one)
            except Exception as error:  # raised by whoever asked, if it is the first
                self.failed[i] = error
                self.end = min(self.end, i)
            self._busy.remove(one.family)

    def _next(self) -> int | None:
        with self._lock:
            left = [i for i in self._waiting if i < self.end]
            free = (i for i in left if self._detectors[i].family not in self._busy)
            i = next(free, next(iter(left), None))
            if i is not None:
                self._waiting.remove(i)
                self._busy.append(self._detectors[i].family)
            return i


_LABELS = ("Method", "Example", "Why", "Score", "Skips", "Source", "Assumes")
_LABEL = re.compile(rf"^\s*({'|'.join(_LABELS)}):\s*", re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """What `graphgov show` and the README say about a detector, read off its docstring."""

    code: str
    summary: str
    labels: Mapping[str, str] = field(default_factory=dict)


def card(cls: type[Detector]) -> Card:
    """The documentation card of a detector class."""
    text = cls.__doc__ or ""
    parts = _LABEL.split(text)
    labels = {
        name: " ".join(body.split()) for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    return Card(cls.code, " ".join(parts[0].split()), labels)
