"""What is measured of the tensors, worked out by hand on small ones."""

import numpy as np
import pandas as pd
import pytest
from tests.data.checks.conftest import LIMITS

from kantor.data.checks.tables import measure, read_manifest
from kantor.data.checks.windows import window_table
from kantor.data.corpus import NUMBERS, TEXTS
from kantor.data.windows import Windows
from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError
from kantor.formats.pianoroll import to_roll
from kantor.music.score import REST, onset_floor

CHORD = (72, 67, 64, 48)


def tensors(*pitches, lengths=None):
    """Windows of a piece each, from their pitches ``(time, line)``."""
    stacked = np.stack(pitches).astype(np.int8)
    count, steps = stacked.shape[:2]
    return Windows(
        to_roll(stacked),
        np.stack([onset_floor(one) for one in stacked]),
        np.arange(count, dtype=np.int32),
        np.zeros(count, np.int32),
        np.array(lengths or (steps,) * count, np.int16),
    )


def manifest(*splits, meter="4/4", steps=1000):
    """A manifest of a piece in each of `splits`."""
    table = pd.DataFrame({"split": splits}, columns=[*TEXTS, *NUMBERS])
    ids = [f"p{row}" for row in range(len(splits))]
    return table.assign(id=ids, meter=meter, steps=steps, content_hash=ids)


def held(chord=CHORD, steps=32):
    return np.tile(np.array(chord, np.int8), (steps, 1))


def measured(windows, meter="4/4", steps=1000):
    table, _ = window_table(windows, manifest("train", meter=meter, steps=steps))
    return table.iloc[0]


def test_faults_of_form_are_counted_in_real_steps():
    """A second pitch, an onset on a rest, a change without one; not a window that begins held."""
    pitches = held()
    pitches[8:12, 0] = REST
    windows = tensors(pitches)
    windows.onsets[0, 0] = False
    assert measured(windows)["onset_faults"] == 0
    windows.onsets[0, 9, 0] = True
    windows.onsets[0, 12, 0] = False
    windows.rolls[0, 31, 85, 3] = True
    row = measured(windows, steps=30)
    assert (row["onset_faults"], row["most_pitches"], row["overhang"]) == (2, 2, 2)
    assert row["outside_bass"] == "48 to 85"
    windows.start[0] = -3
    assert measured(windows)["overhang"] == 3


def test_padding_is_not_measured():
    """What follows the real steps counts neither as rest nor as music."""
    pitches = held()
    pitches[16:] = REST
    row = measured(tensors(pitches, lengths=(16,)))
    assert not row[["rest_share", "empty_bar_share"]].any()


@pytest.mark.parametrize(("meter", "share"), [("4/4", 1 / 8), ("3/4", 1 / 12), ("?", 1 / 8)])
def test_shares_by_hand(meter, share):
    """One silent bar of one voice is an eighth of two bars, a twelfth of three begun ones.

    A tenor above the alto for 8 of 32 steps is a quarter, rests elsewhere notwithstanding. All of
    B major is in one scale; a quarter of chromatic cells is not.
    """
    pitches = held()
    pitches[:16, 2] = REST
    assert measured(tensors(pitches), meter)["empty_bar_share"] == pytest.approx(share)
    pitches = held()
    pitches[:8, 2] = 69
    pitches[8:16, 2], pitches[8:16, 3] = 69, REST
    assert measured(tensors(pitches), meter)["crossing_share"] == 0.25
    assert measured(tensors(held((71, 66, 63, 47))), meter)["in_scale"] == 1
    pitches = np.concatenate([held((72, 65, 67, 48), 16), held((72, 66, 68, 49), 16)])
    assert measured(tensors(pitches), meter)["in_scale"] < 1


def test_silence_has_no_range_no_scale_and_no_copy():
    """Nor are other notes a copy; the same pitches moved by an interval are one."""
    silent = np.full((32, 4), REST, np.int8)
    table, _ = window_table(tensors(silent, silent), manifest("train", "test"))
    assert table["rest_share"].tolist() == [1, 1]
    assert table[["in_scale", "outside_alto", "also_in"]].isna().all(axis=None)
    other = held()
    other[31, 3] += 1
    windows = tensors(held(), held() - 5, other)
    table, _ = window_table(windows, manifest("train", "test", "valid"))
    assert table["also_in"].fillna("missing").tolist() == ["missing", "train", ""]


def test_drums_neither_rest_nor_cross_nor_sing():
    """Shares are those of the pitched lines; a drum has a range of one pitch, and onsets."""
    lines = (Line("flute", 60, 96), Line("kick", 36, 36, "drum"), Line("snare", 38, 38, "drum"))
    pitches = np.full((32, 3), REST, np.int8)
    pitches[:, 0], pitches[::8, 1] = 72, 36
    table, counts = window_table(tensors(pitches), manifest("train"), Ensemble("trio", lines))
    row = table.iloc[0]
    assert not row[["onset_faults", "rest_share", "empty_bar_share", "crossing_share"]].any()
    assert row["in_scale"] == 1
    assert row[["outside_flute", "outside_kick", "outside_snare"]].tolist() == ["", "", None]
    assert counts.shape == (1, 128, 3)


def test_splits_are_measured_against_training():
    """Counts, what is required, and the distance of each voice from training."""
    windows = tensors(held(), held((72, 67, 64, 50)))
    tables = measure(windows, manifest("train", "test"), 32, LIMITS)
    table = tables.splits.set_index("split")
    assert table["pieces"].tolist() == table["windows"].tolist() == [1, 0, 1]
    assert table["required_pieces"].tolist() == [6, 2, 2]
    assert table.loc["test", ["drift_bass", "drift_alto"]].tolist() == [1, 0]
    assert table.loc[["train", "valid"], "drift_bass"].isna().all()


def test_a_manifest_that_is_none_is_refused(tmp_path):
    """In one line that names the file; in a sound one ids and titles stay as they are."""
    path = tmp_path / "manifest.csv"
    path.write_text("id,title,bars\n007,NA,4\n")
    assert read_manifest(path).iloc[0].tolist() == ["007", "NA", 4]
    for content in (b"", b"a,b\n1,2,3\n1\n1,2,3,4\n", b"\xff\xfe\x00", None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(InputError, match=r"manifest\.csv: ") as caught:
            read_manifest(path)
        assert "\n" not in str(caught.value)
