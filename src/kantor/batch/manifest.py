"""The manifest: a row a file, as Parquet and as CSV, written as it is read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.batch.worker import METRICS

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 5_000  # rows in memory
_FORMULA = ("=", "+", "-", "@")

COLUMNS: dict[str, str] = {
    **dict.fromkeys(("source", "title", "status", "reason", "files", "model"), "string"),
    **dict.fromkeys(("seed", "takes"), "int64"),
    **dict.fromkeys(("key", "meter"), "string"),
    "steps": "int64",
    **dict.fromkeys(METRICS, "float64"),
    "warnings": "string",
    "seconds": "float64",
    **dict.fromkeys(("finished", "sha256", "composition"), "string"),
}
"""What each row says, and of what type. Metrics are means over a melody's takes."""


def write(folder: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write ``manifest.parquet`` and ``manifest.csv`` into `folder`, each whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in COLUMNS.items()])
    targets = [folder / "manifest.parquet", folder / "manifest.csv"]
    partial = [path.with_name(f".{path.name}") for path in targets]
    flat = map(_flat, rows)
    with ExitStack() as stack:
        parquet = stack.enter_context(pq.ParquetWriter(partial[0], schema))
        text = stack.enter_context(partial[1].open("w", newline="", encoding="utf-8"))
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        while some := list(islice(flat, _AT_ONCE)):
            parquet.write_table(_table(some, schema))
            table.writerows(map(_cell, row.values()) for row in some)
    for source, target in zip(partial, targets, strict=True):
        source.replace(target)


def prepare() -> None:
    """Load what `write` needs, which takes a quarter of a second."""
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as Arrow has them; to make them of lists it would import pandas."""
    from pyarrow import json as reader

    data = "\n".join(map(json.dumps, rows)).encode()
    return reader.read_json(
        io.BytesIO(data),
        reader.ReadOptions(block_size=len(data) + 1),
        reader.ParseOptions(explicit_schema=schema),
    )


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the ledger as the manifest shows it, in the order of its columns."""
    shown = dict(row) | dict(row.get("metrics") or {})
    shown["warnings"] = "; ".join(row.get("warnings") or ())
    shown["files"] = ";".join(row.get("names") or ())
    return {name: shown.get(name) for name in COLUMNS}


def _cell(value: Any) -> Any:
    """A cell of the CSV; a spreadsheet shall not take a file's name for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
