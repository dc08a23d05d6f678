"""Sound: its pitches, how loud, how long, and in which memory."""

import errno
import io
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.formats.conftest import score_of

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.formats import audio
from kantor.music.notation import Dynamic, LineNotation, Notation, Span
from kantor.music.score import REST, Score

RATE = 22_050


CHORDS = score_of((72, 67, 64, 48), (71, 67, 62, 43), (72, 67, 64, 48))


def render(score, rate=RATE):
    """The sound in one piece."""
    return np.concatenate(list(audio.levelled(score, rate)))


def loudness(samples, start, end, rate=RATE):
    """Root mean square of a span of seconds."""
    return float(np.sqrt(np.mean(samples[int(start * rate) : int(end * rate)] ** 2)))


def test_form_length_and_level():
    """Stereo float32, as long as the music and its tail, loudest at -3 dB, ending in silence."""
    samples = render(CHORDS)
    assert samples.dtype == np.float32
    assert samples.shape == (round((3 + audio.TAIL) * RATE), 2)
    assert np.abs(samples).max() == pytest.approx(10 ** (-3 / 20), abs=1e-4)
    assert np.abs(samples[-100:]).max() < 1e-4


def test_lines_are_as_loud_as_their_gains():
    """A line of 0 is not heard, and gains of 1 change nothing."""
    score = score_of((72, REST, REST, REST), (REST, REST, REST, 48))
    even, uneven = render(score), next(iter(audio.levelled(score, RATE, (1, 1, 1, 0.1))))
    shares = [loudness(sound, 1.2, 1.9) / loudness(sound, 0.2, 0.9) for sound in (even, uneven)]
    assert shares[1] < 0.4 * shares[0]  # the room answers the first note meanwhile
    silent = next(iter(audio.levelled(score, RATE, (1, 1, 1, 0))))
    only = render(score_of((72, REST, REST, REST), (REST, REST, REST, REST)))
    np.testing.assert_array_equal(silent, only)
    np.testing.assert_array_equal(next(iter(audio.levelled(score, RATE, (1, 1, 1, 1)))), even)


def test_repeated_notes_are_apart():
    """Between two equal notes the sound drops; in a held note it does not."""
    sounds = render(score_of((60,), (60,))), render(score_of((60,), steps=8))
    two, one = (loudness(sound, 0.95, 1.0) / loudness(sound, 0.5, 0.9) for sound in sounds)
    assert two < 0.6 < 0.7 < one


def test_rests_are_quieter_and_tempo_counts():
    """A rest lets the sound die away; half the tempo lasts twice as long."""
    score = score_of((60,), (REST,), (REST,))
    samples = render(score)
    assert loudness(samples, 2, 3) < 0.02 * loudness(samples, 0.3, 0.9)
    slow = score_of((60,), (REST,), (REST,), tempo=30)
    assert len(render(slow)) - len(samples) == 3 * RATE


@pytest.mark.parametrize("change", [{"_BLOCK_SECONDS": 3}, {"_KEPT": 1.0}])
def test_long_pieces_sound_as_short_ones(change, monkeypatch):
    """Blocks join without a break, and what is not kept in memory is played twice alike."""
    offbeat = score_of((72, 48), (71, 50), (69, 52), (71, 50), (72, 48), steps=7)
    whole = render(offbeat)
    for name, value in change.items():
        monkeypatch.setattr(audio, name, value)
    np.testing.assert_allclose(render(offbeat), whole, atol=1e-5)


def test_silence_and_very_short_notes():
    """No notes, or no length, give zeros and no warning; notes of a few milliseconds no error."""
    for steps in (0, 8):
        silent = Score(np.full((steps, 4), REST, np.int8), np.zeros((steps, 4), bool))
        assert not render(silent).any()
    assert np.isfinite(render(score_of((60,), (62,), steps=1, tempo=3_000))).all()


def test_too_long_is_refused(tmp_path):
    """By its length, with the remedy; what stood there stays, and no temporary file is left."""
    target = tmp_path / "a.wav"
    target.write_bytes(b"before")
    long = score_of((60,), steps=4 * 60 * 71, title="Endless")
    with pytest.raises(InputError, match="Endless: 71 minutes of sound, at most 70 are rendered"):
        audio.write_wav(long, target)
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def wav_bytes(score, rate):
    return written(lambda score, path: audio.write_wav(score, path, rate), score)


def written(write, score):
    with tempfile.NamedTemporaryFile() as file:
        write(score, file.name)
        return Path(file.name).read_bytes()


@pytest.mark.parametrize("rate", [audio.RATE, 24_000])
@pytest.mark.parametrize("encode", [wav_bytes, audio.flac_bytes, audio.mp3_bytes])
def test_files_hold_what_was_rendered(encode, rate):
    """The same bytes each time; WAV and FLAC are rounded to 16 bits, MP3 has some 96 kbit/s."""
    content, rendered = encode(CHORDS, rate), render(CHORDS, rate)
    assert content == encode(CHORDS, rate)
    samples, written_rate = soundfile.read(io.BytesIO(content), dtype="float32")
    assert written_rate == rate
    if encode is audio.mp3_bytes:
        assert len(samples) == pytest.approx(len(rendered), abs=0.1 * rate)
        assert 0.5 < np.abs(samples).max() <= 1
        assert 85 < len(content) * 8 / 1000 / (len(rendered) / rate) < 110
    else:
        np.testing.assert_allclose(samples, rendered, atol=1 / 32_000)


@pytest.mark.parametrize("write", [audio.write_mp3, audio.write_ogg])
def test_compressed_files(write):
    """They are whole, as long as the music, and the same each time."""
    content = written(write, CHORDS)
    assert content == written(write, CHORDS)
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    rendered = render(CHORDS, audio.RATE)
    assert rate == audio.RATE
    assert len(samples) == pytest.approx(len(rendered), abs=0.1 * rate)
    assert np.corrcoef(samples[:rate, 0], rendered[:rate, 0])[0, 1] > (
        0.9 if write is audio.write_ogg else 0
    )


def test_each_line_sounds_by_its_program_at_its_place(band):
    """A flute is no choir, a snare drum is no low D, and lines stand left and right."""
    flute, cello, snare = (band.line(index) for index in (0, 3, 6))
    for score, other in ((flute, {"program": 52}), (snare, {"kind": "pitched"})):
        line = replace(score.ensemble.lines[0], **other)
        changed = replace(score, ensemble=Ensemble("", (line,)))
        assert not np.allclose(render(score), render(changed), atol=0.01)
    left, right = (np.square(render(one)).sum(axis=0) for one in (flute, cello))
    assert left[0] > 1.5 * left[1]
    assert right[1] > 1.5 * right[0]


def test_phrases_are_heard():
    """A last note is softer than one in the middle; what is marked loud is louder."""
    phrase = render(score_of(*[(60,)] * 16, tempo=120))
    assert loudness(phrase, 7.55, 7.95) < 0.8 * loudness(phrase, 4.05, 4.45)
    marks = Notation(lines={0: LineNotation(dynamics=(Dynamic(0, "p"), Dynamic(32, "f")))})
    marked = render(score_of(*[(60,)] * 16, tempo=120, notation=marks))
    assert loudness(marked, 4.05, 4.45) > 2 * loudness(marked, 3.05, 3.45)


def test_tempo_changes_are_heard():
    """Notes begin when the tempi say so, and it lasts as long."""
    score = score_of((60,), (REST,), (72,), (REST,), tempi=((8, 120.0),))
    samples = render(score)
    assert len(samples) == round((3 + audio.TAIL) * RATE)
    assert loudness(samples, 1.5, 1.95) < 0.1 * loudness(samples, 2.1, 2.4)
    assert loudness(samples, 2.8, 2.95) < 0.3 * loudness(samples, 2.1, 2.4)


def test_repeats_are_heard():
    """What is repeated sounds twice."""
    twice = Notation(played=(Span(0, 8), Span(0, 12)))
    samples = render(score_of((60,), (REST,), (72,), notation=twice))
    assert len(samples) == round((5 + audio.TAIL) * RATE)
    assert loudness(samples, 2, 3) > 0.5 * loudness(samples, 0, 1) > 5 * loudness(samples, 3.5, 4)


@pytest.mark.parametrize("program", [0, 19, 48, 52])
def test_the_sound_has_no_offset(program):
    """Its mean is zero, whatever the samples' is."""
    score = replace(CHORDS, ensemble=SATB.playing(dict.fromkeys(range(4), program)))
    assert np.abs(render(score).mean(axis=0)).max() < 1e-3


def test_a_full_disk_is_an_error_of_one_line(tmp_path, monkeypatch, capfd):
    """The file's own fault is raised, and no trace is printed."""

    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(audio, "save", lambda _, write: write(Full()))
    with pytest.raises(OSError, match="No space left"):
        audio.write_wav(score_of((60,)), tmp_path / "a")
    assert capfd.readouterr().err == ""
