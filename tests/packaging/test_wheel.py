"""The wheel and the source archive hold everything and work where nothing else is."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def call(*command, cwd, check=True, **env):
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    assert not check or done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    done = call(BIN / "python", "-m", "build", "--outdir", folder, ROOT, cwd=folder, check=False)
    if done.returncode and not os.environ.get("GRAPHGOV_REQUIRE_ALL") and offline(done.stderr):
        pytest.skip("building needs a package index")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


def offline(text):
    return any(word in text for word in ("Could not find a version", "ConnectionError", "resolve"))


def tracked(*folders):
    done = call("git", "ls-files", "-z", *folders, cwd=ROOT)
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()}


def test_the_wheel_holds_every_file_of_the_package(dist):
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    wanted = tracked("graphgov") | {f"graphgov/{name}" for name in tracked("cypher")}
    missing = {name for name in wanted if not name.endswith((".keep", ".gitignore"))} - held
    assert not missing
    assert any(name.endswith(".cypher") for name in held)
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/"))]


def test_the_source_archive_holds_every_tracked_file(dist):
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "constraints.txt", "Makefile"} <= held
    assert tracked("graphgov", "cypher", "tests") - {"cypher/.keep"} <= held


@pytest.mark.slow
def test_the_wheel_works_in_a_clean_environment_from_another_folder(dist, tmp_path):
    venv = tmp_path / "venv"
    wheel = next(dist.glob("*.whl"))
    call(BIN / "uv", "venv", "--python", sys.executable, venv, cwd=tmp_path)
    index = os.environ.get("PIP_INDEX_URL")
    extra = {"UV_DEFAULT_INDEX": index} if index else {}
    python = venv / "bin" / "python"
    call(
        *(BIN / "uv", "pip", "install", "--python", python, "-c", ROOT / "constraints.txt", wheel),
        cwd=tmp_path,
        **extra,
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    graphgov = venv / "bin" / "graphgov"
    done = call(graphgov, "demo", "--awards", "600", "-o", "out", cwd=elsewhere)
    assert "precision" in done.stdout
    assert (elsewhere / "out" / "report" / "index.html").stat().st_size > 10_000
    asked = call(graphgov, "show", "queries", cwd=elsewhere)
    assert len(asked.stdout.splitlines()) > 6
    where = call(python, "-c", "import graphgov; print(graphgov.__file__)", cwd=elsewhere)
    assert str(venv) in where.stdout
