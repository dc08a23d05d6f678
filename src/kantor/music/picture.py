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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.music.audio import save
from kantor.music.score import REST, VOICES, Flags, Note, Score, ScoreError, notes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch
    from PIL import Image

VOICE_COLOURS = ("#D55E00", "#E69F00", "#009E73", "#0072B2")
SYSTEM_STEPS = 128  # a system holds as many whole bars as fit: eight of 4/4
MOST_SYSTEMS = 6
FRAME_SYSTEMS = 2
FRAME_MS = 150
LAST_FRAME_MS = 2_500

_INK = "#22252B"
_PAPER = "#FFFFFF"
_BLACK_KEY = "#F3F4F6"
_LINE = "#C9CDD3"
_BLACK_KEYS = (1, 3, 6, 8, 10)
_WIDTH = 12.0  # inches
_DPI = 110
_FRAME_DPI = 72
_GIF_COLOURS = 32


def _pitch_name(pitch: int) -> str:
    names = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
    return f"{names[pitch % 12]}{pitch // 12 - 1}"


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
    ScoreError
        If there are more than four voices, or the mask is not of the score's shape.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    given = _checked_mask(score, given_mask)
    rows = systems_of(score)
    shown = rows[:systems]
    span = span or _pitch_span([score])
    height = max(1.6, 0.062 * (span[1] - span[0] + 1)) + 0.32
    total = height * len(shown) + 0.75
    figure = Figure(figsize=(_WIDTH, total), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    width = max(max(end - start for start, end in shown), 16)
    notes = notes_of(score)
    for index, (start, end) in enumerate(shown):
        bottom = (total - 0.5 - height * (index + 1) + 0.1) / total
        axes = figure.add_axes((0.045, bottom, 0.945, (height - 0.32) / total))
        _draw_grid(axes, score, start, end, width, span)
        _draw_notes(
            axes, [n for n in notes if n.start < end and n.end > start], (start, end), given
        )
    _draw_heading(figure, score, total, bool(given.any()))
    if len(rows) > len(shown):
        left_out = int(np.count_nonzero(score.bar_lines >= shown[-1][1]))
        text = f"… and {left_out} more bars, not drawn"
        figure.text(0.99, 0.08 / total, text, ha="right", color=_INK, fontsize=9)
    return figure


def _checked_mask(score: Score, given_mask: ArrayLike | None) -> Flags:
    if score.pitches.shape[1] > len(VOICES):
        raise ScoreError(f"{score.title or 'score'}: a picture shows at most four voices")
    if given_mask is None:
        return np.zeros(score.pitches.shape, bool)
    mask = np.asarray(given_mask, bool)
    if mask.shape != score.pitches.shape:
        raise ScoreError(f"a mask of shape {mask.shape} for pitches of {score.pitches.shape}")
    return mask


def _draw_grid(
    axes: Axes, score: Score, start: int, end: int, width: int, span: tuple[int, int]
) -> None:
    """Keys, beats, bar lines and their numbers; the last system keeps the others' scale."""
    low, high = span
    axes.set_xlim(start - 0.4, start + width + 0.4)
    axes.set_ylim(low - 0.5, high + 0.5)
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.fill_between((start, end), pitch - 0.5, pitch + 0.5, color=_BLACK_KEY, lw=0)
        if pitch % 12 == 0:
            axes.hlines(pitch - 0.5, start, end, color=_LINE, lw=0.6, zorder=1)
    positions = score.bar_positions[start:end, 0]
    beats = start + np.flatnonzero(positions % score.meter.beat_steps == 0)
    axes.vlines(beats, low - 0.5, high + 0.5, color=_LINE, lw=0.5, alpha=0.6, zorder=1)
    bars = [step for step in (*score.bar_lines, score.steps) if start <= step <= end]
    axes.vlines(bars, low - 0.5, high + 0.5, color="#8A9099", lw=1.0, zorder=1.5)
    for number, line in enumerate(score.bar_lines, 1):
        if start <= line < end:
            axes.text(line + 0.2, high + 0.8, str(number), color="#6B717A", fontsize=8)
    names = [pitch for pitch in range(low, high + 1) if pitch % 12 in (0, 4, 7)]
    axes.set_yticks(names, [_pitch_name(pitch) for pitch in names], fontsize=7.5, color=_INK)
    axes.set_xticks([])
    axes.tick_params(length=0, pad=3)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_notes(axes: Axes, notes: Sequence[Note], system: tuple[int, int], given: Flags) -> None:
    """Rounded bars, the bass first and tallest, so that of a unison every voice is seen."""
    from matplotlib.collections import PatchCollection

    start, end = system
    for voice in reversed(range(len(VOICES))):
        for outlined in (False, True):
            patches = [
                _bar(axes, max(note.start, start), min(note.end, end), note.pitch, voice)
                for note in notes
                if note.voice == voice and bool(given[note.start, voice]) is outlined
            ]
            bars = PatchCollection(
                patches,
                facecolor=VOICE_COLOURS[voice],
                edgecolor=_INK,
                linewidth=1.5 if outlined else 0,
                zorder=3,
            )
            axes.add_collection(bars)


def _bar(axes: Axes, start: int, end: int, pitch: int, voice: int) -> FancyBboxPatch:
    from matplotlib.patches import FancyBboxPatch

    tall = 0.98 - 0.1 * (len(VOICES) - 1 - voice)
    left, right = start + 0.08, end - 0.22
    return FancyBboxPatch(
        (left, pitch - tall / 2),
        right - left,
        tall,
        boxstyle="round,pad=0,rounding_size=0.22",
        mutation_aspect=1.6,
    )


def _draw_heading(figure: Figure, score: Score, total: float, given: bool) -> None:
    """The title, what is known of the piece, and which colour is which voice."""
    from matplotlib.patches import Patch

    known = [str(score.meter), f"{score.tempo:g} quarters a minute"]
    about = " · ".join([score.key.name, *known] if score.key else known)
    lines = [(score.title, 14, "bold"), (about, 9.5, "normal")]
    for row, (text, size, weight) in enumerate(lines if score.title else lines[1:]):
        height = 1 - (0.24 + 0.23 * row) / total
        figure.text(
            0.045, height, _printable(text), color=_INK, size=size, weight=weight, va="center"
        )
    handles = [
        Patch(facecolor=VOICE_COLOURS[voice], label=VOICES[voice])
        for voice in range(score.pitches.shape[1])
    ]
    if given:
        handles.append(Patch(facecolor=_PAPER, edgecolor=_INK, linewidth=1.5, label="given"))
    figure.legend(
        handles=handles,
        loc="center right",
        bbox_to_anchor=(0.997, 1 - 0.3 / total),
        ncols=len(handles),
        frameon=False,
        fontsize=9.5,
        labelcolor=_INK,
        handlelength=1.3,
        handleheight=0.6,
        columnspacing=1.4,
    )


def _printable(text: str, longest: int = 80) -> str:
    """A title on one line, not read as a formula."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return (line if len(line) <= longest else line[: longest - 1] + "…").replace("$", r"\$")


def write_png(score: Score, path: str | Path, given_mask: ArrayLike | None = None) -> None:
    """Write `roll_figure` as a PNG file, without time or version in it."""
    figure = roll_figure(score, given_mask)
    save(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))


def _drawn(figure: Figure) -> Image.Image:
    """A figure as an RGB picture."""
    from PIL import Image

    figure.canvas.draw()
    pixels: NDArray[np.uint8] = np.asarray(figure.canvas.buffer_rgba())
    return Image.fromarray(pixels[..., :3].copy())


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
    ScoreError
        If there is no frame, the lengths differ, or the labels are not one a frame.
    """
    from PIL import Image

    if not frames or len({frame.pitches.shape for frame in frames}) > 1:
        raise ScoreError("an animation needs frames, all of one length and number of voices")
    if labels and len(labels) != len(frames):
        raise ScoreError(f"{len(labels)} labels for {len(frames)} frames")
    titles = labels or [frame.title for frame in frames]
    span = _pitch_span(frames)
    pictures = []
    for frame, title in zip(frames, titles, strict=True):
        figure = roll_figure(replace(frame, title=title), given_mask, FRAME_SYSTEMS, span)
        figure.set_dpi(_FRAME_DPI)
        pictures.append(_drawn(figure))
    middle = pictures[len(pictures) // 2]
    both = Image.fromarray(np.vstack([np.asarray(one) for one in (pictures[0], middle)]))
    palette = both.quantize(_GIF_COLOURS, dither=Image.Dither.NONE)
    first, *others = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    durations = [FRAME_MS] * len(others) + [LAST_FRAME_MS]
    save(
        path,
        lambda file: first.save(
            file, "GIF", save_all=True, append_images=others, duration=durations, loop=0
        ),
    )
