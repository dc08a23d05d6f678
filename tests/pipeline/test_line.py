"""The real line on a small budget: stopped by bad data, interrupted, resumed, finished, used."""

import re
import shutil
import sys
import time

import pytest
import yaml
from benchmarks import clone
from tests.data.conftest import chorale
from tests.pipeline.conftest import outs_of
from tests.registries import VARIABLES

from kantor.data.checks.tables import read_manifest
from kantor.formats import midi, reading
from kantor.registry import versions
from kantor.service import git_changes
from kantor.training.history import read as read_history

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """Nobody's registry but the repository's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def stages_run(said):
    """The stages that a `dvc repro` ran, in their order."""
    return re.findall(r"Running stage '(\w+)'", said)


def test_bad_data_stop_the_line(refused):
    """A failed check ends `dvc repro` before the training, in one line that names it."""
    assert stages_run(refused) == ["parameters", "ingest", "validate"]
    (line,) = re.findall(r"^validate: .*expected.*$", refused, re.MULTILINE)
    assert line.startswith("validate: in_scale: ")
    assert "expected at least 1; found 0." in line
    assert "Traceback" not in refused


def test_an_interrupted_training_goes_on(interrupted, finished, line):
    """The next `dvc repro` resumes at the iteration at which SIGTERM stopped it, and says so."""
    found = re.search(r"stopped at iteration (\d+); the next start resumes there", interrupted)
    assert f"train: resuming at iteration {found[1]} of 24" in finished
    assert stages_run(finished) == ["train", "evaluate", "register"]
    rows = read_history(line.root / "reports/training/history.csv")
    assert [row["iteration"] for row in rows] == list(range(2, 25, 2))


def test_a_changed_constant_in_music_trains_from_nothing(line, tmp_path):
    """A finished training is taken up with the same code only, or old weights pass for new."""
    root = shutil.copytree(line.root, tmp_path / "changed", ignore=shutil.ignore_patterns(".git"))

    def first_line():
        said = tmp_path / "said"
        changed = clone.Clone(root)
        with changed.start("python", "pipelines/train.py", said=said) as process:
            ends = time.monotonic() + 120
            while " of 24, " not in said.read_text() and time.monotonic() < ends:
                assert process.poll() in (None, 0), said.read_text()
                time.sleep(0.05)
            process.kill()
        return said.read_text().splitlines()[0]

    assert first_line().startswith("train: resuming at iteration 24 of 24, ")
    score = root / "src/kantor/music/score.py"
    text = score.read_text()
    score.write_text(text.replace("tempo: float = 80.0", "tempo: float = 81.0"))
    assert score.read_text() != text
    assert first_line().startswith("train: starting of 24, ")


def test_everything_that_is_promised_is_there(line, tmp_path):
    """All that dvc.yaml names is on the disk, git sees what it is to keep, plots have figures."""
    pipeline = yaml.safe_load((line.root / "dvc.yaml").read_text())
    outs = [path for stage in pipeline["stages"].values() for path in outs_of(stage)]
    assert [path for path in outs if not (line.root / path).exists()] == []
    status = line.run("git", "status", "--porcelain", "--untracked-files=all")
    changed = {row[3:] for row in status.splitlines()}
    assert changed <= {"dvc.lock", "params.yaml", *git_changes.WRITTEN}
    assert changed >= {"reports/headline.json", "reports/training/history.csv"}
    said = line.run("dvc", "plots", "show", "--out", str(tmp_path / "plots"))
    assert "WARNING" not in said
    page = (tmp_path / "plots" / "index.html").read_text()
    assert [name for plot in pipeline["plots"] for name in plot if name not in page] == []


def test_scores_of_ones_own_are_learned_from(line):
    """A MIDI put into data/scores and added with `dvc add data` is a piece of the corpus."""
    manifest = read_manifest(line.root / "build/manifest.csv")
    assert len(manifest) == 13
    assert "scores/own.mid" in set(manifest["id"])


def test_a_second_pass_does_nothing(line):
    """It says so within seconds, whatever byte code the stages left beside the modules."""
    began = time.monotonic()
    said = line.repro()
    assert time.monotonic() - began < 10
    assert stages_run(said) == []
    assert "Data and pipelines are up to date." in said


def test_the_first_version_is_champion(line):
    """Where there was no champion the new version is one, and its tags say what made it."""
    first = versions(root=line.root)[-1]
    assert first["version"] == 1
    assert "champion" in first["aliases"]
    commit = line.run("git", "rev-parse", "HEAD").strip()
    assert first["tags"]["git.commit"] == commit
    pinned = yaml.safe_load((line.root / "data.dvc").read_text())["outs"][0]["md5"]
    assert first["tags"]["dvc.data.md5"] == pinned


def test_the_champion_composes(line, tmp_path):
    """Each melody is kept, all accompaniments differ; the seed decides what they are."""

    def notes_of(path):
        return [tuple(note[:3] for note in part.notes) for part in reading.read(path).parts]

    tunes = [tmp_path / f"{seed}.mid" for seed in (0, 1)]
    for seed, tune in enumerate(tunes):
        midi.write(chorale(seed).line(0), tune)

    def compose(folder, *options):
        out, files = tmp_path / folder, [str(tune) for tune in tunes]
        words = ("--format", "mid", "--takes", "2", "--out", str(out))
        line.run("kantor", "compose", *files, *words, *options)
        return {path.stem: notes_of(path) for path in sorted(out.iterdir())}

    composed = compose("first")
    assert list(composed) == ["0-take1", "0-take2", "1-take1", "1-take2"]
    for name, (soprano, *_) in composed.items():
        assert [soprano] == notes_of(tmp_path / f"{name[0]}.mid")
    assert len({tuple(others) for _, *others in composed.values()}) == 4
    assert compose("second") == composed
    seeded = compose("third", "--seed", "7")
    assert list(seeded) == [f"{tune}-seed7-take{take}" for tune in (0, 1) for take in (1, 2)]
    pairs = zip(seeded.values(), composed.values(), strict=True)
    assert all(new[1:] != old[1:] for new, old in pairs)


def test_the_closing_lines(line):
    """They name the version and its aliases, figures beside Bach's, and files that are there."""
    newest = versions(root=line.root)[0]
    said = line.run(sys.executable, "-m", "kantor.registry").splitlines()
    assert said[0] == f"kantor-bach version {newest['version']} ({', '.join(newest['aliases'])})"
    assert said[1].split()[:2] == ["this", "real"]
    assert len(re.findall(r"voice crossing +\d\.\d{3} +\d\.\d{3}", "\n".join(said))) == 1
    files = [line.root / row.split()[-1] for row in said[-3:]]
    assert [path.suffix for path in files] == [".html", ".mid", ".wav"]
    assert all(path.is_file() for path in files)


def test_a_changed_parameter_runs_what_depends_on_it(line):
    """Another seed of the evaluation: evaluate and register, and a challenger for the champion."""
    line.change(evaluate={"seed": 1})
    assert stages_run(line.repro()) == ["parameters", "evaluate", "register"]
    aliases = {row["version"]: row["aliases"] for row in versions(root=line.root)}
    assert aliases == {1: ["champion"], 2: ["challenger"]}
