"""Faults of params.yaml are told in one line that names file, key and remedy."""

import pytest

from kantor import settings, styles
from kantor.ensemble import Sound
from kantor.errors import SetupError
from kantor.settings import Ingest

GOOD = """
ingest:
  sources: [{kind: jsb, path: data/jsb}]
  windows: {steps: 32, hop_bars: 1}
"""


@pytest.mark.parametrize(
    ("said", "instead", "fault"),
    [
        ("hop_bars", "hop_bar", "ingest.windows.hop_bar: no such parameter; hop_bars may be"),
        ("windows:", "zzz:", "ingest.zzz: no such parameter"),
        ("steps: 32", "steps: many", "ingest.windows.steps: Input should be a valid integer"),
        ("[{kind", "[kind", "not YAML: .* in line 3"),
        ("ingest:", "digest:", "the block 'ingest' is missing"),
        (GOOD, "a list", "expected a mapping"),
        (GOOD, None, "not found"),
    ],
)
def test_a_fault_is_one_line(tmp_path, said, instead, fault):
    """It names the file, the key, and for a misspelt key the one that may be meant."""
    path = tmp_path / "params.yaml"
    path.write_text(GOOD)
    assert settings.load(Ingest, "ingest", path).windows.steps == 32
    path.unlink() if instead is None else path.write_text(GOOD.replace(said, instead))
    with pytest.raises(SetupError, match=f"^{path}: {fault}") as caught:
        settings.load(Ingest, "ingest", path)
    assert "\n" not in str(caught.value)


def test_ranges_of_ones_own(tmp_path):
    """Those that are named change, the others stay; a wrong one is one line that names the key."""
    path = tmp_path / "params.yaml"
    path.write_text("ensemble: {ranges: {alto: [50, 70]}}")
    assert styles.load_ensemble(path).ranges == ((59, 82), (50, 70), (45, 70), (35, 67))
    for ranges, fault in (
        ("{soprano: [82, 59]}", r"ensemble\.ranges: line soprano: 82 to 59 is not a range"),
        ("{sopran: [59, 82]}", r"ensemble\.ranges: no line 'sopran'; the lines are soprano, "),
        ("{soprano: [59]}", r"ensemble\.ranges\.soprano.*"),
        ("{soprano: [59, high]}", r"ensemble\.ranges\.soprano.*integer"),
    ):
        path.write_text(f"ensemble: {{ranges: {ranges}}}")
        with pytest.raises(SetupError, match=f"^{path}: {fault}") as caught:
            styles.load_ensemble(path)
        assert "\n" not in str(caught.value)


def test_a_style_s_folder_has_its_file_s_parameters_over_the_common_ones(tmp_path, monkeypatch):
    """In the folder of a style, what the style's file has not is taken from params.yaml."""
    (tmp_path / "params.yaml").write_text("evaluate: {split: valid, samples: 4}\nensemble: {}\n")
    folder = tmp_path / "styles" / "polka"
    folder.mkdir(parents=True)
    (tmp_path / "styles" / "polka.yaml").write_text("evaluate: {samples: 2}\n")
    monkeypatch.chdir(folder)
    found = settings.load(settings.Evaluate, "evaluate")
    assert (found.split, found.samples) == ("valid", 2)


STYLED = """
style: {title: Rock, sound: {tempo: 132, swing: 0.6}}
ensemble: {lines: [{name: lead, level: 1.2}, {name: bass}], bass: bass}
"""


def test_a_style_has_a_sound(tmp_path):
    """Its ensemble carries it; a misspelt key of it is one line that names it."""
    (tmp_path / "params.yaml").write_text("ensemble: {}")
    path = tmp_path / "styles" / "rock.yaml"
    path.parent.mkdir()
    path.write_text(STYLED)
    ensemble = styles.load_ensemble(path)
    assert (ensemble.name, ensemble.sound) == ("rock", Sound(tempo=132, swing=0.6))
    assert styles.load_ensemble(tmp_path / "params.yaml").sound is None
    for said, instead, fault in (
        ("swing", "swng", r"sound\.swng: no such parameter"),
        ("0.6", "0.9", "sound: swing 0.9; expected"),
    ):
        path.write_text(STYLED.replace(said, instead))
        with pytest.raises(SetupError, match=f"^{path}: style\\.{fault}"):
            styles.load_ensemble(path)
