"""The environment that `make` makes: what is missing is said at once, and it can be moved."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
# Says its name and its words in what.txt, and that Python is whatever SAYS names.
STUB = """#!/bin/sh
case "$1" in --version) echo Python 3.9.1; exit;; -c) test "$SAYS" = new; exit;; esac
echo "$(basename "$0") $*" >> what.txt
"""
PACKAGES = Path(".venv/lib/python3.11/site-packages")
PLACES = ("one", "an Ümlaut & a $x")


@pytest.fixture
def place(tmp_path):
    """A repository of stubs, as a newcomer has it: its Makefile, an old and a new Python."""
    root = tmp_path / PLACES[0]
    root.mkdir()
    for name in ("requirements.lock", "requirements-uv.lock", "pyproject.toml", "mlflow.db"):
        (root / name).write_text("stub")
    (root / ".git").mkdir()
    script(root / "python")
    return root


def script(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STUB)
    path.chmod(0o755)


def make(root, python="./python", path=None, says="new"):
    """Run `make data`; what it said, and what it ran."""
    (root / "what.txt").unlink(missing_ok=True)
    done = subprocess.run(
        [shutil.which("make"), "-f", MAKEFILE, "data", f"PYTHON={python}", "--no-print-directory"],
        cwd=root, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        | {"SAYS": says, "PATH": path or os.environ["PATH"], "LC_ALL": "C"},
    )  # fmt: skip
    ran = root / "what.txt"
    return done, ran.read_text().splitlines() if ran.exists() else []


def environment(root):
    """What `python -m venv` would make, of stubs."""
    for name in ("python", "uv", "kantor"):
        script(root / ".venv/bin" / name)
    (root / ".venv/pyvenv.cfg").write_text("relocatable = true\n")
    packages = root / PACKAGES
    packages.mkdir(parents=True)
    (packages / "_editable_impl_kantor.pth").write_text(str(root / "src"))


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("git", "git is missing; on Debian: sudo apt install git"),
        (".git", "no .git here"),
        ("python", "nothing is missing; on Debian: sudo apt install python3 python3-venv"),
        ("version", "Python 3.9.1 is not 3.11 to 3.13"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_installed(place, tmp_path, missing, said):
    """In one line with the remedy; nothing was run and nothing is left behind."""
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("bash", "sh", "env", "grep", "cat", "basename"):
        (bare / tool).symlink_to(shutil.which(tool))
    if missing == ".git":
        (place / ".git").rmdir()
    done, ran = make(
        place,
        "nothing" if missing == "python" else "./python",
        str(bare) if missing == "git" else None,
        "old" if missing == "version" else "new",
    )
    first, last = done.stderr.splitlines()
    assert said in first
    assert last.startswith("make: ***")
    assert (done.returncode, ran, done.stdout) == (2, [], "")
    assert not (place / ".venv").exists()


def test_a_moved_or_copied_repository_mends_its_environment(place, tmp_path):
    """One line says so, the registry's addresses and the path of the source follow.

    Where it was made nothing is done.
    """
    environment(place)
    done, ran = make(place)
    assert done.returncode == 0, done.stderr
    assert "mending" not in done.stdout
    assert ran[-1] == "kantor data"
    assert (place / ".venv/.ready").read_text() == f"{place}\n"
    assert make(place)[1] == ["kantor data"]
    copied = tmp_path / PLACES[1]
    shutil.copytree(place, copied)
    moved = place.rename(tmp_path / "moved")
    for root in (copied, moved):
        done, ran = make(root)
        assert done.returncode == 0, done.stderr
        assert f".venv was made in {place}; mending it" in done.stdout.splitlines()[0]
        assert "python -m venv --without-pip .venv" in ran
        assert any(line.startswith("uv pip install") and "--editable" in line for line in ran)
        assert "python -m kantor.registry relocate" in ran
        (source,) = (root / PACKAGES).glob("*.pth")
        assert (root / PACKAGES / source.read_text().strip()).resolve() == root / "src"
        assert make(root)[1] == ["kantor data"]


def test_an_environment_that_cannot_be_moved_is_made_anew(place):
    """One of an earlier release, whose scripts hold the old place, is removed first."""
    environment(place)
    (place / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    (place / ".venv/.ready").write_text("/elsewhere\n")
    (place / ".venv/bin/left").touch()
    _, ran = make(place)
    assert ran[0] == "python -m venv .venv"
    assert not (place / ".venv/bin/left").exists()
