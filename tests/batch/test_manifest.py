"""The manifest says the same in both forms, and takes no more memory for more rows."""

import csv

import pandas as pd
import pytest

from kantor.batch import manifest


def row(number=0, **other):
    details = {"metrics": {"crossing": 0.25}, "warnings": ["one", "two"], "files": [("a.mid", 9)]}
    return {"source": f"{number}.mid", "status": "composed", "seed": 3, **details, **other}


def test_both_forms_say_the_same(tmp_path):
    """Types of Parquet as promised, cells of CSV as text."""
    manifest.write(tmp_path, [row(1), row(2, metrics={}, files=(), status="refused")])
    parquet = pd.read_parquet(tmp_path / "manifest.parquet")
    text = pd.read_csv(tmp_path / "manifest.csv")
    assert list(parquet) == list(text) == list(manifest.COLUMNS)
    assert parquet["crossing"].tolist()[0] == text["crossing"][0] == 0.25
    assert parquet["crossing"].isna().tolist() == [False, True]
    assert (parquet["warnings"][0], parquet["files"][0]) == ("one; two", "a.mid")


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@SUM(A1)"])
def test_no_name_is_a_formula(tmp_path, name):
    """A spreadsheet that opens the CSV computes nothing."""
    manifest.write(tmp_path, [row(source=name)])
    with (tmp_path / "manifest.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["source"] == f"'{name}"
    assert pd.read_parquet(tmp_path / "manifest.parquet")["source"][0] == name


def test_rows_are_written_as_they_come(tmp_path, monkeypatch):
    """Never more of them are asked for than are written at once."""
    monkeypatch.setattr(manifest, "_AT_ONCE", 10)
    asked, written = [], []
    flat = manifest._cell
    monkeypatch.setattr(manifest, "_cell", lambda value: written.append(value) or flat(value))

    def rows():
        for number in range(95):
            asked.append(number * len(manifest.COLUMNS) - len(written))
            yield row(number)

    manifest.write(tmp_path, rows())
    assert len(pd.read_parquet(tmp_path / "manifest.parquet")) == 95
    assert max(asked) <= 10 * len(manifest.COLUMNS)


def test_a_failure_leaves_what_stood_there(tmp_path):
    """A manifest is there whole or as it was."""
    manifest.write(tmp_path, [row(1)])

    def broken():
        yield row(2)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        manifest.write(tmp_path, broken())
    assert pd.read_parquet(tmp_path / "manifest.parquet")["source"].tolist() == ["1.mid"]
