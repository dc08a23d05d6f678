"""The page of a batch: one HTML file to look and listen, which loads nothing but its neighbours.

The first compositions are drawn, the first of these have a recording, all link to their files; of
a large batch the manifest shows the rest. Whatever comes from a file is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kantor import files
from kantor.batch.ledger import COMPOSED, FAILED, REFUSED, REUSED, Begun, Ledger
from kantor.batch.samples import Recordings, drawn, read_score
from kantor.batch.settings import Page
from kantor.ensemble import SATB
from kantor.metrics.musical import LABELS
from kantor.pages import template

NAME = "index.html"

_SHOWN_METRICS = ("triad_or_seventh", "parallel_fifths", "parallel_octaves", "crossing")


def write(
    folder: Path, out: Path, begun: Begun, ledger: Ledger, page: Page, recordings: Recordings
) -> None:
    """Write ``index.html`` into the batch's `folder`, whole or not at all.

    Parameters
    ----------
    out
        The folder of the results; links lead there from `folder`, which lies in it.
    page
        How much is shown.
    recordings
        Of the first compositions.
    """
    good = ledger.rows(begun.number, (COMPOSED, REUSED), page.shown)
    bad = ledger.rows(begun.number, (REFUSED, FAILED), page.shown)
    counts = ledger.counts(begun.number)
    text = _render(
        {
            "number": begun.number,
            "model": begun.model,
            "given_up": begun.given_up,
            "counts": {name: f"{count:,}" for name, count in sorted(counts.items())},
            "total": f"{sum(counts.values()):,}",
            "composed": counts.get(COMPOSED, 0) + counts.get(REUSED, 0),
            "samples": list(_samples(good, folder, out, page.recorded, recordings)),
            "lines": SATB.lines,
            "bad": list(bad),
            "bad_total": counts.get(REFUSED, 0) + counts.get(FAILED, 0),
        }
    )
    files.save(folder / NAME, lambda stream: stream.write(text.encode()))


def _samples(
    rows: Iterable[dict[str, Any]], folder: Path, out: Path, recorded: int, recordings: Recordings
) -> Iterator[dict[str, Any]]:
    """What the template shows of each composition."""
    for index, row in enumerate(rows):
        written = [path for path, _ in row["files"]]
        score = None if row["drawn"] else read_score(out / written[0])
        sound = recordings.of(written[0]) if index < recorded else b""
        yield {
            "title": row["source"],
            "about": ", ".join(
                (row["key"], row["meter"], f"{row['steps']} sixteenths", f"seed {row['seed']}")
            ),
            "status": row["status"],
            "figures": _figures(row["metrics"]),
            "warnings": row["warnings"],
            "files": [(Path(path).name, f"../{quote(path)}") for path in written],
            "drawn": row["drawn"] or (drawn(score) if score else None),
            "sound": _sound(sound, folder, written),
        }


def _sound(recording: bytes, folder: Path, written: Sequence[str]) -> str:
    """An address that plays: the recording beside the page, else a WAV file, else none."""
    if recording:
        name = Path(written[0]).with_suffix(".flac").name
        files.save(folder / name, lambda stream: stream.write(recording))
        return quote(name)
    return next((f"../{quote(path)}" for path in written if path.endswith(".wav")), "")


def _figures(metrics: Mapping[str, float | None]) -> list[tuple[str, str]]:
    known = {name: metrics.get(name) for name in _SHOWN_METRICS}
    return [(LABELS[name], f"{value:.3g}") for name, value in known.items() if value is not None]


def _render(context: dict[str, Any]) -> str:
    from markupsafe import Markup

    return template("kantor.batch", "batch.html.j2").render(context, markup=Markup) + "\n"
