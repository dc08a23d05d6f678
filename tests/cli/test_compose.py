"""``kantor compose``: for melodies, for other given cells, and from nothing."""

from fractions import Fraction
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

import kantor.registry
from kantor.cli import console
from kantor.cli.compose import compose_command
from kantor.cli.options import OF_BOTH, OF_FILE, OF_NOTHING
from kantor.compose import from_file, outputs
from kantor.compose.overrides import Overrides
from kantor.ensemble import SATB
from kantor.errors import InputError, SetupError
from kantor.formats import midi, reading
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter


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


def test_a_melody_is_composed(run, tune, tmp_path, model):
    """The champion makes a MIDI file and a picture, whose soprano is the given melody."""
    result = run("compose", tune, "--out", tmp_path / "out")
    assert result.exit_code == 0
    paths = [tmp_path / "out" / f"tune-take1.{kind}" for kind in ("mid", "png")]
    assert result.stdout.split() == [str(path) for path in paths]
    assert result.stderr == ""
    assert model.uris == [kantor.registry.CHAMPION]
    given, made = reading.read(tune), reading.read(paths[0])
    assert [note[:3] for note in made.parts[0].notes] == [note[:3] for note in given.parts[0].notes]
    assert (made.meters, made.pickup, made.key) == (given.meters, given.pickup, given.key)
    assert made.tempo == pytest.approx(given.tempo)


def test_all_formats_and_takes_of_a_seed(run, tune, tmp_path):
    """The same seed makes the same bytes; take 2 and another seed make others."""

    def made(folder, *options):
        out = tmp_path / folder
        result = run("compose", tune, "--out", out, "--takes", 2, *options)
        assert sorted(result.stdout.split()) == sorted(str(path) for path in out.iterdir())
        return {path.name: path.read_bytes() for path in out.glob("*.mid")}

    first = made("a", "--format", ",".join(outputs.FORMATS))
    names = {f"tune-take{take}.{kind}" for take in (1, 2) for kind in outputs.FORMATS}
    assert {path.name for path in (tmp_path / "a").iterdir()} == names
    assert len(set(first.values())) > 1
    assert made("b", "--format", "mid") == first
    other = made("c", "--format", "mid", "--seed", 1)
    assert not {*other} & {*first}
    assert list(other.values()) != list(first.values())


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
def test_what_is_not_composed_is_as_it_was(run, piece, tmp_path, monkeypatch, options, composed):
    """Every given cell is the file's, the others are the model's; the picture knows which."""
    masks, write = [], outputs.write
    monkeypatch.setattr(outputs, "write", lambda *words: masks.append(words[3]) or write(*words))
    out = tmp_path / "out"
    result = run("compose", piece, "--out", out, "--format", "mid,musicxml", *options)
    assert result.exit_code == 0, result.stderr
    given = np.ones((64, 4), bool)
    given[composed] = False
    for path, mask in zip(result.stdout.split(), masks, strict=True):
        made = pitches_of(path)
        assert made.shape == (64, 4)
        assert (made == pitches_of(piece))[given].all()
        assert {len(set(made[:, voice][~given[:, voice]])) for voice in range(4)} <= {0, 1}
        assert (reading.read(path).pickup, reading.read(path).key) == (1, Key())
        assert (mask == given).all()


def test_a_melody_for_the_bass_goes_on(run, tune, piece, tmp_path):
    """It is moved by octaves, which is told, and put into the bass; two bars follow."""
    result = run("compose", tune, "--given", "bass", "--continue", 2, "--out", tmp_path)
    assert f"kantor: {tune}: moved down 2 octaves to suit a bass" in result.stderr.splitlines()
    made = pitches_of(tmp_path / "tune-bass-given-2-more-bars-take1.mid")
    assert len(made) == 64 + 2 * 16
    assert (made[:64, 3] == pitches_of(piece)[:, 0] - 24).all()


@pytest.mark.parametrize(
    ("options", "meter", "quarters", "pickup", "key"),
    [
        (["--bars", 8, "--meter", "3/4", "--key", "G major", "--pickup", 1], "3/4", 24, 1, Key(1)),
        (["--bars", 4, "--meter", "6/8", "--key", "Bbm", "--pickup", 0.5], "6/8", 12, 0.25,
         Key(-5, "minor")),
        (["--bars", 5, "--meter", "3/8", "--phrase", 2], "3/8", 7.5, 0, Key()),
    ],
)  # fmt: skip
def test_from_nothing(run, options, meter, quarters, pickup, key, tmp_path):
    """Without a file so many bars are composed, in the meter and key asked for."""
    result = run("compose", *options, "--out", tmp_path, "--format", "mid,musicxml")
    assert result.exit_code == 0, result.stderr
    for path in map(Path, result.stdout.split()):
        made = reading.read(path)
        assert (made.length, made.key) == (quarters, key)
        assert (made.meters[0][1], made.pickup or 0) == (Meter.parse(meter), pickup)
        assert len(made.parts) == 4


def test_what_is_said_of_a_file_reaches_its_reading(run, tune, tmp_path, monkeypatch):
    """Every option that overrules the file, also a number below zero."""
    asked, read = [], from_file.read_request
    monkeypatch.setattr(
        from_file, "read_request", lambda file, plan, said: asked.append(said) or read(file, plan)
    )
    words = ("--track", "1", "--meter", "3/4", "--pickup", 1.5, "--key", "Bbm", "--tempo", 66)
    words += ("--transpose", -3, "--repeats", "written-out", "--out", tmp_path)
    assert run("compose", tune, *words).exit_code == 0
    expected = Overrides("1", Meter(3, 4), Fraction(3, 2), Key(-5, "minor"), 66, -3, "written-out")
    assert asked == [expected]


def test_help_stands_in_sections(run):
    """Options stand under what they are for, and the examples are kept line by line."""
    told = run("compose", "--help").stdout
    heads = ("What is given:", "How a file is read:", "From nothing:", "How it is composed:")
    places = [told.index(f"\n{word}") for word in (*heads, "What is written:", "Options:")]
    assert places == sorted(places)
    assert places[1] < told.index("--transpose SEMITONES") < places[2]
    assert "[default: 1; 1 to 100]" in told
    assert "\n    kantor compose bass.mid --given bass  " in told


def test_layouts(run, tune, tmp_path):
    """A staff for each voice, or two for all; the file's name says which."""
    words = ("compose", tune, "--format", "xml", "--out", tmp_path)
    for options, name, parts in (([], "", 4), (["--layout", "closed"], "-closed", 2)):
        made = tmp_path / f"tune{name}-take1.musicxml"
        result = run(*words, *options)
        assert (result.stdout.strip(), result.stderr) == (str(made), "")
        assert made.read_text().count("<score-part ") == parts
    result = run("compose", tune, "--format", "mid", "--out", tmp_path, "--layout", "closed")
    assert result.stderr == "kantor: --layout is for MusicXML; --format musicxml writes it\n"


def test_instruments(run, tune, tmp_path, monkeypatch):
    """One for all voices, or one for a voice."""
    made, words = [], ("compose", tune, "--format", "mid", "--out", tmp_path, "--instrument")
    monkeypatch.setattr(outputs, "write", lambda score, *words: made.append(score.ensemble))
    for said, programs in (("organ", [19] * 4), ("choir, bass = cello", [52, 52, 52, 42])):
        run(*words, said)
        assert [line.program for line in made.pop().lines] == programs


def test_title_and_tempo(run, piece, tmp_path):
    """Both can be said, with a file and without; a title is one line whatever it holds."""
    words = ("--title", "My\nsong \x1b[1m", "--tempo", 66, "--out", tmp_path, "--format", "mid")
    for arguments in ([piece], ["--bars", 2]):
        made = reading.read(run("compose", *arguments, *words).stdout.strip())
        assert made.title == "My song [1m"
        assert made.tempo == pytest.approx(66, abs=0.01)


def test_candidates_and_sampling_parameters_reach_the_model(run, tune, tmp_path, model):
    """Each take is the best of its candidates; a parameter that the model lacks is named."""
    words = ("compose", tune, "--voices", "all", "--out", tmp_path, "--format", "mid")
    result = run(*words, "--takes", 4, "--candidates", 12, "--plainness", 0.5)
    assert [pitches_of(path)[0, 0] for path in result.stdout.split()] == [72] * 4
    assert model.calls == [(48, {"plainness": 0.5})]
    result = run(*words, "--passes", 2)
    assert result.exit_code == console.BROKEN
    assert result.stderr == "kantor: build/model: knows no passes; there is temperature\n"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SetupError("no champion yet: make repro"), console.BROKEN, "no champion yet: make repro"),
        (KeyboardInterrupt(), console.STOPPED, "stopped"),
    ],
)
def test_no_model_or_ctrl_c(run, tune, tmp_path, monkeypatch, error, code, line):
    """One line says it, with an exit code of its own, and nothing is written."""
    monkeypatch.setattr(kantor.registry, "load_model", Mock(side_effect=error))
    result = run("compose", tune, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (code, f"kantor: {line}\n")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "name a file, or compose from nothing with --bars"),
        (["--bars", "0"], "--bars"),
        (["--bars", "4", "--meter", "3/5"], "meter 3/5: not a time signature"),
        (["--bars", "4", "--key", "H major"], "key 'H major': expected a name"),
        (["--bars", "4", "--pickup", "4"], "--pickup: must be shorter than a bar of 4/4"),
        (["--bars", "4", "--pickup", "nan"], "--pickup"),
        (["--bars", "4", "--phrase", "0"], "--phrase"),
        (["--bars", "4", "--fill"], "--fill needs a file"),
        (["--bars", "4", "--voices", ""], "--voices needs a file"),
        (["FILE", "--bars", "4"], "--bars is for a piece from nothing"),
        (["FILE", "--phrase", "2"], "--phrase is for a piece from nothing"),
        (["--bars", "4", "--transpose", "3"], "--transpose needs a file"),
        (["--bars", "4", "--repeats", "signs"], "--repeats needs a file"),
        (["FILE", "--meter", "4"], "--meter: meter '4': expected a fraction such as 3/4"),
        (["FILE", "--key", "H-Dur"], "--key: key 'H-Dur': expected a name such as 'G major'"),
        (["FILE", "--pickup", "nan"], "--pickup"),
        (["FILE", "--transpose", "high"], "--transpose 'high': expected semitones"),
        (["FILE", "--repeats", "no"], "--repeats 'no': expected signs or written-out"),
        (["FILE", "--given", "bas"], "--given: 'bas' is no voice"),
        (["FILE", "--given", "all"], "nothing is left to compose"),
        (["FILE", "--lock-bars", "x"], "--lock-bars: bars 'x'"),
        (["FILE", "--lock-bars", "1", "--fill"], "exclude each other"),
        (["FILE", "--fill", "--track", "1"], "of several voices none can be chosen"),
        (["FILE", "--continue", "-1"], "--continue"),
        (["FILE", "--candidates", "0"], "--candidates"),
        (["FILE", "--temperature", "nan"], "expected a number from 0.01 to 10"),
        (["FILE", "--passes", "-1"], "--passes"),
        (["FILE", "--particles", "0"], "--particles"),
        (["FILE", "--plainness", "2"], "expected a number from 0 to 1"),
        (["FILE", "--format", "mid,exe"], "format 'exe': expected some of mid,musicxml,npz"),
        (["FILE", "--takes", "0"], "'--takes': '0': expected a whole number from 1 to 100"),
        (["FILE", "--takes", "two"], "'--takes': 'two': expected a whole number from 1 to 100"),
        (["FILE", "--seed", "-1"], "'--seed': '-1': expected a whole number from 0 on"),
        (["FILE", "--tempo", "fast"], "'--tempo': 'fast': expected a number from 10 to 400"),
        (["FILE", "--tempo", "90,5"], "expected a number from 10 to 400; write 90.5"),
        (["FILE", "--pickup", "1/2"], "expected a number from 0 to 64; write 0.5"),
        (["FILE", "--pickup", "1/0"], "expected a number from 0 to 64"),
        (["FILE", "--out", "/dev/null/x"], "--out"),
        (["FILE", "--layout", "grand"], "'--layout': 'grand' is not one of 'open', 'closed'"),
        (["FILE", "--instrument", "kazoo"], "--instrument: instrument 'kazoo': expected"),
        (["FILE", "--no-such-option"], "no-such-option"),
    ],
)
def test_options_that_cannot_be(run, piece, tmp_path, model, options, fault):
    """Each is named with exit code 2, before any file is written or model loaded."""
    assert {*OF_NOTHING, *OF_FILE, *OF_BOTH} < set(compose_command.__annotations__)
    options = [piece if option == "FILE" else option for option in options]
    result = run("compose", "--out", tmp_path / "out", *options)
    assert result.exit_code == console.BAD_INPUT
    assert fault in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
    assert model.uris == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--lock-bars", "1-9"], "four.musicxml: there is no bar 9; the piece has bars 0 to 4"),
        (["--fill"], "tune.mid: soprano, alto, tenor, bass must be in the file"),
        (["--given", "alto,bass"], "tune.mid: alto, bass must be in the file"),
        (["--pickup", "0.33"], "tune.mid: --pickup 0.33: not a whole number of sixteenths"),
        (["--track", "Oboe"], "tune.mid: no track is called 'Oboe'; there is 1 (Melody)"),
    ],
)
def test_a_file_that_does_not_hold_it(run, piece, tune, tmp_path, options, fault):
    """It is named in one line and the exit code is 2."""
    words = ("--out", tmp_path / "out", "--format", "mid", *options)
    result = run("compose", piece, tune, *words)
    assert result.exit_code == console.BAD_INPUT
    assert sum(fault in line for line in result.stderr.splitlines()) == 1


def test_many_files_with_bad_ones(run, tune, piece, tmp_path, model):
    """The good ones are composed, each bad one is a line without control characters."""
    bad = [tmp_path / "none.mid", tmp_path, tmp_path / "a\x1b[31m\nkantor: fine.mid"]
    result = run("compose", tune, *bad, piece, "--out", tmp_path / "out", "--format", "mid")
    assert result.exit_code == console.BAD_INPUT
    names = [Path(line).name for line in result.stdout.splitlines()]
    assert names == ["tune-take1.mid", "four-take1.mid"]
    assert result.stderr.splitlines()[:2] == [
        f"kantor: {tmp_path / 'none.mid'}: no such file",
        f"kantor: {tmp_path}: a folder, not a file; `kantor batch` composes for all that is in it",
    ]
    assert "four.musicxml: took track 1 (Soprano) of 4, by its name" in result.stderr
    assert len(result.stderr.splitlines()) == 4
    assert "\x1b" not in result.stderr
    result = run("compose", *bad, "--out", tmp_path / "nothing")
    assert (result.exit_code, result.stdout) == (console.BAD_INPUT, "")
    assert list((tmp_path / "nothing").iterdir()) == []
    assert len(model.uris) == 1  # with bad files alone none is loaded


def test_one_format_that_fails_does_not_cost_the_others(run, tune, tmp_path, monkeypatch):
    """What can be written is, what cannot is named, and the exit code is 2."""

    def write(score, path, kind, *rest):
        if kind == "wav":
            raise InputError(f"{path}: longer than can be written")
        midi.write(score, path)

    monkeypatch.setattr(outputs, "write", write)
    result = run("compose", tune, "--out", tmp_path / "out", "--format", "wav,mid")
    assert result.exit_code == console.BAD_INPUT
    assert "longer than" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tune-take1.mid"]
