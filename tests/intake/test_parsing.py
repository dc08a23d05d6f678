"""From bytes to music, within limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kantor.errors import InputError, SetupError
from kantor.formats import midi
from kantor.intake import Limits, Upload, limits, parse_upload, read_limits
from kantor.music.score import Meter, Score


def test_midi_and_packed_musicxml_are_read(tune: bytes, packed_score: bytes) -> None:
    """By content; the name plays no part."""
    for data in (tune, packed_score):
        found = parse_upload(Upload.of("a", data), Limits())
        assert [note.pitch for note in found.parts[0].notes] == [60, 62, 64, 65, 67]


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(notes=4), "more than 4 notes"),
        (Limits(bars=1), "more than 1 bars"),
        (Limits(file_bytes=20), "larger than 20 bytes"),
    ],
)
def test_limits_refuse_in_one_line(
    tune: bytes, packed_score: bytes, limits: Limits, fault: str
) -> None:
    """Naming upload, fault and remedy, in either format."""
    for data in (tune, packed_score):
        with pytest.raises(InputError, match=f"^in.zip/a: {fault}.*; cut the piece"):
            parse_upload(Upload.of("in.zip/a", data), limits)


def test_bars_are_counted_by_meter() -> None:
    """Ten quarters are three bars of 4/4, four of 3/4."""
    pitches = np.full((40, 1), 60)
    for meter, bars in ((Meter(), 3), (Meter(3, 4), 4)):
        score = Score(pitches, np.arange(40)[:, None] % 4 == 0, meter=meter)
        found = parse_upload(Upload.of("a", midi.to_bytes(score)), Limits())
        assert limits.count_bars(found) == bars


def test_what_is_no_score_or_is_not_foreseen_is_refused(
    tune: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the upload's name; a reader's own mistake does not end a batch either."""
    with pytest.raises(InputError, match=r"a\.txt: neither MIDI nor MusicXML"):
        parse_upload(Upload.of("a.txt", b"hello"), Limits())

    def stumble(*_: object) -> None:
        raise RecursionError("deep\nand deeper")

    monkeypatch.setattr(limits.reading, "parse", stumble)
    with pytest.raises(InputError, match=r"a\.mid: could not be read \(RecursionError deep and"):
        parse_upload(Upload.of("a.mid", tune), Limits())


def test_limits_come_from_params_or_stand_by_themselves(tmp_path: Path) -> None:
    """The repository's own block is the default, and a typo in it is an error."""
    root = Path(__file__).parents[2]
    assert read_limits(root / "params.yaml") == read_limits(tmp_path / "none.yaml") == Limits()
    path = tmp_path / "params.yaml"
    path.write_text("train: {}\n")
    assert read_limits(path) == Limits()
    path.write_text("intake: {note: 3}\n")
    with pytest.raises(SetupError, match=r"intake\.note"):
        read_limits(path)
