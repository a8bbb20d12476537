"""The notebooks run from top to bottom and show what they promise."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb")) or [FOLDER / "01_first_look.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHGOV_NOTEBOOK_AWARDS", "800")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = nbformat.read(path, as_version=4)
    assert not [c for c in book.cells if c.get("outputs")], "notebooks are kept without outputs"
    NotebookClient(book, timeout=180, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        output["data"]
        for cell in book.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    html = "".join(data.get("text/html", "") for data in shown)
    assert 'sandbox="allow-scripts" srcdoc=' in html
    assert "not_computable" in html
