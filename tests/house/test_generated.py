"""What README and docs/ say is what the code says."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_of_the_documentation_are_up_to_date():
    stale = [
        path.relative_to(ROOT)
        for path, text in _generator().generated().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run `make docs`: {stale}"


def test_every_command_is_in_the_reference():
    from typer.main import get_command

    from graphgov.cli import app

    generate = _generator()
    group = get_command(app)
    assert set(group.commands) == set(generate.COMMANDS)
    assert set(group.commands["show"].commands) == set(generate.SHOWN)
