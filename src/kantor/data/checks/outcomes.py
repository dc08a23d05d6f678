"""What one check found, in words for a person and in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_ROWS = {"tensors": "arrays", "manifest": "pieces"}  # what a table's rows are, if not its name
SHOWN = 3  # values and places that a person is shown


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes
    ----------
    level : str
        The table it looked at.
    name, sentence, expected, found : str
        Its short name, what it looks at, and both sides in words.
    success : bool or None
        None where the data did not allow the check; another check's failure says why.
    failures, rows : int
        How many rows of the table failed, of how many that have a value. 0 for a check of the
        table as a whole.
    places : tuple of str
        The first windows, pieces, arrays or splits that failed; for a mean, the pieces furthest
        beyond.
    remedy : str
        What a person may change so that the data pass; empty where only the data can be mended.
    figure : float or None
        The number to watch: a mean, the share of failures that is allowed for, or the greatest
        drift.
    """

    level: str
    name: str
    sentence: str
    expected: str
    found: str
    success: bool | None
    failures: int = 0
    rows: int = 0
    places: tuple[str, ...] = ()
    figure: float | None = None
    remedy: str = ""

    @property
    def line(self) -> str:
        """One line for a person: what was expected, what was found, where, and what may help."""
        more = max(self.failures - len(self.places), 0) if self.places else 0
        where = f": {', '.join(self.places)}" if self.places else ""
        where += f" and {more:,} more" if more else ""
        said = f"{self.sentence}: expected {self.expected}; found {self.found}{where}"
        return f"{self.name}: {said}" + (f"; to admit it, {self.remedy}" if self.remedy else "")


def outcome_of(level: str, check: Any, results: Mapping[str, Any], table: pd.DataFrame) -> Outcome:
    """The outcome of a check of `table`; `results` has the library's result of each, by name.

    Raises
    ------
    RuntimeError
        If the library met a fault of its own.
    """
    name, sentence, expected = (check.meta[one] for one in ("check", "sentence", "expected"))
    outcome = Outcome(level, name, sentence, expected, "", None, remedy=check.meta["remedy"])
    if name not in results:
        missing = ", ".join(sorted(columns_of(check) - {*table}))
        return replace(outcome, found=f"not checked, for want of {missing}")
    validated = results[name]
    if not validated.result:
        raise RuntimeError(f"{name}: {validated.exception_info}")
    outcome = replace(outcome, success=bool(validated.success))
    described = _of_rows if "element_count" in validated.result else _of_table
    return described(outcome, check, validated.result, table)


def columns_of(check: Any) -> set[str]:
    """Columns of the table that a check reads."""
    names = (getattr(check, name, None) for name in ("column", "column_A", "column_B"))
    return {name for name in names if name is not None}


def _of_rows(
    outcome: Outcome, check: Any, result: Mapping[str, Any], table: pd.DataFrame
) -> Outcome:
    """The outcome of a check of every row."""
    failures = int(result["unexpected_count"])
    rows = int(result["element_count"]) - int(result["missing_count"])
    extreme, figure = check.meta["figure"], None
    if extreme and rows:
        figure = float(table[check.column].agg(extreme))
    elif getattr(check, "mostly", 1) < 1 and rows:
        figure = failures / rows
    level = outcome.level.rpartition("_")[2]
    kind = _ROWS.get(level, level)
    if failures:
        texts = [_shown(check, value) for value in result["partial_unexpected_list"]]
        values = ", ".join([text for text in dict.fromkeys(texts) if text][:SHOWN])
        found = f"{values} in " if values else ""
        found += f"{failures:,} of {rows:,} {kind}"
    elif figure:
        found = f"{figure:.3g} at {'least' if extreme == 'min' else 'most'}"
    else:
        found = f"as expected in all {rows:,} {kind}" if rows else f"no {kind}"
    named = result.get("partial_unexpected_index_list", [])
    places = tuple(dict.fromkeys(str(row[table.columns[0]]) for row in named))[:SHOWN]
    return replace(outcome, found=found, failures=failures, rows=rows, places=places, figure=figure)


def _shown(check: Any, value: Any) -> str:
    """A value that a check did not expect, in words."""
    values = value if isinstance(value, (list, tuple)) else [value]
    words = [
        f"{one:.3g}" if isinstance(one, float) else str(one).strip() or "nothing" for one in values
    ]
    return str(check.meta["shown"]).format(*words)


def _of_table(
    outcome: Outcome, check: Any, result: Mapping[str, Any], table: pd.DataFrame
) -> Outcome:
    """The outcome of a check of a whole column or table."""
    observed = result.get("observed_value")
    if isinstance(observed, (list, tuple)):
        missing = sorted({*check.column_set} - {*table})
        return replace(outcome, found=f"no {', '.join(missing)}" if missing else "all of them")
    if observed is None or observed != observed:
        return replace(outcome, found="no values", success=False)
    if not columns_of(check):
        return replace(outcome, found=f"{observed:,}")
    places: tuple[str, ...] = ()
    if not outcome.success:  # the pieces whose own means are furthest on the wrong side
        means = table.groupby("piece")[check.column].mean().dropna()
        worst = means.sort_values(ascending=check.max_value is None, kind="stable").head(SHOWN)
        places = tuple(f"{piece} ({mean:.3g})" for piece, mean in worst.items())
    return replace(outcome, found=f"{observed:.4g}", figure=float(observed), places=places)
