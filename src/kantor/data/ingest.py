"""Read all sources in parallel into a corpus, its manifest, its windows and the refused files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import files, settings
from kantor.data import corpus as corpora
from kantor.data import sources, windows
from kantor.data.corpus import SPLITS, Corpus, Piece, Refusal, content_hash
from kantor.data.parallel import progress, read_all
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Ingested:
    """What the sources hold.

    Attributes
    ----------
    corpus : tuple of Piece
        In the order of the sources, and within them of their files.
    windows : Windows
    refused : tuple of Refusal
        Every file that is in the sources and not in the corpus.
    """

    corpus: Corpus
    windows: windows.Windows
    refused: tuple[Refusal, ...]

    @property
    def summary(self) -> str:
        """One line: pieces by split, windows, refused files."""
        count = Counter(piece.split for piece in self.corpus)
        splits = ", ".join(f"{split} {count[split]}" for split in SPLITS)
        return (
            f"{len(self.corpus)} pieces ({splits}), {len(self.windows.piece)} windows, "
            f"{len(self.refused)} files refused"
        )


def ingest(params: settings.Ingest, ensemble: Ensemble = SATB) -> Ingested:
    """Read the sources that `params` names, as scores of `ensemble`.

    The result depends on the files and `params` alone, not on the number of workers. A piece
    whose notes or id an earlier one has is refused, so that no split holds another's music.

    Raises
    ------
    InputError
        If a source is not there, or there is no piece in any of them.
    """
    tasks = [
        task for source in params.sources for task in sources.tasks(source, params.split, ensemble)
    ]
    read = progress(read_all(tasks, params.workers), len(tasks))
    corpus, refused = _distinct(item for items in read for item in items)
    if not corpus:
        first = f"; the first of {len(refused)} refused: {refused[0]}" if refused else ""
        paths = ", ".join(str(source.path) for source in params.sources) or "ingest.sources"
        raise InputError(f"{paths}: no score of {', '.join(ensemble.names)}{first}")
    return Ingested(corpus, windows.cut(corpus, params.windows, ensemble), refused)


def write(ingested: Ingested, folder: Path) -> None:
    """Write scores.npz, manifest.csv, refused.csv and windows.npz into `folder`."""
    import pandas as pd

    refused = pd.DataFrame(
        [(refusal.file, refusal.reason) for refusal in ingested.refused],
        columns=["file", "reason"],
    )
    folder.mkdir(parents=True, exist_ok=True)
    corpora.save(ingested.corpus, folder / "scores.npz")
    _save_table(corpora.manifest(ingested.corpus), folder / "manifest.csv")
    _save_table(refused, folder / "refused.csv")
    windows.save(ingested.windows, folder / "windows.npz")


def _save_table(frame: pd.DataFrame, path: Path) -> None:
    files.save(path, lambda stream: frame.to_csv(stream, index=False, lineterminator="\n"))


def _distinct(read: Iterable[Piece | Refusal]) -> tuple[Corpus, tuple[Refusal, ...]]:
    """The pieces, each id and each content once, and what was refused."""
    pieces: list[Piece] = []
    refused: list[Refusal] = []
    by_content: dict[str, str] = {}
    ids: set[str] = set()
    for item in read:
        if isinstance(item, Refusal):
            refused.append(item)
            continue
        content = content_hash(item.score)
        if item.id in ids:
            refused.append(Refusal(item.id, "another source holds a piece of this name"))
        elif content in by_content:
            refused.append(Refusal(item.id, f"the same notes as {by_content[content]}"))
        else:
            by_content[content] = item.id
            ids.add(item.id)
            pieces.append(item)
    return tuple(pieces), tuple(refused)
