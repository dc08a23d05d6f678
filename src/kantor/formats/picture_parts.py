"""The parts of a roll's picture: the grid, the notes, the heading.

See `kantor.formats.picture` for the conventions; this module knows matplotlib's axes, that one the
page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kantor.music.notes import Note
from kantor.music.score import VOICES, Flags, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

VOICE_COLOURS = ("#D55E00", "#E69F00", "#009E73", "#0072B2")
INK = "#22252B"
QUIET_INK = "#6B717A"
PAPER = "#FFFFFF"
BLACK_KEY = "#F3F4F6"
LINE = "#C9CDD3"
BAR_LINE = "#8A9099"
COLOURS = (PAPER, INK, QUIET_INK, BLACK_KEY, LINE, BAR_LINE)

_BLACK_KEYS = (1, 3, 6, 8, 10)
_NOTE_HEIGHT = 0.86  # semitones
_LONGEST_TITLE = 48


def _pitch_name(pitch: int) -> str:
    names = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
    return f"{names[pitch % 12]}{pitch // 12 - 1}"


def draw_grid(
    axes: Axes, score: Score, start: int, end: int, width: int, span: tuple[int, int]
) -> None:
    """Keys, beats, bar lines and their numbers; the last system keeps the others' scale."""
    low, high = span
    axes.set_xlim(start - 0.4, start + width + 0.4)
    axes.set_ylim(low - 0.5, high + 0.5)
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.fill_between((start, end), pitch - 0.5, pitch + 0.5, color=BLACK_KEY, lw=0)
        if pitch % 12 == 0:
            axes.hlines(pitch - 0.5, start, end, color=LINE, lw=0.6, zorder=1)
    positions = score.bar_positions[start:end, 0]
    beats = start + np.flatnonzero(positions % score.meter.beat_steps == 0)
    axes.vlines(beats, low - 0.5, high + 0.5, color=LINE, lw=0.5, alpha=0.6, zorder=1)
    bars = [step for step in (*score.bar_lines, score.steps) if start <= step <= end]
    axes.vlines(bars, low - 0.5, high + 0.5, color=BAR_LINE, lw=1.0, zorder=1.5)
    for number, line in enumerate(score.bar_lines, 1):
        if start <= line < end:
            axes.text(line + 0.2, high + 0.8, str(number), color=QUIET_INK, fontsize=8)
    names = [pitch for pitch in range(low, high + 1) if pitch % 12 in (0, 4, 7)]
    axes.set_yticks(names, [_pitch_name(pitch) for pitch in names], fontsize=7.5, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0, pad=3)
    for side in axes.spines.values():
        side.set_visible(False)


def draw_notes(
    axes: Axes, score: Score, notes: Sequence[Note], system: tuple[int, int], given: Flags
) -> None:
    """The notes that sound in a system as rounded bars, each voice in its colour."""
    from matplotlib.collections import PatchCollection

    start, end = system
    heard = [note for note in notes if note.start < end and note.end > start]
    for voice in reversed(range(score.pitches.shape[1])):
        for outlined in (False, True):
            patches = [
                _bar(score, note, system)
                for note in heard
                if note.line == voice and bool(given[note.start, voice]) is outlined
            ]
            bars = PatchCollection(
                patches,
                facecolor=VOICE_COLOURS[voice],
                edgecolor=INK,
                linewidth=1.2 if outlined else 0,
                zorder=3,
            )
            axes.add_collection(bars)


def _bar(score: Score, note: Note, system: tuple[int, int]) -> FancyBboxPatch:
    """A note's bar; voices in unison share the row, the higher voice above."""
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


def draw_heading(figure: Figure, score: Score, total: float, given: bool) -> None:
    """The title, what is known of the piece, and which colour is which voice."""
    from matplotlib.patches import Patch

    known = [str(score.meter), f"{score.tempo:g} quarters a minute"]
    about = " · ".join([score.key.name, *known] if score.key else known)
    lines = [(score.title, 14, "bold"), (about, 9.5, "normal")]
    for row, (text, size, weight) in enumerate(lines if score.title else lines[1:]):
        height = 1 - (0.24 + 0.23 * row) / total
        figure.text(
            0.045, height, _printable(text), color=INK, size=size, weight=weight, va="center"
        )
    handles = [
        Patch(facecolor=VOICE_COLOURS[voice], label=VOICES[voice])
        for voice in range(score.pitches.shape[1])
    ]
    if given:
        handles.append(Patch(facecolor=PAPER, edgecolor=INK, linewidth=1.5, label="given"))
    figure.legend(
        handles=handles,
        loc="center right",
        bbox_to_anchor=(0.997, 1 - 0.3 / total),
        ncols=len(handles),
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
