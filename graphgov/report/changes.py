"""What is new, grown or gone since an earlier run, from the files of both."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphgov.errors import ConfigError, InputError
from graphgov.report.files import read_csv
from graphgov.schema import Case, Flag

CORE_KINDS = ("body", "person", "company")
Change = tuple[str, str, str, str]


@dataclass(frozen=True)
class Earlier:
    """What an earlier run said.

    Args:
        cases: Core people, bodies and companies by case.
        case_flags: Flags by case.
        flags: All flags.
    """

    cases: dict[str, frozenset[tuple[str, str]]]
    case_flags: dict[str, frozenset[str]]
    flags: frozenset[str]


def read_earlier(out: Path) -> Earlier:
    """An earlier run, from its folder.

    Raises:
        ConfigError: There is no run in that folder.
        InputError: A file of it cannot be read.
    """
    if not (out / "manifest.json").is_file():
        raise ConfigError(f"{out} is not the output of a run (no manifest.json in it).")
    members: dict[str, set[tuple[str, str]]] = defaultdict(set)
    links: dict[str, set[str]] = defaultdict(set)
    try:
        ids = [row["case_id"] for row in read_csv(out / "cases.csv")]
        for row in read_csv(out / "case_members.csv"):
            if row["kind"] in CORE_KINDS:
                members[row["case_id"]].add((row["kind"], row["id"]))
        for row in read_csv(out / "case_flags.csv"):
            links[row["case_id"]].add(row["flag_id"])
        flags = frozenset(row["flag_id"] for row in read_csv(out / "flags.csv"))
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"The earlier run in {out} cannot be read: {error}.") from error
    return Earlier(
        {key: frozenset(members[key]) for key in ids},
        {key: frozenset(links[key]) for key in ids},
        flags,
    )


def changes(earlier: Earlier, cases: Sequence[Case], flags: Iterable[Flag]) -> list[Change]:
    """Rows of `changes.csv`: kind, id, change (new, grown, gone) and the id it had before.

    A case is the one it was when its id is the same or when it holds at least half of the core
    members of the earlier one, the most alike first; it has grown when it holds a core member
    or a flag that it did not hold before.
    """
    before = _matched(earlier, cases)
    rows: list[Change] = []
    for case in cases:
        old = before.get(case.case_id)
        if old is None:
            rows.append(("case", case.case_id, "new", ""))
        elif core(case) - earlier.cases[old] or set(case.flag_ids) - earlier.case_flags[old]:
            rows.append(("case", case.case_id, "grown", old))
    gone = set(earlier.cases) - set(before.values())
    rows += [("case", key, "gone", key) for key in gone]
    now = {flag.flag_id for flag in flags}
    rows += [("flag", key, "new", "") for key in now - earlier.flags]
    rows += [("flag", key, "gone", key) for key in earlier.flags - now]
    return sorted(rows)


def core(case: Case) -> frozenset[tuple[str, str]]:
    """The people, bodies and companies of a case."""
    return frozenset((m.kind, m.id) for m in case.members if m.kind in CORE_KINDS)


def _matched(earlier: Earlier, cases: Sequence[Case]) -> dict[str, str]:
    """Earlier case ids by present ones; each is used once."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, members in sorted(earlier.cases.items()):
        for member in members:
            holders[member].append(key)
    pairs: list[tuple[int, float, int, str, str]] = []
    for case in cases:
        mine = core(case)
        near = {key for member in mine for key in holders.get(member, ())}
        if case.case_id in earlier.cases:
            near.add(case.case_id)
        for key in near:
            same = key == case.case_id
            theirs = earlier.cases[key]
            shared = len(mine & theirs)
            if same or 2 * shared >= len(theirs):
                alike = shared / max(len(mine | theirs), 1)
                pairs.append((not same, -alike, case.rank, case.case_id, key))
    matched: dict[str, str] = {}
    used: set[str] = set()
    for *_, new, old in sorted(pairs):
        if new not in matched and old not in used:
            matched[new] = old
            used.add(old)
    return matched
