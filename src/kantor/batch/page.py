"""The page of a batch: one HTML file to look and listen, which loads nothing but its neighbours.

The first compositions are drawn and link to their files; what has no recording is sung by the
browser. Of a large batch the manifest shows the rest. Whatever comes from a file is escaped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from kantor import files
from kantor.batch import jobs
from kantor.batch.ledger import Begun, Ledger
from kantor.batch.settings import COMPOSED, FAILED, REFUSED, REUSED
from kantor.compose.transcribing import transcribe
from kantor.errors import InputError
from kantor.formats.parts import named_lines
from kantor.formats.picture import pitch_span
from kantor.formats.reading import read
from kantor.metrics.musical import JOINT
from kantor.music.repeats import played
from kantor.music.score import STEPS_PER_QUARTER, Score
from kantor.pages import template
from kantor.pages.rolls import octave_labels, roll

SOUNDS = (".mp3", ".ogg", ".wav")
RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear
LONGEST = 300.0  # seconds: half an hour would take a minute to record and 180 MB to keep
_MODEL = re.compile(r"kantor-(?P<style>\S+) version \d+")
_SHOWN_METRICS = (
    *("triad_or_seventh", "parallel_fifths", "parallel_octaves", "crossing"),
    *("chord_tones", "bass_on_roots", "same_drums"),
)

Recorder = Callable[[str], Future[bytes]]
"""Records a composition by the path of its MIDI file, as the ledger has it, once.

The recording is empty where the piece is too long, its file is gone or no soundfont is there.
"""


def write(
    folder: Path,
    begun: Begun,
    ledger: Ledger,
    good: Sequence[dict[str, Any]],
    most: int,
    given_up: str = "",
) -> None:
    """Write ``index.html`` into the batch's `folder`, whole or not at all.

    Parameters
    ----------
    good
        What is shown of what was composed, as `kantor.batch.placing.placed` gives it.
    most
        How many of the others are shown.
    given_up
        Why the batch was given up before its end.
    """
    bad = ledger.rows(begun.number, (REFUSED, FAILED), most)
    counts = ledger.counts(begun.number)
    samples = [_sample(row, folder) for row in good]
    model = _MODEL.fullmatch(begun.model)
    context = {
        "number": begun.number,
        "source": jobs.source_of(begun.places),
        "started": f"{jobs.local(begun.started):%-d %B %Y, %H:%M}",
        "model": begun.model,
        "style": model["style"].capitalize() if model else "",
        "given_up": given_up,
        "counts": {name: f"{count:,}" for name, count in sorted(counts.items())},
        "total": sum(counts.values()),
        "composed": counts.get(COMPOSED, 0) + counts.get(REUSED, 0),
        "samples": samples,
        "lines": next((one["drawn"]["lines"] for one in samples if one["drawn"]), ()),
        "bad": list(bad),
        "bad_total": counts.get(REFUSED, 0) + counts.get(FAILED, 0),
    }
    text = template("kantor.batch", "batch.html.j2").render(context, markup=Markup) + "\n"
    files.save(folder / "index.html", lambda stream: stream.write(text.encode()))


def _sample(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the template shows of a composition."""
    score = None if row["drawn"] else read_score(folder.parent / row["files"][0][0])
    about = (row["key"], row["meter"], f"{row['steps'] // STEPS_PER_QUARTER} quarters")
    metrics = {name: row["metrics"].get(name) for name in _SHOWN_METRICS}
    sounds = (quote(name) for name in row["names"] if name.endswith(SOUNDS))
    return {
        "title": row.get("title") or row["source"],
        "source": row["source"],
        "about": ", ".join(filter(None, about)),
        "status": row["status"],
        "figures": [
            (JOINT[name].label, f"{value:.3g}")
            for name, value in metrics.items()
            if value is not None
        ],
        "warnings": row["warnings"],
        "files": [(Path(name).name, quote(name)) for name in row["names"]],
        "drawn": row["drawn"] or (drawn(score) if score else None),
        "sound": next(sounds, ""),
    }


def drawn(score: Score) -> dict[str, Any]:
    """A composition as the page's template draws it, repeats written out as they are played.

    It names no file: several may share it.

    ``roll``: SVG. ``high``: the pitch of its top row. ``octaves``: names of the Cs, and their
    height in percent from the top. ``lines``: name and colour of each. ``tempo``: quarters a
    minute on average. ``seconds``.
    """
    score = played(score)
    span = pitch_span(score)
    summary = f"Piano roll of {score.steps // 4} quarters in {len(score.ensemble)} voices."
    return {
        "roll": roll(score, span, summary),
        "high": span[1],
        "octaves": octave_labels(score, span),
        "lines": [(line.name, line.colour) for line in score.ensemble.lines],
        "tempo": round(15 * score.steps / score.seconds, 3),
        "seconds": f"{score.seconds:.3f}",
    }


def read_score(path: Path) -> Score | None:
    """A composition as its MIDI file has it; None where that is no longer there."""
    try:
        parsed = read(path)
        return transcribe(parsed, named_lines(parsed.parts), "keep")[0]
    except InputError:
        return None


@contextmanager
def recorder(out: Path) -> Iterator[Recorder]:
    """Record compositions in the folder of results `out`, beside the composing.

    A recording takes seconds of a processor. At the end, those that have not begun are dropped.
    """
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield cache(lambda path: pool.submit(_recorded, out / path))
    finally:
        pool.shutdown(cancel_futures=True)


def _recorded(path: Path) -> bytes:
    from kantor.formats import audio

    score = read_score(path)
    if score is None or score.seconds > LONGEST:
        return b""
    try:
        return audio.mp3_bytes(score, RATE)
    except InputError:
        return b""
