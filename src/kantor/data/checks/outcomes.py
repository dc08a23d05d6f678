"""What one check found, in words for a person and in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS = {
    "tensors": "arrays",
    "manifest": "pieces",
    "windows": "windows",
    "splits": "splits",
    "melodies": "melodies",
}
SHOWN = 3  # values and places that a person is shown


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes
    ----------
    level : str
        The table it looked at: one of `ROWS`.
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

    @property
    def line(self) -> str:
        """One line for a person: what was expected, what was found, and where."""
        more = max(self.failures - len(self.places), 0) if self.places else 0
        where = f": {', '.join(self.places)}" if self.places else ""
        where += f" and {more:,} more" if more else ""
        return f"{self.name}: {self.sentence}: expected {self.expected}; found {self.found}{where}"


def outcome_of(level: str, check: Any, found: Mapping[str, Any], frame: pd.DataFrame) -> Outcome:
    """What became of a check; `found` has the library's result of each that was made, by name."""
    meta = check.meta
    base = Outcome(level, meta["check"], meta["sentence"], meta["expected"], "", None)
    told = asdict(base) | {"places": ()}
    if meta["check"] not in found:
        missing = ", ".join(sorted(columns_of(check) - {*frame}))
        return Outcome(**told | {"found": f"not checked, for want of {missing}"})
    evaluated = found[meta["check"]]
    result, success = evaluated.result, bool(evaluated.success)
    if not result:
        return Outcome(**told | {"found": _exception(evaluated), "success": False})
    seen = _of_rows if "element_count" in result else _of_table
    return Outcome(**told | {"success": success} | seen(level, check, result, frame, success))


def columns_of(check: Any) -> set[str]:
    """Columns of the table that a check reads."""
    names = (getattr(check, name, None) for name in ("column", "column_A", "column_B"))
    return {name for name in names if name is not None}


def _exception(evaluated: Any) -> str:
    """What the library raised instead of a result, on one line."""
    info = evaluated.exception_info or {}
    nested = [info, *(one for one in info.values() if isinstance(one, dict))]
    messages = [str(one["exception_message"]) for one in nested if one.get("exception_message")]
    return " ".join((messages or ["no result"])[0].split())[:200]


def _of_rows(
    level: str, check: Any, result: Mapping[str, Any], frame: pd.DataFrame, success: bool
) -> dict[str, Any]:
    """What a check of every row found."""
    failures = int(result["unexpected_count"])
    rows = int(result["element_count"]) - int(result["missing_count"])
    places = [str(one[frame.columns[0]]) for one in result.get("partial_unexpected_index_list", [])]
    figure = None
    extreme = check.meta.get("figure")
    if extreme and rows:
        figure = float(frame[check.column].agg(extreme))
    elif getattr(check, "mostly", 1) < 1 and rows:
        figure = failures / rows
    values = [_shown(check, one) for one in result["partial_unexpected_list"]]
    distinct = ", ".join([value for value in dict.fromkeys(values) if value][:SHOWN])
    counted = f"{failures:,} of {rows:,} {ROWS[level]}"
    if failures:
        found = f"{distinct} in {counted}" if distinct else counted
    elif figure:
        found = f"{figure:.3g} at {'least' if extreme == 'min' else 'most'}"
    else:
        found = f"as expected in all {rows:,} {ROWS[level]}" if rows else f"no {ROWS[level]}"
    return {
        "found": found,
        "failures": failures,
        "rows": rows,
        "places": tuple(dict.fromkeys(places))[:SHOWN],
        "figure": figure,
    }


def _shown(check: Any, value: Any) -> str:
    """A value that a check did not expect, in words."""
    values = value if isinstance(value, (list, tuple)) else [value]
    words = [
        f"{one:.3g}" if isinstance(one, float) else str(one).strip() or "nothing" for one in values
    ]
    return str(check.meta.get("shown", "{0}")).format(*words)


def _of_table(
    level: str, check: Any, result: Mapping[str, Any], frame: pd.DataFrame, success: bool
) -> dict[str, Any]:
    """What a check of a whole column or table found."""
    observed = result.get("observed_value")
    if isinstance(observed, (list, tuple)):
        missing = sorted({*check.column_set} - {*frame})
        return {"found": f"no {', '.join(missing)}" if missing else "all of them"}
    if observed is None or observed != observed:
        return {"found": "no values", "success": False}
    if not columns_of(check):
        return {"found": f"{observed:,}"}
    places = () if success else _furthest(check, frame)
    return {"found": f"{observed:.4g}", "figure": float(observed), "places": places}


def _furthest(check: Any, frame: pd.DataFrame) -> tuple[str, ...]:
    """The pieces whose own mean is furthest on the side that was not expected."""
    means = frame.groupby("piece")[check.column].mean().dropna()
    worst = means.sort_values(ascending=check.max_value is None, kind="stable")
    return tuple(f"{piece} ({mean:.3g})" for piece, mean in worst.head(SHOWN).items())
