"""Read all sources in parallel into a corpus, its manifest, its windows and the refused files."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import files, processes, settings
from kantor.data import corpus as corpora
from kantor.data import sources, windows
from kantor.data.corpus import SPLITS, Corpus, Piece, Refusal, content_hash
from kantor.data.sources import Task
from kantor.data.splits import with_splits
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_FEW = 32  # so few files are read sooner than a pool starts
_LINE_SECONDS = 10.0  # between lines of progress where there is no terminal


def ingest(params: settings.Ingest, folder: Path, ensemble: Ensemble = SATB) -> str:
    """Read the sources that `params` names, as scores of `ensemble`, and write what they hold.

    Writes scores.npz, manifest.csv, refused.csv and windows.npz into `folder`. They depend on the
    files and `params` alone, not on the number of workers. Pieces stand in the order of the
    sources, and within them of their files. A piece whose notes or id an earlier one has is
    refused, so that no split holds another's music. So is one that is too short for a window.

    Returns
    -------
    str
        One line: pieces by split, windows, refused files.

    Raises
    ------
    InputError
        If a source is not there, or there are too few pieces in them.
    """
    import pandas as pd

    tasks = [task for source in params.sources for task in sources.tasks(source, ensemble)]
    read = _progress(read_all(tasks, params.workers), len(tasks))
    items = (item for some in read for item in some)
    corpus, refused = _distinct(items, params.windows)
    if not corpus:
        first = f"; the first of {len(refused)} refused: {refused[0]}" if refused else ""
        paths = ", ".join(str(source.path) for source in params.sources) or "ingest.sources"
        raise InputError(f"{paths}: no score of {', '.join(ensemble.names)}{first}")
    corpus = with_splits(corpus, params.split)
    cut = windows.cut(corpus, params.windows, ensemble)
    folder.mkdir(parents=True, exist_ok=True)
    corpora.save(corpus, folder / "scores.npz")
    _save_table(corpora.manifest(corpus), folder / "manifest.csv")
    table = pd.DataFrame(list(map(astuple, refused)), columns=["file", "reason"])
    _save_table(table, folder / "refused.csv")
    windows.save(cut, folder / "windows.npz")
    count = Counter(piece.split for piece in corpus)
    splits = ", ".join(f"{split} {count[split]}" for split in SPLITS)
    return (
        f"{len(corpus)} pieces ({splits}), {len(cut.piece)} windows, {len(refused)} files refused"
    )


def _save_table(frame: pd.DataFrame, path: Path) -> None:
    files.save(path, lambda stream: frame.to_csv(stream, index=False, lineterminator="\n"))


def read_all(tasks: Sequence[Task], workers: int) -> Iterator[list[Piece | Refusal]]:
    """What each of `tasks` holds, in their order; a file that ends its reader is refused."""
    if workers == 1 or len(tasks) <= _FEW:
        yield from map(sources.read, tasks)
        return
    pool = processes.Workers(workers, sources.__name__)
    try:
        calls = [pool.submit(sources.read, task) for task in tasks]
        for task, call in zip(tasks, calls, strict=True):
            try:
                yield call.result()
            except processes.Died:
                yield [Refusal(str(task.path), "reading it ended the process")]
    finally:
        pool.close()


def _progress(
    results: Iterable[list[Piece | Refusal]], total: int
) -> Iterator[list[Piece | Refusal]]:
    """Pass `results` on, with a bar on a terminal and a line now and then elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        yield from track(results, "Reading scores", total, console=console, transient=True)
        return
    last = time.monotonic()
    for count, result in enumerate(results, 1):
        yield result
        if time.monotonic() - last > _LINE_SECONDS:
            last = time.monotonic()
            print(f"ingest: {count} of {total} files read", file=sys.stderr, flush=True)


def _distinct(
    read: Iterable[Piece | Refusal], sizes: settings.Windows
) -> tuple[Corpus, list[Refusal]]:
    """The pieces that give a window, each id and each content once, and what was refused."""
    pieces: dict[str, Piece] = {}  # by content
    refused: list[Refusal] = []
    ids: set[str] = set()
    for item in read:
        if isinstance(item, Refusal):
            refused.append(item)
        elif item.id in ids:
            refused.append(Refusal(item.id, "another source holds a piece of this name"))
        elif (content := content_hash(item.score)) in pieces:
            refused.append(Refusal(item.id, f"the same notes as {pieces[content].id}"))
        elif not windows.starts(item, sizes):
            half = sizes.steps // 2
            few = f"fewer than {half} sixteenths from its first whole bar on, half a window"
            refused.append(Refusal(item.id, f"{few} (ingest.windows.steps in params.yaml)"))
        else:
            pieces[content] = item
            ids.add(item.id)
    return tuple(pieces.values()), refused
