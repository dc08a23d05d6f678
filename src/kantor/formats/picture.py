"""Pictures of scores: the piano roll as a musician reads it.

Time runs to the right in bars, pitch upwards in semitones; a tinted row is a black key. Drum
lines stand below the keys, one row each. Each line has its ensemble's colour; cells that were
given are outlined in ink. Long pieces are broken into systems as printed music is. Pictures are
drawn with matplotlib's object interface: nothing global is touched, and the same score gives the
same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from kantor.errors import InputError
from kantor.files import save
from kantor.music.bars import systems_of
from kantor.music.notes import Note, notes_of
from kantor.music.score import REST, Flags, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

_SYSTEM_STEPS = 128  # a system holds as many whole bars as fit: eight of 4/4
_MOST_SYSTEMS = 6

INK = "#22252B"
PAPER = "#FFFFFF"
_QUIET_INK, _BLACK_KEY, _LINE, _BAR_LINE = "#6B717A", "#F3F4F6", "#C9CDD3", "#8A9099"
COLOURS = (PAPER, INK, _QUIET_INK, _BLACK_KEY, _LINE, _BAR_LINE)
"""All but those of the lines."""

# In inches; a gap stands above each system for the numbers of its bars.
_WIDTH = 12.0
_HEADING = 0.5
_GAP = 0.34
_SEMITONE = 0.086
_LOWEST_SYSTEM = 1.4
_FOOT = 0.25
_DPI = 110

_BLACK_KEYS = (1, 3, 6, 8, 10)
_NAMED_KEYS = {0: "C", 4: "E", 7: "G"}
_NOTE_HEIGHT = 0.86  # semitones
_DRUM_ROW = 2  # semitones
_LONGEST_TITLE = 48
_MOST_IN_LEGEND_ROW = 6


def pitch_span(*scores: Score) -> tuple[int, int]:
    """Lowest and highest pitch that is drawn: what sounds and a margin, at least an octave.

    Several scores have one, so that their drawings share a scale. Drums have no pitch.
    """
    pitched = [score.pitched.ravel() for score in scores]
    pitches = np.concatenate(pitched)
    sounding = pitches[pitches != REST]
    if not sounding.size:
        return 54, 66
    low, high = int(sounding.min()) - 2, int(sounding.max()) + 2
    extra = max(0, 12 - (high - low)) // 2
    return low - extra, high + extra


def roll_figure(
    score: Score,
    given_mask: ArrayLike | None = None,
    systems: int = _MOST_SYSTEMS,
    span: tuple[int, int] | None = None,
) -> Figure:
    """Draw a score as a piano roll, broken into systems.

    Parameters
    ----------
    score
    given_mask : (time, line) bool, optional
        Cells that were given; a note that begins on one is outlined.
    systems
        How many systems are drawn at most; a line below says how many bars are left out.
    span
        Lowest and highest pitch drawn; by default what sounds, with a margin.

    Raises
    ------
    InputError
        If the mask is not of the score's shape.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    given = np.zeros(score.pitches.shape, bool) if given_mask is None else np.asarray(given_mask)
    if given.shape != score.pitches.shape:
        raise InputError(f"a mask of shape {given.shape} for pitches of {score.pitches.shape}")
    every = systems_of(score, _SYSTEM_STEPS)
    shown = every[:systems]
    drums = range(score.ensemble.pitched, len(score.ensemble))
    low, high = span or pitch_span(score)
    low = max(low, _DRUM_ROW * len(drums))  # no row has a number below 0
    rows = {drum: low - _DRUM_ROW * count for count, drum in enumerate(drums, start=1)}
    pitches = score.pitches.copy()
    for drum, row in rows.items():
        pitches[pitches[:, drum] != REST, drum] = row
    drawn = replace(score, pitches=pitches)
    notes = notes_of(drawn)
    height = _GAP + max(_LOWEST_SYSTEM, _SEMITONE * (high - low + 1 + _DRUM_ROW * len(drums)))
    total = _HEADING + height * len(shown) + _FOOT
    width = max(max(end - start for start, end in shown), 16)
    figure = Figure(figsize=(_WIDTH, total), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    for index, (start, end) in enumerate(shown):
        bottom = (total - _HEADING - height * (index + 1)) / total
        left = 0.06 if drums else 0.045  # drums' names are longer than those of pitches
        axes = figure.add_axes((left, bottom, 0.99 - left, (height - _GAP) / total))
        axes.set_xlim(start - 0.4, start + width + 0.4)  # the last system keeps the others' scale
        _draw_grid(axes, score, (start, end), (low, high), rows)
        _draw_notes(axes, drawn, notes, (start, end), given)
    _draw_heading(figure, score, total, bool(given.any()))
    if len(every) > len(shown):
        left_out = int(np.count_nonzero(score.bar_lines >= shown[-1][1]))
        text = f"… and {left_out} more bars, not drawn"
        figure.text(0.99, 0.08 / total, text, ha="right", color=INK, fontsize=9)
    return figure


def write_png(score: Score, path: str | Path, given_mask: ArrayLike | None = None) -> None:
    """Write `roll_figure` as a PNG file, without time or version in it."""
    figure = roll_figure(score, given_mask)
    save(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))


def _draw_grid(
    axes: Axes,
    score: Score,
    system: tuple[int, int],
    span: tuple[int, int],
    drum_rows: dict[int, int],
) -> None:
    """Keys, beats, bar lines and their numbers, in the steps of a system."""
    (start, end), (low, high) = system, span
    bottom, top = min(drum_rows.values(), default=low) - 0.5, high + 0.5
    axes.set_ylim(bottom, top)
    labels = {row: score.ensemble.names[drum] for drum, row in drum_rows.items()}
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.fill_between(system, pitch - 0.5, pitch + 0.5, color=_BLACK_KEY, lw=0)
        if pitch % 12 == 0:
            axes.hlines(pitch - 0.5, start, end, color=_LINE, lw=0.6, zorder=1)
        if pitch % 12 in _NAMED_KEYS:
            labels[pitch] = f"{_NAMED_KEYS[pitch % 12]}{pitch // 12 - 1}"
    positions = score.bar_positions[start:end, 0]
    beats = start + np.flatnonzero(positions % score.meter.beat_steps == 0)
    axes.vlines(beats, bottom, top, color=_LINE, lw=0.5, alpha=0.6, zorder=1)
    bars = [step for step in (*score.bar_lines, score.steps) if start <= step <= end]
    axes.vlines(bars, bottom, top, color=_BAR_LINE, lw=1.0, zorder=1.5)
    for number, line in enumerate(score.bar_lines, 1):
        if start <= line < end:
            axes.text(line + 0.2, high + 0.8, str(number), color=_QUIET_INK, fontsize=8)
    axes.set_yticks(list(labels), list(labels.values()), fontsize=7.5, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0, pad=3)
    axes.spines[:].set_visible(False)


def _draw_notes(
    axes: Axes, score: Score, notes: Sequence[Note], system: tuple[int, int], given: Flags
) -> None:
    """The notes that sound in a system as rounded bars, each line in its colour."""
    from matplotlib.collections import PatchCollection

    start, end = system
    sounding = [note for note in notes if note.start < end and note.end > start]
    for index, line in reversed(list(enumerate(score.ensemble.lines))):
        own = [note for note in sounding if note.line == index]
        bars = PatchCollection(
            [_bar(score, note, system) for note in own],
            facecolor=line.colour,
            edgecolor=INK,
            linewidths=[1.2 if given[note.start, index] else 0 for note in own],
            zorder=3,
        )
        axes.add_collection(bars)


def _bar(score: Score, note: Note, system: tuple[int, int]) -> FancyBboxPatch:
    """A note's bar; lines in unison share the row, the higher line above."""
    from matplotlib.patches import FancyBboxPatch

    meeting = (score.pitches[note.start : note.end] == note.pitch).any(axis=0)
    tall = _NOTE_HEIGHT / np.count_nonzero(meeting)
    below = tall * np.count_nonzero(meeting[note.line + 1 :])
    left = max(note.start, system[0]) + 0.08
    return FancyBboxPatch(
        (left, note.pitch - _NOTE_HEIGHT / 2 + below),
        min(note.end, system[1]) - 0.22 - left,
        tall,
        boxstyle="round,pad=0,rounding_size=0.22",
        mutation_aspect=1.3,
    )


def _draw_heading(figure: Figure, score: Score, total: float, given: bool) -> None:
    """The title, what is known of the piece, and which colour is which line."""
    from matplotlib.patches import Patch

    known = [str(score.meter), f"{score.tempo:g} quarters a minute"]
    about = " · ".join([score.key.name, *known] if score.key else known)
    style: dict[str, Any] = {"color": INK, "va": "center"}
    if score.title:
        title = _printable(score.title)
        figure.text(0.045, 1 - 0.24 / total, title, size=14, weight="bold", **style)
    figure.text(0.045, 1 - (0.47 if score.title else 0.24) / total, about, size=9.5, **style)
    handles = [Patch(facecolor=line.colour, label=line.name) for line in score.ensemble.lines]
    if given:
        handles.append(Patch(facecolor=PAPER, edgecolor=INK, linewidth=1.5, label="given"))
    figure.legend(
        handles=handles,
        loc="center right",
        bbox_to_anchor=(0.997, 1 - 0.3 / total),
        ncols=min(len(handles), max(_MOST_IN_LEGEND_ROW, (len(handles) + 1) // 2)),
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
        handlelength=1.3,
        handleheight=0.6,
        columnspacing=1.4,
    )


def _printable(text: str) -> str:
    """A title on one short line, of characters that the font has, not read as a formula."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    line = "".join(c if font.get_char_index(ord(c)) else "?" for c in " ".join(text.split()))
    short = line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"
    return short.replace("$", r"\$")
