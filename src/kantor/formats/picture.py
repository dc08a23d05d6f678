"""Pictures of scores: the piano roll as a musician reads it, and a roll that changes as it learns.

Conventions
-----------
Time runs to the right in bars, pitch upwards in semitones; a tinted row is a black key. Each
voice has a colour of its own (Okabe and Ito's palette, told apart by the colour-blind as well);
cells that were given are outlined in ink. Long pieces are broken into systems as printed music
is. Pictures are drawn with matplotlib's object interface: nothing global is touched, and the same
score gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.errors import InputError
from kantor.files import save
from kantor.formats.picture_parts import (
    COLOURS,
    INK,
    PAPER,
    VOICE_COLOURS,
    draw_grid,
    draw_heading,
    draw_notes,
)
from kantor.music.notes import notes_of
from kantor.music.score import REST, VOICES, Flags, Score

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

SYSTEM_STEPS = 128  # a system holds as many whole bars as fit: eight of 4/4
MOST_SYSTEMS = 6
FRAME_SYSTEMS = 2
FRAME_MS = 150
LAST_FRAME_MS = 2_500

# In inches; a gap stands above each system for the numbers of its bars.
_WIDTH = 12.0
_HEADING = 0.5
_GAP = 0.34
_SEMITONE = 0.086
_LOWEST_SYSTEM = 1.4
_FOOT = 0.25
_DPI = 110
_FRAME_DPI = 72


def _pitch_span(scores: Sequence[Score]) -> tuple[int, int]:
    """Lowest and highest pitch that is drawn: what sounds and a margin, at least an octave."""
    pitches = np.concatenate([score.pitches.ravel() for score in scores])
    sounding = pitches[pitches != REST]
    if not sounding.size:
        return 54, 66
    low, high = int(sounding.min()) - 2, int(sounding.max()) + 2
    extra = max(0, 12 - (high - low)) // 2
    return low - extra, high + extra


def systems_of(score: Score, steps: int = SYSTEM_STEPS) -> list[tuple[int, int]]:
    """Where the systems begin and end, in steps: as many whole bars each as `steps` hold.

    The pickup stands before the first system's bars; a bar longer than `steps` has a system of
    its own.
    """
    lines = [int(line) for line in score.bar_lines if 0 < line < score.steps]
    edges = [*lines, score.steps]
    systems: list[tuple[int, int]] = []
    start, counted_from = 0, score.pickup
    for here, following in zip(edges, [*edges[1:], None], strict=True):
        if following is None or following - counted_from > steps:
            systems.append((start, here))
            start = counted_from = here
    return systems


def roll_figure(
    score: Score,
    given_mask: ArrayLike | None = None,
    systems: int = MOST_SYSTEMS,
    span: tuple[int, int] | None = None,
) -> Figure:
    """Draw a score as a piano roll, broken into systems.

    Parameters
    ----------
    score : Score
        Of up to four voices.
    given_mask : (time, voice) bool, optional
        Cells that were given; a note that begins on one is outlined.
    systems : int
        How many systems are drawn at most; a line below tells what is left out.
    span : (int, int), optional
        Lowest and highest pitch drawn; by default what sounds, with a margin.

    Raises
    ------
    InputError
        If there are more than four voices, or the mask is not of the score's shape.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    given = _checked_mask(score, given_mask)
    rows = systems_of(score)
    shown = rows[:systems]
    span = span or _pitch_span([score])
    height = _GAP + max(_LOWEST_SYSTEM, _SEMITONE * (span[1] - span[0] + 1))
    total = _HEADING + height * len(shown) + _FOOT
    figure = Figure(figsize=(_WIDTH, total), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    width = max(max(end - start for start, end in shown), 16)
    notes = notes_of(score)
    for index, (start, end) in enumerate(shown):
        bottom = (total - _HEADING - height * (index + 1)) / total
        axes = figure.add_axes((0.045, bottom, 0.945, (height - _GAP) / total))
        draw_grid(axes, score, start, end, width, span)
        draw_notes(axes, score, notes, (start, end), given)
    draw_heading(figure, score, total, bool(given.any()))
    if len(rows) > len(shown):
        left_out = int(np.count_nonzero(score.bar_lines >= shown[-1][1]))
        text = f"… and {left_out} more bars, not drawn"
        figure.text(0.99, 0.08 / total, text, ha="right", color=INK, fontsize=9)
    return figure


def _checked_mask(score: Score, given_mask: ArrayLike | None) -> Flags:
    if score.pitches.shape[1] > len(VOICES):
        raise InputError(f"{score.title or 'score'}: a picture shows at most four voices")
    if given_mask is None:
        return np.zeros(score.pitches.shape, bool)
    mask = np.asarray(given_mask, bool)
    if mask.shape != score.pitches.shape:
        raise InputError(f"a mask of shape {mask.shape} for pitches of {score.pitches.shape}")
    return mask


def write_png(score: Score, path: str | Path, given_mask: ArrayLike | None = None) -> None:
    """Write `roll_figure` as a PNG file, without time or version in it."""
    figure = roll_figure(score, given_mask)
    save(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))


def _drawn(figure: Figure) -> Image.Image:
    """A figure as an RGB picture."""
    from PIL import Image

    canvas: Any = figure.canvas
    canvas.draw()
    pixels: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())
    return Image.fromarray(pixels[..., :3].copy())


def _palette() -> Image.Image:
    """The colours that pictures are made of, with the shades that smooth their edges."""
    from matplotlib.colors import to_rgb
    from PIL import Image

    paper, ink = np.array(to_rgb(PAPER)), np.array(to_rgb(INK))
    colours = [paper + (ink - paper) * shade for shade in np.linspace(0, 1, 8)]
    colours += [np.array(to_rgb(name)) for name in COLOURS]
    for voice in VOICE_COLOURS:
        colour = np.array(to_rgb(voice))
        colours += [colour, (colour + paper) / 2, (3 * colour + paper) / 4, (colour + ink) / 2]
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * part) for colour in colours for part in colour])
    return palette


def write_animation(
    frames: Sequence[Score],
    path: str | Path,
    labels: Sequence[str] = (),
    given_mask: ArrayLike | None = None,
) -> None:
    """Write scores of equal length as an animated GIF that loops and rests on its last frame.

    Parameters
    ----------
    frames : sequence of Score
        Such as one melody as a model sets it at several moments of its training.
    path : path
    labels : sequence of str, optional
        The title of each frame; by default the score's own.
    given_mask : (time, voice) bool, optional
        As for `roll_figure`.

    Raises
    ------
    InputError
        If there is no frame, the lengths differ, or the labels are not one a frame.
    """
    from PIL import Image

    if not frames or len({frame.pitches.shape for frame in frames}) > 1:
        raise InputError("an animation needs frames, all of one length and number of voices")
    if labels and len(labels) != len(frames):
        raise InputError(f"{len(labels)} labels for {len(frames)} frames")
    titles = labels or [frame.title for frame in frames]
    span = _pitch_span(frames)
    pictures = []
    for frame, title in zip(frames, titles, strict=True):
        figure = roll_figure(replace(frame, title=title), given_mask, FRAME_SYSTEMS, span)
        figure.set_dpi(_FRAME_DPI)
        pictures.append(_drawn(figure))
    palette = _palette()
    first, *others = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    durations = [FRAME_MS] * len(others) + [LAST_FRAME_MS]
    save(
        path,
        lambda file: first.save(
            file, "GIF", save_all=True, append_images=others, duration=durations, loop=0
        ),
    )
