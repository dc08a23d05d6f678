"""A pickup that a file does not mark, found by where in the bars its notes begin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kantor.formats.parsed import ParsedFile
from kantor.music.notes import Note
from kantor.music.score import STEPS_PER_QUARTER, Meter

# Where in the bar notes begin, in percent: on each quarter, then between quarters. Rows: notes
# shorter than a quarter, than a half, than a dotted half, and longer ones, rests that follow
# counted in. Counted in the sopranos of the JSB Chorales' training split.
_BEGINS = {
    Meter(4, 4): (
        (11.6, 9.4, 10.2, 14.0, 54.8),
        (24.2, 24.1, 25.1, 26.6, 0.1),
        (50.8, 1.8, 45.8, 1.3, 0.3),
        (91.3, 1.0, 6.3, 0.7, 0.7),
    ),
    Meter(3, 4): (
        (12.1, 15.0, 15.5, 57.3),
        (24.1, 18.2, 57.4, 0.3),
        (87.6, 10.6, 1.2, 0.6),
        (92.5, 3.7, 1.9, 1.9),
    ),
}
_LONG = (4, 8, 12)  # steps from which the second, third and fourth row hold
_PICKUPS = {Meter(4, 4): (30.0, 65.0, 2.5, 2.5), Meter(3, 4): (40.0, 55.0, 5.0)}
# How much likelier (natural logarithm) a pickup must be than none before it is believed.
_CERTAIN = 9.0
_CERTAIN_WITHOUT_METER = 5.0  # where the file names no meter, and so no bars either


def infer_pickup(file: ParsedFile, notes: Sequence[Note]) -> int:
    """The pickup, in steps, of a file that marks none and begins with a note; 0 if not certain.

    MIDI has no pickups; programs write them as silence, as a short first bar, or not at all, so
    that every bar line stands wrong. The places of the long notes show which it is. A rhythm that
    comes back bar after bar is counted once: a song may be syncopated throughout.

    Of 399 folk, jazz and game songs in 4/4 and 3/4 whose bars are right 3 were called. Of 608 folk
    songs without their pickups 169 were called rightly and 4 wrongly; of 104 such sopranos of the
    validation and test splits 37, all rightly, and 66 where the file names no meter.
    """
    meter = file.meters[0][1]
    unmarked = file.pickup is None and not file.bar_lines and len(file.meters) == 1
    if not unmarked or meter not in _BEGINS or notes[0].start % meter.bar_steps:
        return 0
    starts = np.array([note.start for note in notes]) - notes[0].start
    lasting = np.diff(starts, append=notes[-1].end - notes[0].start)
    long = (lasting[:, None] >= np.array(_LONG)).sum(axis=1)
    quarter, between = np.divmod(starts, STEPS_PER_QUARTER)
    shifted = quarter - np.arange(len(_PICKUPS[meter]))[:, None]
    column = np.where(between > 0, -1, shifted % len(_PICKUPS[meter]))
    begins = np.log(np.array(_BEGINS[meter]) / 100)[long, column]
    rhythms = {}
    bars = np.searchsorted(starts, np.arange(0, starts[-1] + 1, meter.bar_steps))
    for first, after in pairwise([*bars.tolist(), len(starts)]):
        rhythm = (starts[first:after] % meter.bar_steps).tobytes(), long[first:after].tobytes()
        rhythms[rhythm] = begins[:, first:after].sum(axis=1)
    likely = np.sum([np.log(_PICKUPS[meter]), *rhythms.values()], axis=0)
    best = int(likely.argmax())
    certain = _CERTAIN if file.names_meter else _CERTAIN_WITHOUT_METER
    return best * STEPS_PER_QUARTER if likely[best] - likely[0] > certain else 0
