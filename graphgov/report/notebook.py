"""A run in a notebook: its tables as data frames, a case as its page."""

import html
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from graphgov.errors import ConfigError
from graphgov.report.files import read_csv
from graphgov.schema import OUTPUTS

_NUMBERS = ("rank", "score", "flags", "subjects", "computable", "not_computable", "flagged")


@dataclass(frozen=True)
class CasePage:
    """The dossier of one case; a notebook shows it in a frame that can reach nothing else.

    Args:
        path: Its page.
        height: Of the frame, in pixels.
    """

    path: Path
    height: int = 900

    def _repr_html_(self) -> str:
        page = html.escape(self.path.read_text(encoding="utf-8"), quote=True)
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{page}" width="100%" '
            f'height="{self.height}" style="border:1px solid #ccc" title="dossier"></iframe>'
        )


@dataclass(frozen=True)
class RunFolder:
    """The results of a run.

    Args:
        out: Its folder.
    """

    out: Path

    def __post_init__(self) -> None:
        if not (self.out / "manifest.json").is_file():
            raise ConfigError(f"{self.out} is not the output of a run (no manifest.json in it).")

    def table(self, name: str) -> pd.DataFrame:
        """One of the result files, such as `cases`, `coverage` or `flags`."""
        frame = pd.DataFrame(read_csv(self.out / f"{name}.csv"), columns=list(OUTPUTS[name]))
        for column in frame.columns.intersection(list(_NUMBERS)):
            frame[column] = pd.to_numeric(frame[column])
        return frame

    def case(self, which: int | str, height: int = 900) -> CasePage:
        """The dossier of a case, by rank or by id.

        Raises:
            ConfigError: There is no such case, or it has no page.
        """
        cases = self.table("cases")
        found = cases[(cases["case_id"] == which) | (cases["rank"] == which)]
        if found.empty:
            raise ConfigError(f"There is no case {which!r} in {self.out}.")
        path = self.out / "report" / f"case-{found.iloc[0]['case_id']}.html"
        if not path.is_file():
            raise ConfigError(f"Case {which!r} has no page; raise --top and run again.")
        return CasePage(path, height)
