"""The page of a batch: one HTML file to look and listen, which loads nothing but its neighbours.

The first compositions are drawn, the first of these have a recording, all link to their files; of
a large batch the manifest shows the rest. Whatever comes from a file is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from kantor import files
from kantor.batch.ledger import Begun, Ledger
from kantor.batch.settings import COMPOSED, FAILED, REFUSED, REUSED, Page
from kantor.compose.transcribing import transcribe
from kantor.errors import InputError
from kantor.formats.parts import named_lines
from kantor.formats.picture import pitch_span
from kantor.formats.reading import read
from kantor.metrics.musical import JOINT
from kantor.music.score import Score
from kantor.pages import template
from kantor.pages.rolls import octave_labels, roll

RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear
LONGEST = 300.0  # seconds: half an hour would take a minute to record and 180 MB to keep
_SHOWN_METRICS = ("triad_or_seventh", "parallel_fifths", "parallel_octaves", "crossing")

Recorder = Callable[[str], Future[bytes]]
"""Records a composition by the path of its MIDI file, as the ledger has it, once.

The recording is empty where the piece is too long, its file is gone or no soundfont is there.
"""


def write(
    folder: Path, begun: Begun, ledger: Ledger, page: Page, record: Recorder, given_up: str = ""
) -> None:
    """Write ``index.html`` into the batch's `folder`, whole or not at all.

    Parameters
    ----------
    folder
        Lies in the folder of the results: its links lead there.
    page
        How much is shown.
    given_up
        Why the batch was given up before its end.
    """
    good = ledger.rows(begun.number, (COMPOSED, REUSED), page.shown)
    bad = ledger.rows(begun.number, (REFUSED, FAILED), page.shown)
    counts = ledger.counts(begun.number)
    samples = [
        _sample(row, folder, record, index < page.recorded) for index, row in enumerate(good)
    ]
    context = {
        "number": begun.number,
        "model": begun.model,
        "given_up": given_up,
        "counts": {name: f"{count:,}" for name, count in sorted(counts.items())},
        "total": f"{sum(counts.values()):,}",
        "composed": counts.get(COMPOSED, 0) + counts.get(REUSED, 0),
        "samples": samples,
        "lines": next((one["drawn"]["lines"] for one in samples if one["drawn"]), ()),
        "bad": list(bad),
        "bad_total": counts.get(REFUSED, 0) + counts.get(FAILED, 0),
    }
    text = template("kantor.batch", "batch.html.j2").render(context, markup=Markup) + "\n"
    files.save(folder / "index.html", lambda stream: stream.write(text.encode()))


def _sample(
    row: dict[str, Any], folder: Path, record: Recorder, is_recorded: bool
) -> dict[str, Any]:
    """What the template shows of a composition."""
    written = [path for path, _ in row["files"]]
    score = None if row["drawn"] else read_score(folder.parent / written[0])
    about = (row["key"], row["meter"], f"{row['steps']} sixteenths", f"seed {row['seed']}")
    metrics = {name: row["metrics"].get(name) for name in _SHOWN_METRICS}
    return {
        "title": row["source"],
        "about": ", ".join(about),
        "status": row["status"],
        "figures": [
            (JOINT[name].label, f"{value:.3g}")
            for name, value in metrics.items()
            if value is not None
        ],
        "warnings": row["warnings"],
        "files": [(Path(path).name, f"../{quote(path)}") for path in written],
        "drawn": row["drawn"] or (drawn(score) if score else None),
        "sound": _sound(record(written[0]).result() if is_recorded else b"", folder, written),
    }


def _sound(recording: bytes, folder: Path, written: Sequence[str]) -> str:
    """An address that plays: the recording beside the page, else a WAV file, else none."""
    if recording:
        name = Path(written[0]).with_suffix(".flac").name
        files.save(folder / name, lambda stream: stream.write(recording))
        return quote(name)
    return next((f"../{quote(path)}" for path in written if path.endswith(".wav")), "")


def drawn(score: Score) -> dict[str, Any]:
    """A composition as the page's template draws it; it names no file: several may share it.

    ``roll``: SVG. ``high``: the pitch of its top row. ``octaves``: names of the Cs, and their
    height in percent from the top. ``lines``: name and colour of each. ``tempo``: quarters a
    minute. ``seconds``.
    """
    span = pitch_span(score)
    summary = f"Piano roll of {score.steps // 4} quarters in {len(score.ensemble)} voices."
    return {
        "roll": roll(score, span, summary),
        "high": span[1],
        "octaves": [(octave, f"{100 * share:.1f}") for octave, share in octave_labels(span)],
        "lines": [(line.name, line.colour) for line in score.ensemble.lines],
        "tempo": score.tempo,
        "seconds": f"{score.seconds:.3f}",
    }


def read_score(path: Path) -> Score | None:
    """A composition as its MIDI file has it; None where that is no longer there."""
    try:
        parsed = read(path)
        lines = {line: part.notes for line, part in named_lines(parsed.parts).items()}
        return transcribe(parsed, lines, "keep")[0]
    except InputError:
        return None


@contextmanager
def recorder(out: Path) -> Iterator[Recorder]:
    """Record compositions in the folder of results `out`, beside the composing.

    A recording takes half a second. At the end, those that have not begun are dropped.
    """
    pool = ThreadPoolExecutor(1)
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
        return audio.flac_bytes(score, RATE)
    except InputError:
        return b""
