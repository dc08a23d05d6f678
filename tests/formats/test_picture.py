"""Pictures: what is drawn, and that files are small and the same each time."""

import sys

import numpy as np
import pytest
from PIL import Image
from tests.formats.conftest import score_of

from kantor.errors import InputError
from kantor.formats.animation import write_gif
from kantor.formats.picture import roll_figure, write_png
from kantor.music.bars import systems_of
from kantor.music.score import REST, Key, Meter, Score

ORANGE, GREEN, BLUE = "#D55E00", "#009E73", "#0072B2"
INK = "#22252B"


def pixels(score, colour, mask=None):
    """Where the picture, without its heading, has exactly that colour, ``(row, column)``."""
    canvas = roll_figure(score, mask).canvas
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[95:, 80:, :3]
    return (picture == tuple(bytes.fromhex(colour[1:]))).all(axis=-1)


@pytest.mark.parametrize(
    ("score", "bars"), [(score_of(*[(60,)] * 4), 4), (score_of((60,), steps=16), 1)]
)
def test_repeated_notes_are_apart(score, bars):
    """Four repeated notes are four bars, one held note is one."""
    inside = pixels(score, ORANGE)
    row = inside[inside.sum(axis=1).argmax()]
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) == bars


def test_unison_shows_both_voices():
    """No voice hides another one on the same pitch; what rests is not drawn."""
    unison = score_of((60, REST, REST, 60))
    orange, green, blue = (pixels(unison, colour).sum() for colour in (ORANGE, GREEN, BLUE))
    assert orange == pytest.approx(blue, rel=0.2)
    assert green == 0


def test_given_notes_are_outlined():
    """The given melody has an outline in ink, and the legend says so; other masks are refused."""
    score = score_of((72, 60), (74, 62))
    mask = np.tile([True, False], (8, 1))
    assert pixels(score, INK, mask).sum() > pixels(score, INK).sum() + 100
    names = [text.get_text() for text in roll_figure(score, mask).legends[0].get_texts()]
    assert names == ["voice 1", "voice 2", "given"]
    with pytest.raises(InputError, match="mask of shape"):
        roll_figure(score, mask[:3])


def test_bars_are_numbered_and_pitches_named():
    """A pickup has no number; the first whole bar is bar 1."""
    figure = roll_figure(score_of(*[(60,)] * 7, meter=Meter(3, 4), pickup=4, key=Key(-3, "minor")))
    axes = figure.axes[0]
    numbers = {text.get_text(): round(text.get_position()[0]) for text in axes.texts}
    assert numbers == {"1": 4, "2": 16}
    assert "C4" in [label.get_text() for label in axes.get_yticklabels()]
    assert any("C minor · 3/4" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize(
    ("meter", "systems"), [("4/4", [(0, 132), (132, 164)]), ("3/4", [(0, 124), (124, 164)])]
)
def test_long_pieces_are_broken_at_bar_lines(meter, systems):
    """Eight bars of 4/4 a system, the pickup before the first; ten of 3/4."""
    score = score_of((60,), steps=164, meter=Meter.parse(meter), pickup=4)
    assert systems_of(score, 128) == systems
    assert len(roll_figure(score).axes) == 2


def test_very_long_pieces_say_what_is_left_out():
    """A thousand bars are one page with a note."""
    figure = roll_figure(score_of((60,), steps=16_000))
    assert len(figure.axes) == 6
    assert figure.texts[-1].get_text() == "… and 952 more bars, not drawn"


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_little_or_no_music_is_drawn(steps, tmp_path):
    """An empty or silent score gives an empty picture, not an error."""
    silent = Score(np.full((steps, 4), REST, np.int8), np.zeros((steps, 4), bool), pickup=8)
    write_png(silent, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == 1320


@pytest.mark.parametrize("title", ["$x_{$", "two\nlines", "音楽 \x00", "long " * 50, r"\frac"])
def test_png_is_the_same_each_time(title, tmp_path):
    """Same score, same bytes, whatever the title; pyplot, which keeps figures, is not touched."""
    score = score_of((72, 67, 64, 48), (71, 67, 62, 43), title=title)
    write_png(score, tmp_path / "a.png")
    write_png(score, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()


def test_each_line_of_an_ensemble_has_its_colour_and_each_drum_its_row(band):
    """Eight colours, eight names in the legend, drums below the keys."""
    assert min(pixels(band, line.colour).sum() for line in band.ensemble.lines) > 100
    figure = roll_figure(band)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == list(band.ensemble.names)
    rows = {label.get_text(): label.get_position()[1] for label in figure.axes[0].get_yticklabels()}
    assert rows["hat"] < rows["snare"] < rows["kick"] < rows["C2"]


def test_animation_loops_and_rests_on_its_last_frame(tmp_path):
    """All frames, endless, the last one held, white as the page, the same bytes each time."""
    rng = np.random.default_rng(0)
    frames = [score_of(*rng.integers(48, 76, (8, 4)).tolist()) for _ in range(4)]
    labels = [f"{step} steps" for step in range(4)]
    for name in ("a.gif", "b.gif"):
        write_gif(frames, tmp_path / name, labels)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0
        assert film.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
        first = film.info["duration"]
        film.seek(3)
        assert film.info["duration"] > 10 * first
    assert (tmp_path / "a.gif").stat().st_size < 60_000
    write_gif(frames[:1], tmp_path / "one.gif", ["a training stopped at once"])
    with Image.open(tmp_path / "one.gif") as film:
        assert film.format == "GIF"


@pytest.mark.parametrize(("lengths", "labels"), [((), []), ((4, 8), []), ((4,), ["a", "b"])])
def test_animations_that_make_no_sense(lengths, labels, tmp_path):
    """No frame, frames of different length, or a wrong number of labels: refused, no file."""
    with pytest.raises(InputError):
        write_gif([score_of((60,), steps=n) for n in lengths], tmp_path / "a.gif", labels)
    assert not list(tmp_path.iterdir())
