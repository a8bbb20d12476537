"""The independent oracle and random files for it."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


def _module(name: str) -> ModuleType:
    folder = HERE / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    spec = importlib.util.spec_from_file_location(f"cardinal_tests_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """What the indicators must answer, from the specification alone."""
    return _module("oracle")


@pytest.fixture(scope="session")
def random_files() -> ModuleType:
    """`random_files.Maker(seed).file()` and `.settings()`."""
    return _module("random_files")


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of Cardinal's documentation examples; skips where it is not."""
    given = os.environ.get("GRAPHGOV_DATA")
    data = Path(given) if given else HERE.parents[2] / "shared" / "data"
    folder = data / "cardinal-examples"
    if not folder.is_dir():
        pytest.skip("the examples of Cardinal's documentation are not here")
    return folder
