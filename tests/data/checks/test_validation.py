"""The gate before training: a sound corpus passes, and each way of breaking it is refused."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from kantor.data.checks.outcomes import Outcome
from kantor.data.checks.run import check_tables, validate
from kantor.data.checks.tables import measure
from kantor.data.corpus import Piece, manifest
from kantor.data.windows import Windows, cut, save
from kantor.music.score import Key, Score, onset_floor
from kantor.settings import Validate
from kantor.settings import Windows as Sizes

ROOT = Path(__file__).parents[3]
LIMITS = Validate(
    min_pieces={"train": 6, "valid": 2, "test": 2},
    max_rest_share=0.05,
    max_empty_bar_share=0.03,
    max_crossing_share=0.1,
    max_duplicate_share=0.1,
    min_in_scale=0.9,
    max_pitch_drift=0.3,
)
# The white keys that each voice sings; no two voices share any.
NOTES = ((67, 69, 71, 72, 74), (60, 62, 64, 65), (53, 55, 57, 59), (43, 45, 47, 48, 50, 52))


def chorale(seed: int) -> Score:
    """Nine bars and a pickup of quarters, each voice drawn from its own white keys."""
    generator = np.random.default_rng(seed)
    quarters = np.stack([generator.choice(notes, 37) for notes in NOTES], axis=1)
    pitches = np.repeat(quarters, 4, axis=0).astype(np.int8)
    return Score(pitches, onset_floor(pitches), pickup=4, key=Key(), title=f"Chorale {seed}")


@dataclass(frozen=True)
class Data:
    """What the stage reads."""

    windows: Windows
    table: pd.DataFrame

    def outcomes(self, docs: Path | None = None) -> list[Outcome]:
        frames = measure(self.windows, self.table, 32, LIMITS.min_pieces)
        return check_tables(frames, LIMITS, 32, docs)

    def failed(self) -> dict[str, Outcome]:
        return {one.name: one for one in self.outcomes() if one.success is False}


@pytest.fixture(scope="module")
def sound() -> Data:
    splits = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    pieces = [
        Piece(f"choir/{split}{seed}", split, "folder", 0, chorale(seed))
        for seed, split in enumerate(splits)
    ]
    return Data(cut(pieces, Sizes()), manifest(pieces))


@pytest.fixture
def broken(sound: Data) -> Data:
    """A copy that a test may spoil."""
    arrays = {name: array.copy() for name, array in vars(sound.windows).items()}
    return Data(Windows(**arrays), sound.table.copy())


def test_a_sound_corpus_passes(sound: Data) -> None:
    """Every check is made, and none fails."""
    assert [one.line for one in sound.outcomes() if one.success is not True] == []


def _voice_moved(data: Data, voice: int, semitones: int, part: slice = slice(None)) -> None:
    rolls = data.windows.rolls
    rolls[part, :, :, voice] = np.roll(rolls[part, :, :, voice], semitones, axis=2)


def _second_pitch(data: Data) -> None:
    data.windows.rolls[3, 5, 79, 0] = True


def _onset_on_rest(data: Data) -> None:
    data.windows.rolls[3, 5, :, 1] = False
    data.windows.onsets[3, 5, 1] = True
    data.windows.onsets[3, 6, 1] = True


def _missing_onset(data: Data) -> None:
    data.windows.onsets[3, 1:] = False


def _sounding_padding(data: Data) -> None:
    data.windows.length[3] = 28


def _rests(data: Data) -> None:
    data.windows.rolls[:, ::8, :, :2] = False
    data.windows.onsets[:, ::8, :2] = False
    data.windows.onsets[:, 1::8, :2] = data.windows.rolls[:, 1::8, :, :2].any(axis=2)


def _empty_bars(data: Data) -> None:
    data.windows.rolls[::4, :16, :, 3] = False
    data.windows.onsets[::4, :16, 3] = False
    data.windows.onsets[::4, 16, 3] = data.windows.rolls[::4, 16, :, 3].any(axis=1)


def _crossed(data: Data) -> None:
    rolls, onsets = data.windows.rolls, data.windows.onsets
    rolls[..., [1, 2]] = rolls[..., [2, 1]]
    onsets[..., [1, 2]] = onsets[..., [2, 1]]


def _chromatic(data: Data) -> None:
    rolls = data.windows.rolls
    rolls[:, 16:] = np.roll(rolls[:, 16:], 6, axis=2)
    data.windows.onsets[:, 16] = rolls[:, 16].any(axis=1)


def _drifted(data: Data) -> None:
    held_out = np.flatnonzero((data.table["split"] == "test")[data.windows.piece])
    _voice_moved(data, 3, -5, slice(held_out[0], None))


def _copied_windows(data: Data) -> None:
    """Each held-out piece gets four of eight windows of training, in another key."""
    arrays = data.windows
    for row in (6, 7, 8, 9):
        mine, theirs = (np.flatnonzero(arrays.piece == one)[:4] for one in (row, row - 6))
        arrays.rolls[mine] = np.roll(arrays.rolls[theirs], 2, axis=2)
        arrays.onsets[mine] = arrays.onsets[theirs]


def _copied_piece(data: Data) -> None:
    """A held-out piece is a training piece in another key: its hash is another, its notes not."""
    arrays = data.windows
    arrays.rolls[arrays.piece == 6] = np.roll(arrays.rolls[arrays.piece == 0], 2, axis=2)
    arrays.onsets[arrays.piece == 6] = arrays.onsets[arrays.piece == 0]


def _unheard(data: Data) -> None:
    """One piece, of four voices by its manifest, whose tenor is all but silent."""
    mine = data.windows.piece == 3
    data.windows.rolls[mine, 4:, :, 2] = False
    data.windows.onsets[mine, 4:, 2] = False


def _cell(column: str, value: object) -> Callable[[Data], None]:
    def spoil(data: Data) -> None:
        data.table[column] = data.table[column].astype(object)
        data.table.loc[1, column] = value

    return spoil


def _field(name: str, value: int) -> Callable[[Data], None]:
    def spoil(data: Data) -> None:
        getattr(data.windows, name)[3] = value

    return spoil


def _same_notes(data: Data) -> None:
    data.table.loc[9, "content_hash"] = data.table.loc[2, "content_hash"]


def _fewer_pieces(data: Data) -> None:
    data.table.loc[9, "split"] = "train"


def _no_windows(data: Data) -> None:
    data.windows.piece[data.windows.piece == 4] = 5
    data.windows.start[:] = np.arange(len(data.windows.start)) % 100


BREAKS: dict[str, tuple[Callable[[Data], None], set[str], str]] = {
    "second pitch": (_second_pitch, {"one_pitch"}, "choir/train0@52"),
    "onset on a rest": (_onset_on_rest, {"onsets_match_pitches"}, "choir/train0@52"),
    "missing onset": (_missing_onset, {"onsets_match_pitches"}, "choir/train0@52"),
    "sounding padding": (_sounding_padding, {"silent_padding"}, "choir/train0@52"),
    "no real steps": (_field("length", 0), {"windows_have_steps", "silent_padding"}, "train0@52"),
    "no such piece": (_field("piece", 99), {"windows_have_pieces"}, "row 99@52"),
    "negative piece": (_field("piece", -1), {"windows_have_pieces"}, "row -1@52"),
    "past the end": (_field("start", 140), {"windows_inside_pieces"}, "choir/train0@140"),
    "same place twice": (_field("start", 36), {"window_ids_unique"}, "choir/train0@36"),
    "soprano too high": (lambda data: _voice_moved(data, 0, 12), {"range_soprano"}, "@"),
    "alto too high": (
        lambda data: _voice_moved(data, 1, 12),
        {"range_alto", "crossing_share"},
        "choir/",
    ),
    "tenor too low": (
        lambda data: _voice_moved(data, 2, -12),
        {"range_tenor", "crossing_share"},
        "choir/",
    ),
    "bass too low": (lambda data: _voice_moved(data, 3, -12), {"range_bass"}, "choir/"),
    "rests": (_rests, {"rest_share"}, "choir/"),
    "empty bars": (_empty_bars, {"empty_bar_share"}, "choir/"),
    "crossed voices": (_crossed, {"crossing_share"}, "choir/"),
    "two keys at once": (_chromatic, {"in_scale"}, "choir/"),
    "drift": (_drifted, {"drift_bass"}, "test"),
    "copied windows": (_copied_windows, {"windows_in_one_split"}, "choir/valid6@4"),
    "copied piece": (
        _copied_piece,
        {"pieces_not_copied", "windows_in_one_split"},
        "choir/valid6",
    ),
    "no key": (_cell("key", ""), {"known_key"}, "choir/train1"),
    "no such meter": (_cell("meter", "4/5"), {"known_meter"}, "choir/train1"),
    "five voices": (_cell("voices", 5), {"all_lines"}, "choir/train1"),
    "unheard tenor": (_unheard, {"voices_heard"}, "choir/train3"),
    "no number": (_cell("bars", ""), {"manifest_complete"}, "choir/train1"),
    "id twice": (
        _cell("id", "choir/train0"),
        {"piece_ids_unique", "window_ids_unique"},
        "choir/train0",
    ),
    "no such split": (
        _cell("split", "holdout"),
        {"known_split", "windows_have_pieces", "pieces_per_split"},
        "choir/train1",
    ),
    "same notes in two splits": (_same_notes, {"pieces_in_one_split"}, "choir/test9"),
    "too few pieces": (_fewer_pieces, {"pieces_per_split"}, "test"),
    "piece without windows": (_no_windows, {"pieces_have_windows"}, "choir/train4"),
}


@pytest.mark.parametrize("way", BREAKS)
def test_each_break_is_refused_by_its_own_check(broken: Data, way: str) -> None:
    """One fault in a sound corpus fails the checks that are meant for it, and says where."""
    spoil, names, place = BREAKS[way]
    spoil(broken)
    failed = broken.failed()
    assert {*failed} == names
    lines = [one.line for one in failed.values()]
    assert any(place in line for line in lines), lines
    assert all("\n" not in line and "expected" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "array", "check"),
    [
        ("rolls", np.zeros((10, 32, 128, 3), bool), "tensor_shape"),
        ("length", np.zeros((80, 1), np.int16), "tensor_shape"),
        ("start", np.zeros(80), "tensor_dtype"),
    ],
)
def test_arrays_of_a_wrong_form_are_refused(
    sound: Data, name: str, array: np.ndarray, check: str
) -> None:
    """A wrong shape or type fails its check; what cannot be looked at then is said to be so."""
    outcomes = Data(replace(sound.windows, **{name: array}), sound.table).outcomes()
    failed = {one.name: one for one in outcomes if one.success is False}
    assert check in failed
    assert name in failed[check].line
    unmade = [one for one in outcomes if one.success is None]
    assert "one_pitch" in {one.name for one in unmade}
    assert all("not checked" in one.found for one in unmade)


def test_rolls_of_another_type_are_refused_and_still_looked_at(broken: Data) -> None:
    """Rolls of floats fail one check, the type; the notes in them are judged all the same."""
    rolls = broken.windows.rolls.astype(np.float32) * 2 - 1
    failed = Data(replace(broken.windows, rolls=rolls), broken.table).failed()
    assert {*failed} == {"tensor_dtype"}


def test_no_data_at_all_is_refused(sound: Data) -> None:
    """An empty corpus does not pass for want of faults."""
    arrays = {name: array[:0] for name, array in vars(sound.windows).items()}
    failed = Data(Windows(**arrays), sound.table[:0]).failed()
    assert {*failed} == {"pieces_exist", "windows_exist", "pieces_per_split"}


@pytest.mark.parametrize("column", ["key", "split", "id"])
def test_a_manifest_without_a_column_is_refused(sound: Data, column: str) -> None:
    """A missing column is named."""
    failed = Data(sound.windows, sound.table.drop(columns=column)).failed()
    assert f"found no {column}" in failed["manifest_columns"].line


def test_reports_depend_on_the_data_alone(broken: Data, tmp_path: Path) -> None:
    """Two runs write the same numbers and the same page, and a title cannot add markup."""
    _second_pitch(broken)
    broken.table.loc[0, "id"] = "<script>alert(1)</script>"
    texts = []
    for name in ("one", "two"):
        frames = measure(broken.windows, broken.table, 32, LIMITS.min_pieces)
        validate(frames, LIMITS, 32, tmp_path / name)
        files = ("validation.json", "validation.html")
        texts.append([(tmp_path / name / file).read_text() for file in files])
    assert texts[0] == texts[1]
    numbers, page = texts[0]
    found = json.loads(numbers)
    assert found["failed"] == 1
    assert found["pieces"] == {"train": 6, "valid": 2, "test": 2}
    assert 0.9 < found["figures"]["in_scale"] <= 1
    assert "one_pitch" in page
    assert "<script>" not in page
    docs = (tmp_path / "one" / "data_docs").rglob("*.html")
    assert not any("<script>alert" in path.read_text() for path in docs)
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_pages_of_the_library_tell_what_was_found(broken: Data, tmp_path: Path) -> None:
    """Data Docs show each check's sentence; an older site is replaced as a whole."""
    _second_pitch(broken)
    docs = tmp_path / "reports" / "data_docs"
    docs.mkdir(parents=True)
    (docs / "old.html").write_text("old")
    broken.outcomes(docs)
    assert [path.name for path in docs.parent.iterdir()] == ["data_docs"]
    assert (docs / "index.html").is_file()
    assert not (docs / "old.html").exists()
    (page,) = docs.glob("validations/windows/**/*.html")
    assert "Pitches of one voice at one step: at most 1." in page.read_text()
    assert "choir/train0@52" in page.read_text()
    assert "system-ui" in page.read_text()


def _stage(folder: Path, data: Data, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The stage's script, in a folder with the data and the parameters that it reads."""
    blocks = {
        "ensemble": {"ranges": {}},
        "ingest": {"sources": [{"kind": "jsb", "path": "data/jsb"}]},
        "validate": LIMITS.model_dump(),
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(blocks))
    (folder / "build").mkdir(exist_ok=True)
    save(data.windows, folder / "build" / "windows.npz")
    data.table.to_csv(folder / "build" / "manifest.csv", index=False)
    monkeypatch.chdir(folder)
    spec = importlib.util.spec_from_file_location("stage", ROOT / "pipelines" / "validate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main: Callable[[], int] = module.main
    return main


def test_the_stage_ends_with_one_line_a_failed_check(
    broken: Data,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Code 0 and silence on the error stream for sound data, else code 1, lines, and reports."""
    main = _stage(tmp_path, broken, monkeypatch)
    assert main() == 0
    assert capfd.readouterr().err == ""
    _second_pitch(broken)
    broken.table.loc[1, "key"] = ""
    main = _stage(tmp_path, broken, monkeypatch)
    assert main() == 1
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["known_key", "one_pitch"]
    assert json.loads((tmp_path / "reports/validation.json").read_text())["failed"] == 2
    shutil.rmtree(tmp_path / "build")
    assert main() == 1
    assert capfd.readouterr().err.count("\n") == 1
