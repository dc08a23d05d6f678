"""What is expected of the melodies that come in, by great_expectations: what the training had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kantor.data.checks.outcomes import Outcome
from kantor.data.checks.run import quiet_library, run

if TYPE_CHECKING:
    import pandas as pd

_INNER = (0.01, 0.99)  # of the training's values; beyond them a melody is unusual
_SENTENCES = {
    "lowest": "Lowest note",
    "highest": "Highest note",
    "range": "Semitones from the lowest to the highest note",
    "density": "Notes a quarter",
}


def check(came: pd.DataFrame, known: pd.DataFrame, mostly: float) -> list[Outcome]:
    """Check that a share `mostly` of the rows of `came` lies where those of `known` do."""
    with quiet_library():
        table = came.reset_index(drop=True)
        table.insert(0, "melody", [str(row) for row in table.index])
        return run({"melodies": table}, {"melodies": _suite(known, mostly)})


def _suite(known: pd.DataFrame, mostly: float) -> list[Any]:
    import great_expectations.expectations as gxe

    from kantor.data.checks.expectations import check as made

    share = f"for {mostly:.0%} of the melodies"
    checks = []
    for name, sentence in _SENTENCES.items():
        low, high = (float(known[name].quantile(at)) for at in _INNER)
        expected = f"{low:g} to {high:g}, {share}"
        checks.append(
            made(
                gxe.ExpectColumnValuesToBeBetween,
                name,
                sentence,
                expected,
                column=name,
                min_value=low,
                max_value=high,
                mostly=mostly,
            )
        )
    for name in ("key", "meter"):
        values = sorted(set(known[name]))
        expected = f"one of the training's {len(values)}, {share}"
        checks.append(
            made(
                gxe.ExpectColumnValuesToBeInSet,
                name,
                name.capitalize(),
                expected,
                column=name,
                value_set=values,
                mostly=mostly,
            )
        )
    return checks
