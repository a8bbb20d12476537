"""The rules of the house that no other tool checks."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from graphgov.roster import known_detectors

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "graphgov").rglob("*.py"))
DETECTORS = [Path(inspect.getfile(cls)) for cls in known_detectors().values()]


def _name(path):
    return str(path.relative_to(ROOT))


def test_there_is_something_to_check():
    assert len(MODULES) > 40
    assert len(DETECTORS) >= 7


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_is_short_documented_and_without_type_checking_blocks(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert len([line for line in text.splitlines() if line.strip()]) < 400
    assert ast.get_docstring(tree), "a module says in one line what it is"
    assert "TYPE_CHECKING" not in names | attributes


@pytest.mark.parametrize("path", DETECTORS, ids=lambda p: p.stem)
def test_detector_has_its_own_test(path):
    assert (ROOT / "tests" / path.parent.name / f"test_{path.name}").is_file()


def test_imports_go_one_way():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_subjects_are_never_judged():
    """Words of guilt do not describe anyone in what is written for readers."""
    guilty = ("fraud", "guilty", "corrupt", "criminal", "舞弊", "腐败", "犯罪")
    found = []
    for path in DETECTORS + sorted((ROOT / "graphgov" / "cases").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Return):
                texts = [
                    n.value
                    for n in ast.walk(node)
                    if isinstance(n, ast.Constant) and isinstance(n.value, str)
                ]
                found += [(_name(path), t) for t in texts for w in guilty if w in t.lower()]
    assert not found
