"""``kantor compose`` where other cells are given than the soprano, or none."""

import inspect
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import kantor.registry
from kantor import cli
from kantor.cli import compose
from kantor.compose import outputs
from kantor.ensemble import SATB, unnamed
from kantor.errors import InputError
from kantor.formats import midi, musicxml, reading
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

RUNNER = CliRunner()
NOTES = (72, 67, 60, 48)


class Model:
    """Composes quarters: each voice one pitch, which the seed moves; likes the high ones best."""

    def __init__(self):
        self.calls = []

    def __call__(self, given, seeds, **knobs):
        self.calls.append((len(seeds), knobs))
        if "passes" in knobs:
            raise InputError("build/model: knows no passes; there is temperature")
        own = np.array(NOTES, np.int8) - (np.asarray(seeds)[:, None, None] % 5).astype(np.int8)
        pitches = np.where(given.mask, given.pitches, own)
        before = np.pad(pitches, ((0, 0), (1, 0), (0, 0)), constant_values=-1)[:, :-1]
        beats = np.arange(given.steps)[:, None] % 4 == 0
        return pitches, np.where(given.mask, given.onsets, (pitches != before) | beats)

    def judge(self, given, pitches, onsets):
        return pitches[:, 0, 0].astype(np.float32)


@pytest.fixture(autouse=True)
def model(monkeypatch):
    found = Model()
    monkeypatch.setattr(kantor.registry, "load_model", lambda uri: found)
    return found


def chorale(**fields):
    """Four voices in quarters, four bars and a pickup; the tenor rests in bar 2."""
    notes = [
        Note(start, start + 4, NOTES[voice] - 1 + start // 4 % 3, voice)
        for voice in range(4)
        for start in range(0, 64, 4)
        if not (voice == 2 and 20 <= start < 36)
    ]
    return Score(*arrays_of(notes, 64), Meter(), pickup=4, key=Key(), title="four", **fields)


@pytest.fixture
def piece(tmp_path):
    musicxml.write(chorale(), tmp_path / "four.musicxml")
    return tmp_path / "four.musicxml"


@pytest.fixture
def tune(tmp_path):
    midi.write(replace(chorale().line(0), ensemble=unnamed(1)), tmp_path / "tune.mid")
    return tmp_path / "tune.mid"


def run(*arguments):
    return RUNNER.invoke(cli.app, ["compose", *(str(argument) for argument in arguments)])


def lines(text):
    return text.strip().splitlines()


def pitches_of(path):
    """The pitches of a result, ``(time, 4)``, as its file has them."""
    parts = reading.read(path).parts
    assert [part.name for part in parts] == [voice.title() for voice in SATB.names]
    notes = [
        Note(int(note.start * 4), int(note.end * 4), note.pitch, voice)
        for voice, part in enumerate(parts)
        for note in part.notes
    ]
    return arrays_of(notes, max(note.end for note in notes))[0]


@pytest.mark.parametrize(
    ("options", "composed"),
    [
        ([], (slice(None), [1, 2, 3])),
        (["--given", "soprano,bass"], (slice(None), [1, 2])),
        (["--voices", "Tenor,alto"], (slice(None), [1, 2])),
        (["--voices", "all", "--lock-bars", "0,2-4"], (slice(4, 20), [0, 1, 2, 3])),
        (["--compose-bars", "1-2"], (slice(4, 36), [1, 2, 3])),
        (["--compose-bars", "4", "--voices", "bass"], (slice(52, 64), [3])),
        (["--fill"], (slice(20, 36), [2])),
    ],
)
def test_what_is_not_composed_is_as_it_was(piece, tmp_path, options, composed):
    """Read back, every given cell is the file's; the others are the model's."""
    result = run(piece, "--out", tmp_path / "out", "--format", "mid,musicxml", *options)
    assert result.exit_code == 0, result.stderr
    expected = np.zeros((64, 4), bool)
    expected[composed] = True
    for path in lines(result.stdout):
        made = pitches_of(path)
        assert made.shape == (64, 4)
        assert (made == chorale().pitches)[~expected].all()
        assert {len(set(made[:, voice][expected[:, voice]])) for voice in range(4)} <= {0, 1}
        assert (reading.read(path).pickup, reading.read(path).key) == (1, Key())


def test_the_picture_has_the_true_mask(piece, tmp_path, monkeypatch):
    """What is written is told which cells were given."""
    masks = []
    monkeypatch.setattr(outputs, "write", lambda *arguments: masks.append(arguments[3]))
    run(piece, "--out", tmp_path, "--format", "png", "--fill", "--takes", 2)
    assert [np.flatnonzero(~mask[:, 2]).tolist() for mask in masks] == [list(range(20, 36))] * 2


def test_a_melody_for_the_bass(tune, tmp_path):
    """It is moved by octaves, which is told, and put into the bass."""
    result = run(tune, "--given", "bass", "--out", tmp_path, "--format", "mid")
    assert lines(result.stderr) == [f"kantor: {tune}: moved down 2 octaves to suit a bass"]
    made = pitches_of(tmp_path / "tune-take1.mid")
    assert (made[:, 3] == chorale().pitches[:, 0] - 24).all()


def test_a_melody_goes_on(tune, tmp_path):
    """The file stays and eight bars follow."""
    result = run(tune, "--continue", 8, "--out", tmp_path, "--format", "musicxml")
    assert result.exit_code == 0
    made = reading.read(tmp_path / "tune-take1.musicxml")
    assert made.length == (64 + 8 * 16) / 4
    assert [n.pitch for n in made.parts[0].notes][:16] == chorale().pitches[::4, 0].tolist()


@pytest.mark.parametrize(
    ("options", "meter", "quarters", "pickup", "key"),
    [
        (["--bars", 16], "4/4", 64, 0, Key()),
        (["--bars", 8, "--meter", "3/4", "--key", "G major", "--pickup", 1], "3/4", 24, 1, Key(1)),
        (["--bars", 4, "--meter", "6/8", "--key", "Bbm", "--pickup", 0.5], "6/8", 12, 0.25,
         Key(-5, "minor")),
        (["--bars", 5, "--meter", "3/8", "--phrase", 2], "3/8", 7.5, 0, Key()),
        (["--bars", 3, "--meter", "2/2"], "2/2", 12, 0, Key()),
        (["--bars", 1, "--meter", "3/2"], "3/2", 6, 0, Key()),
    ],
)  # fmt: skip
def test_from_nothing(options, meter, quarters, pickup, key, tmp_path):
    """Without a file so many bars are composed, in the meter and key asked for."""
    out = tmp_path / "out"
    result = run(*options, "--out", out, "--format", "mid,musicxml,png", "--takes", 2)
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"composition-take{take}.{kind}" for take in (1, 2) for kind in ("mid", "musicxml", "png")
    )
    for kind in ("mid", "musicxml"):
        made = reading.read(out / f"composition-take1.{kind}")
        assert (made.length, made.key) == (quarters, key)
        assert (made.meters[0][1], made.pickup or 0) == (Meter.parse(meter), pickup)
        assert len(made.parts) == 4


def test_title_and_tempo(piece, tmp_path):
    """Both can be said, with a file and without; a title is one line whatever it holds."""
    words = ("--title", "My\nsong \x1b[1m", "--tempo", 66, "--out", tmp_path, "--format", "mid")
    for arguments in ([piece], ["--bars", 2]):
        assert run(*arguments, *words).exit_code == 0
    for name in ("four", "composition"):
        made = reading.read(tmp_path / f"{name}-take1.mid")
        assert made.title == "My song [1m"
        assert made.tempo == pytest.approx(66, abs=0.01)


def test_candidates(tune, tmp_path, model):
    """Each take is the best of its candidates; one candidate is what it always was."""

    def made(*options):
        result = run(tune, "--voices", "all", "--out", tmp_path, "--format", "mid", *options)
        assert result.exit_code == 0, result.stderr
        return [pitches_of(path)[0, 0] for path in lines(result.stdout)]

    alone = made("--takes", 4)
    assert made("--takes", 4, "--candidates", 1) == alone
    best = made("--takes", 4, "--candidates", 12)
    assert best == [72] * 4
    assert alone != best
    assert model.calls[-1][0] == 48


def test_knobs(tune, tmp_path, model):
    """Those that are turned reach the model; one that it does not have is named."""
    assert run(tune, "--out", tmp_path, "--format", "mid").exit_code == 0
    assert run(tune, "--temperature", 0.5, "--out", tmp_path, "--format", "mid").exit_code == 0
    assert [knobs for _, knobs in model.calls] == [{}, {"temperature": 0.5}]
    result = run(tune, "--passes", 2, "--out", tmp_path)
    assert result.exit_code == cli.BROKEN
    assert lines(result.stderr) == ["kantor: build/model: knows no passes; there is temperature"]


def test_a_model_that_cannot_do_it(tune, tmp_path, monkeypatch):
    """What a model refuses is its own line, with exit code 1."""

    def soprano_only(given, seeds):
        raise InputError("a model of the preset unet harmonises a whole soprano only")

    monkeypatch.setattr(kantor.registry, "load_model", lambda uri: soprano_only)
    result = run(tune, "--given", "bass", "--out", tmp_path)
    assert result.exit_code == cli.BROKEN
    assert lines(result.stderr)[-1].endswith("harmonises a whole soprano only")
    result = run(tune, "--candidates", 2, "--out", tmp_path)
    assert result.exit_code == cli.BROKEN


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "name a file, or compose from nothing with --bars"),
        (["--meter", "3/4"], "name a file, or compose from nothing with --bars"),
        (["--bars", "0"], "--bars"),
        (["--bars", "1001"], "--bars"),
        (["--bars", "4", "--meter", "3/5"], "meter 3/5: not a time signature"),
        (["--bars", "4", "--key", "H major"], "key 'H major': expected a name"),
        (["--bars", "4", "--pickup", "4"], "--pickup: must be shorter than a bar of 4/4"),
        (["--bars", "4", "--pickup", "nan"], "--pickup"),
        (["--bars", "4", "--phrase", "0"], "--phrase"),
        (["--bars", "4", "--given", "bass"], "--given needs a file"),
        (["--bars", "4", "--voices", ""], "--voices needs a file"),
        (["--bars", "4", "--lock-bars", "1"], "--lock-bars needs a file"),
        (["--bars", "4", "--compose-bars", "1"], "--compose-bars needs a file"),
        (["--bars", "4", "--fill"], "--fill needs a file"),
        (["--bars", "4", "--continue", "1"], "--continue needs a file"),
        (["--bars", "4", "--track", "1"], "--track needs a file"),
        (["FILE", "--bars", "4"], "--bars is for a piece from nothing"),
        (["FILE", "--meter", "3/4"], "--meter is for a piece from nothing"),
        (["FILE", "--key", "C"], "--key is for a piece from nothing"),
        (["FILE", "--pickup", "0"], "--pickup is for a piece from nothing"),
        (["FILE", "--phrase", "2"], "--phrase is for a piece from nothing"),
        (["FILE", "--given", "bas"], "--given: 'bas' is no voice"),
        (["FILE", "--given", ""], "--given: no voice"),
        (["FILE", "--given", "all"], "nothing is left to compose"),
        (["FILE", "--given", "alto", "--voices", "tenor"], "contradict each other"),
        (["FILE", "--lock-bars", "x"], "--lock-bars: bars 'x'"),
        (["FILE", "--compose-bars", "3-1"], "3-1 runs backwards"),
        (["FILE", "--lock-bars", "1", "--compose-bars", "2"], "exclude each other"),
        (["FILE", "--lock-bars", "1", "--fill"], "exclude each other"),
        (["FILE", "--fill", "--track", "1"], "of several voices none can be chosen"),
        (["FILE", "--given", "alto,bass", "--track", "1"], "of several voices none can be chosen"),
        (["FILE", "--continue", "-1"], "--continue"),
        (["FILE", "--candidates", "0"], "--candidates"),
        (["FILE", "--temperature", "0"], "--temperature"),
        (["FILE", "--temperature", "nan"], "--temperature"),
        (["FILE", "--passes", "-1"], "--passes"),
    ],
)
def test_options_that_cannot_be(piece, tmp_path, model, options, fault):
    """Each is named with exit code 2, before any file is written or model asked."""
    options = [piece if option == "FILE" else option for option in options]
    result = run(*options, "--out", tmp_path / "out")
    assert result.exit_code == cli.BAD_INPUT
    assert fault in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
    assert model.calls == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--lock-bars", "1-9"], "four.musicxml: there is no bar 9; the piece has bars 0 to 4"),
        (["--compose-bars", "99"], "four.musicxml: there is no bar 99"),
        (["--fill"], "tune.mid: soprano, alto, tenor, bass must be in the file"),
        (["--given", "alto,bass"], "tune.mid: alto, bass must be in the file"),
        (["--given", "soprano", "--fill"], "tune.mid: soprano, alto, tenor, bass must be"),
    ],
)
def test_a_file_that_does_not_hold_it(piece, tune, tmp_path, options, fault):
    """It is named in one line and the exit code is 2; other files are composed."""
    result = run(piece, tune, "--out", tmp_path / "out", "--format", "mid", *options)
    assert result.exit_code == cli.BAD_INPUT
    told = [line for line in lines(result.stderr) if fault in line]
    assert len(told) == 1
    assert len(lines(result.stdout)) == ("tune" in fault)


def test_nothing_is_overwritten(tmp_path):
    """A piece from nothing has a name of its own; a file of that name among the melodies has not
    to fear."""
    midi.write(chorale(), tmp_path / "composition-take1.mid")
    midi.write(chorale(), tmp_path / "composition.mid")
    before = (tmp_path / "composition-take1.mid").read_bytes()
    files = [tmp_path / "composition.mid", tmp_path / "composition-take1.mid"]
    result = run(*files, "--given", "bass", "--out", tmp_path)
    assert result.exit_code == cli.BAD_INPUT
    assert (tmp_path / "composition-take1.mid").read_bytes() == before


def test_every_option_is_for_files_or_not():
    """The options that exclude each other are options that there are."""
    names = set(inspect.signature(compose.compose_command).parameters)
    assert {*compose.OF_NOTHING, *compose.OF_FILE} < names
    assert [option.strip("-").replace("-", "_") for option in compose.OF_FILE.values()] == [
        "continue" if name == "more" else name for name in compose.OF_FILE
    ]


def test_the_module_runs():
    """`python -m kantor.cli` is the command as well."""
    command = [sys.executable, "-m", "kantor.cli", "compose", "--bars", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == cli.BAD_INPUT
    assert "--bars" in done.stderr
