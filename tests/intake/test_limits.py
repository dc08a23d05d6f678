"""From bytes to music, within limits, however damaged they are."""

import time
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.intake.files import PACKED_SCORE, TUNE, damaged, sound_files

from kantor.compose.from_file import from_file
from kantor.errors import InputError
from kantor.formats import midi
from kantor.intake import Limits, Upload, limits, parse_upload, read_limits
from kantor.music.score import Meter, Score

COUNT = 300
FILES = sound_files()


ABC = b"X:1\nM:4/4\nL:1/4\nK:C\nCDEF|G|\n"


@pytest.mark.parametrize("data", [TUNE, PACKED_SCORE, ABC], ids=["midi", "musicxml", "abc"])
def test_scores_are_read_within_limits(data):
    """By content; beyond a limit one line names upload, fault and remedy."""
    parts = parse_upload(Upload.of("a", data), Limits()).parts
    assert [note.pitch for note in parts[0].notes] == [60, 62, 64, 65, 67]
    for small, fault in (
        (Limits(notes=4), "more than 4 notes"),
        (Limits(bars=1), "more than 1 bars"),
        (Limits(file_bytes=20), "larger than 20 bytes"),
    ):
        with pytest.raises(InputError, match=f"^in.zip/a: {fault}.*; cut the piece"):
            parse_upload(Upload.of("in.zip/a", data), small)


@pytest.mark.parametrize(("meter", "bars"), [(Meter(), 3), (Meter(3, 4), 4)])
def test_bars_are_counted_by_meter(meter, bars):
    """Ten quarters are three bars of 4/4, four of 3/4."""
    score = Score(np.full((40, 1), 60), np.arange(40)[:, None] % 4 == 0, meter=meter)
    upload = Upload.of("a", midi.to_bytes(score))
    parse_upload(upload, Limits(bars=bars))
    with pytest.raises(InputError, match=f"more than {bars - 1} bars"):
        parse_upload(upload, Limits(bars=bars - 1))


def test_what_no_reader_foresees_is_refused(monkeypatch):
    """With the upload's name; a reader's own mistake does not end a batch."""

    def stumble(*_):
        raise RecursionError("deep\nand deeper")

    monkeypatch.setattr(limits.reading, "parse", stumble)
    with pytest.raises(InputError, match=r"a\.mid: could not be read \(RecursionError deep and"):
        parse_upload(Upload.of("a.mid", TUNE), Limits())


def test_limits_come_from_params_or_stand_by_themselves(tmp_path):
    """The repository's own block is the default."""
    params = Path(__file__).parents[2] / "params.yaml"
    assert read_limits(params) == read_limits(tmp_path / "none.yaml") == Limits()


def attempt(data):
    """Take a file as far as a request to compose."""
    try:
        from_file(parse_upload(Upload.of("a", data), Limits()))
    except InputError as refusal:
        line = str(refusal)
        return "refused" if line.isprintable() and "could not be read" not in line else line
    return "read"


def test_damaged_files_are_read_or_refused_in_one_line():
    """No reader stumbles; none takes long or much memory; both outcomes are seen."""
    assert {attempt(data) for data in FILES} == {"read"}
    outcomes = Counter()
    slowest, largest = 0.0, 0
    for seed in range(COUNT):
        data = damaged(FILES, seed)
        began = time.process_time()
        outcomes[attempt(data)] += 1
        slowest = max(slowest, time.process_time() - began)
    for seed in range(0, COUNT, 25):
        data = damaged(FILES, seed)
        tracemalloc.start()
        attempt(data)
        largest = max(largest, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert set(outcomes) == {"read", "refused"}
    assert outcomes["read"] > COUNT / 20
    assert outcomes["refused"] > COUNT / 4
    assert slowest < 3  # a second on a machine that does nothing else
    assert largest < 200_000_000
