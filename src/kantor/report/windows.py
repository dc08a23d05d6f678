"""The figures of every window of an evaluation, so that two evaluations can be compared in pairs.

Conventions
-----------
A table has a row a window, in the order of the pieces, indexed by the ``piece`` (its id) and the
``start`` (step), and a column for each metric that says something of the composed lines. The
figures are not rounded: reading what was written gives equal tables.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.metrics.musical import BY_LINE, evaluate_windows
from kantor.music.score import Score

if TYPE_CHECKING:
    import pandas as pd

NAME = "windows.csv"
SIDES = ("generated", "real")


@dataclass(frozen=True, eq=False)
class Windows:
    """What a model composed under some sopranos, and what Bach did, window by window."""

    generated: pd.DataFrame
    real: pd.DataFrame

    def to_csv(self) -> str:
        """Both tables as one, the column ``side`` telling them apart."""
        import pandas as pd

        tables = dict(zip(SIDES, (self.generated, self.real), strict=True))
        text: str = pd.concat(tables, names=["side"]).to_csv(lineterminator="\n")
        return text

    @classmethod
    def from_csv(cls, text: str) -> Windows:
        """Read what `to_csv` wrote.

        Raises
        ------
        InputError
            If it is something else.
        """
        import pandas as pd

        try:
            both = pd.read_csv(io.StringIO(text))
            both = both.set_index(["side", "piece", "start"]).astype(float)
            sides = both.index.get_level_values("side")
            generated, real = (both[sides == side].droplevel("side") for side in SIDES)
            return cls(generated, real)
        except (ValueError, KeyError) as error:
            fault = " ".join(str(error).split())[:80]
            raise InputError(f"{NAME}: not a table of windows: {fault}") from error


def melody_metrics(ensemble: Ensemble) -> list[str]:
    """The metrics of the melody alone, which say nothing of a model."""
    return [f"{name}_{ensemble.names[ensemble.leads]}" for name in BY_LINE]


def table(scores: Sequence[Score], ids: Sequence[str] | None = None) -> pd.DataFrame:
    """Every metric of every window of `scores`, which are named by `ids` or by their place.

    Raises
    ------
    InputError
        As `kantor.metrics.musical.evaluate_windows`.
    """
    frame = evaluate_windows(scores)
    known = [name for name in melody_metrics(scores[0].ensemble) if name in frame]
    names = range(len(scores)) if ids is None else ids
    return frame.drop(columns=known).rename(index=dict(enumerate(names)), level="piece")
