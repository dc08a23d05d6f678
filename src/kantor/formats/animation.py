"""A score that changes as a model learns, as an animated picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.files import save
from kantor.formats.picture import COLOURS, INK, PAPER, pitch_span, roll_figure
from kantor.music.score import Score

if TYPE_CHECKING:
    from PIL import Image

_SYSTEMS = 2
_FRAME_MS, _LAST_FRAME_MS = 150, 2_500
_DPI = 72


def write_gif(
    frames: Sequence[Score],
    path: str | Path,
    labels: Sequence[str] = (),
    given_mask: ArrayLike | None = None,
) -> None:
    """Write scores of equal length as an animated GIF that loops and rests on its last frame.

    `labels` are the titles of the frames, by default the scores' own. `given_mask` is as for
    `kantor.formats.picture.roll_figure`.

    Raises
    ------
    InputError
        If there is no frame, the lengths differ, or the labels are not one a frame.
    """
    from PIL import Image

    if not frames or len({frame.pitches.shape for frame in frames}) > 1:
        raise InputError("an animation needs frames, all of one length and number of lines")
    if labels and len(labels) != len(frames):
        raise InputError(f"{len(labels)} labels for {len(frames)} frames")
    span = pitch_span(*frames)
    palette = _palette(frames[0].ensemble)
    pictures = []
    for frame, title in zip(frames, labels or [frame.title for frame in frames], strict=True):
        figure = roll_figure(replace(frame, title=title), given_mask, _SYSTEMS, span)
        figure.set_dpi(_DPI)
        canvas: Any = figure.canvas
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        pictures.append(picture.quantize(palette=palette, dither=Image.Dither.NONE))
    first, *others = pictures
    durations = [_FRAME_MS] * len(others) + [_LAST_FRAME_MS]
    save(
        path,
        lambda file: first.save(
            file, "GIF", save_all=True, append_images=others, duration=durations, loop=0
        ),
    )


def _palette(ensemble: Ensemble) -> Image.Image:
    """The colours of pictures, with the shades that smooth their edges."""
    from matplotlib.colors import to_rgb
    from PIL import Image

    paper, ink = np.array(to_rgb(PAPER)), np.array(to_rgb(INK))
    colours = [paper + (ink - paper) * shade for shade in np.linspace(0, 1, 8)]
    colours += [np.array(to_rgb(name)) for name in COLOURS]
    for line in ensemble.lines:
        colour = np.array(to_rgb(line.colour))
        colours += [colour, (colour + paper) / 2, (3 * colour + paper) / 4, (colour + ink) / 2]
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * part) for colour in colours for part in colour])
    return palette
