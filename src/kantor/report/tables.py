"""What an evaluation counted, as tables: of every window, and of every piece.

Conventions
-----------
A *table of windows* has a row a window, in the order of the pieces, indexed by the ``piece`` (its
id) and the ``start`` (step), and a column for each metric that says something of the composed
lines. Its figures follow the reference protocol of `kantor.metrics.musical`; they are not rounded.

A *table of tallies* has two rows a piece, indexed by the ``piece`` and the ``count``: ``hits`` and
``chances``. It has a column for each mark of `kantor.metrics.part_writing`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.metrics.musical import by_line, evaluate_windows
from kantor.metrics.part_writing import tally
from kantor.music.score import Score

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("generated", "real")
WINDOWS, TALLIES = "windows.csv", "tallies.csv"
COUNTS = ("hits", "chances")


@dataclass(frozen=True, eq=False)
class Tables:
    """Both tables of the same settings."""

    windows: pd.DataFrame
    tallies: pd.DataFrame


def window_table(
    scores: Sequence[Score], ids: Sequence[str] | Sequence[int] | None = None
) -> pd.DataFrame:
    """Every metric of every window of `scores`, which are named by `ids` or by their place.

    Raises
    ------
    InputError
        As `kantor.metrics.musical.evaluate_windows`.
    """
    frame = evaluate_windows(scores).drop(columns=melody_metrics(scores[0].ensemble))
    return frame.rename(index=_names(scores, ids), level="piece")


def tally_table(
    scores: Sequence[Score], real: Sequence[Score], ids: Sequence[str] | Sequence[int] | None = None
) -> pd.DataFrame:
    """Every mark of every one of `scores`, each beside the `real` setting of its melody."""
    import pandas as pd

    counted = [tally(*pair) for pair in zip(scores, real, strict=True)]
    rows = [{name: counts[at] for name, counts in one.items()} for one in counted for at in (0, 1)]
    pieces = _names(scores, ids).values()
    index = pd.MultiIndex.from_product([pieces, COUNTS], names=["piece", "count"])
    return pd.DataFrame(rows, index, dtype=float)


def hits_and_chances(tallies: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two counts of a table of tallies, each a row a piece: that of all its takes."""
    by_piece = tallies.groupby(level=["piece", "count"], sort=False).sum(min_count=1)
    counts = by_piece.index.get_level_values("count")
    hits, chances = (by_piece[counts == count].droplevel("count") for count in COUNTS)
    return hits, chances


def _names(
    scores: Sequence[Score], ids: Sequence[str] | Sequence[int] | None
) -> dict[int, int | str]:
    return dict(enumerate(range(len(scores)) if ids is None else ids))


def to_csv(generated: pd.DataFrame, real: pd.DataFrame) -> str:
    """Two tables of one kind as one, the column ``side`` telling them apart."""
    import pandas as pd

    tables = dict(zip(SIDES, (generated, real), strict=True))
    text: str = pd.concat(tables, names=["side"]).to_csv(lineterminator="\n")
    return text


def from_csv(text: str, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read what `to_csv` wrote into the file `name`; the tables are equal.

    Raises
    ------
    InputError
        If it is something else.
    """
    import pandas as pd

    second = {WINDOWS: "start", TALLIES: "count"}[name]
    try:
        both = pd.read_csv(io.StringIO(text))
        both = both.set_index(["side", "piece", second]).astype(float)
        sides = both.index.get_level_values("side")
        generated, real = (both[sides == side].droplevel("side") for side in SIDES)
    except (ValueError, KeyError) as error:
        fault = " ".join(str(error).split())[:80]
        kind = name.partition(".")[0]
        raise InputError(f"{name}: not a table of {kind}: {fault}") from error
    return generated, real


def melody_metrics(ensemble: Ensemble) -> list[str]:
    """The metrics of the melody alone, which say nothing of a model."""
    lead = ensemble.names[ensemble.leads]
    return [f"{name}_{lead}" for name, (_, lines) in by_line(ensemble).items() if lead in lines]
