"""The page shows what there is, believes no name, and loads nothing; the manifest has every row."""

import csv
import re
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from tests.batch import tunes
from tests.batch.tunes import compose

from kantor.batch import manifest
from kantor.batch.page import drawn
from kantor.music.notation import Notation, Sign, Span
from kantor.music.score import Score, onset_floor

HOSTILE = "<script>alert(1)<&script>.mid"


def page_of(summary):
    """The text of a batch's page, and every address in it."""
    text = (summary.folder / "index.html").read_text()
    return text, re.findall(r'(?:href|src)="([^"]*)"', text)


def test_names_are_escaped_and_links_lead_to_files(inbox, out):
    """In headings, in drawings, in the table of what was refused; nothing else is loaded."""
    (inbox / HOSTILE).write_bytes(tunes.tune(30))
    (inbox / f"bad {HOSTILE}").write_bytes(b"nothing")
    summary = compose(inbox, out)
    text, addresses = page_of(summary)
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") >= 2
    assert text.count("<script") == 1
    addresses = [one for one in addresses if not one.startswith("data:")]
    assert len(addresses) > 10
    assert all((summary.folder / address).exists() for address in addresses)


def test_titles_and_names_are_readable(tmp_path, out):
    """The file's title, else its name; letters of any script; files are called as the melody."""
    inbox = tunes.fill(tmp_path / "inbox", 0)
    for number, name in enumerate(("Мелодия (1).mid", "メロディ.mid", "untitled.mid")):
        title = "Ode an die Freude" if number == 2 else ""
        (inbox / name).write_bytes(tunes.tune(number, title=title))
    summary = compose(inbox, out)
    text, _ = page_of(summary)
    heads = re.findall(r"<h3>(.*?) <small>", text)
    assert sorted(heads) == ["Ode an die Freude", "Мелодия (1)", "メロディ"]
    assert re.findall(r'download="(.*?)"', text) == [
        "untitled.mid",
        "Мелодия_1.mid",
        "メロディ.mid",
    ]
    assert {row["files"] for row in tunes.rows(summary)} == {
        path.relative_to(summary.folder).as_posix() for path in summary.folder.rglob("*.mid")
    }
    assert "from untitled.mid" in text
    assert [row["title"] for row in tunes.rows(summary)] == heads


def test_a_large_batch_shows_its_beginning(inbox, out):
    """And says how many there are."""
    text, _ = page_of(compose(inbox, out, page={"shown": 3, "recorded": 0}))
    assert text.count("<article") == 3
    assert "The first 3 of 11" in " ".join(text.split())


def test_what_was_composed_before_is_drawn_as_well(inbox, out):
    """Read back from its file, to the same drawing, in the colours of the ensemble's lines."""
    first, _ = page_of(compose(inbox, out, page={"shown": 0, "recorded": 0}))
    again, _ = page_of(compose(inbox, out))
    direct, _ = page_of(compose(inbox, out.with_name("direct")))
    rolls = [re.findall(r'<svg class="roll".*?</svg>', text) for text in (first, again, direct)]
    assert [len(drawings) for drawings in rolls] == [0, 11, 11]
    assert rolls[1] == rolls[2]
    assert re.findall(r'class="part"[^>]*>(\w+)', again) == ["soprano", "alto", "tenor", "bass"]


def test_repeats_and_tempi_are_drawn_as_they_sound():
    """So long and so fast that roll and recording go together."""
    pitches = np.full((16, 4), 60, np.int8)
    notation = Notation(signs=(Sign(16, "backward"),), played=(Span(0, 16), Span(0, 16)))
    score = Score(pitches, onset_floor(pitches), tempo=60.0, tempi=((8, 120.0),), notation=notation)
    shown = drawn(score)
    assert (shown["seconds"], shown["tempo"]) == ("6.000", 80.0)


@pytest.mark.parametrize(("longest", "recorded"), [(300.0, 2), (1.0, 0)])
def test_the_first_have_a_recording_beside_the_page(tmp_path, out, monkeypatch, longest, recorded):
    """Made once, of no long piece; the browser plays the others from their notes."""
    audio = pytest.importorskip("kantor.formats.audio")
    made = []
    monkeypatch.setattr(audio, "mp3_bytes", lambda score, rate: made.append(score) or b"ID3")
    monkeypatch.setattr("kantor.batch.page.LONGEST", longest)
    inbox = tunes.fill(tmp_path / "inbox", 5)
    summary = compose(inbox, out, page={"shown": 9, "recorded": 2})
    text, addresses = page_of(summary)
    sounds = sorted({one for one in addresses if one.endswith(".mp3")})
    assert sounds == ["music/tune000.mp3", "music/tune001.mp3"][:recorded]
    assert [(summary.folder / sound).read_bytes() for sound in sounds] == [b"ID3"] * recorded
    assert sum("mp3" in row["files"] for row in tunes.rows(summary)) == recorded
    assert len(made) == text.count("<audio") == recorded
    assert text.count("<button") == 5 - recorded


def row(number=0, **other):
    details = {"metrics": {"crossing": 0.25}, "warnings": ["one", "two"], "names": ["a.mid"]}
    return {"source": f"{number}.mid", "status": "composed", "seed": 3, **details, **other}


@pytest.mark.parametrize("name", ["1.mid", "=1+1", "+a", "-a", "@SUM(A1)"])
def test_both_manifests_say_the_same(tmp_path, name):
    """Types of Parquet as promised; in a spreadsheet that opens the CSV no name is a formula."""
    rows = [row(source=name), row(2, metrics={}, names=[], status="refused")]
    manifest.write(tmp_path, rows)
    parquet = pd.read_parquet(tmp_path / "manifest.parquet")
    text = pd.read_csv(tmp_path / "manifest.csv")
    assert list(parquet) == list(text) == list(manifest.COLUMNS)
    assert parquet["crossing"].tolist()[0] == text["crossing"][0] == 0.25
    assert parquet["crossing"].isna().tolist() == [False, True]
    assert (parquet["warnings"][0], parquet["files"][0]) == ("one; two", "a.mid")
    assert parquet["source"][0] == name
    with (tmp_path / "manifest.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["source"] == (name if name[0] == "1" else f"'{name}")


def test_a_manifest_is_written_as_its_rows_come(tmp_path, monkeypatch):
    """A few of them are in memory at once; one that fails leaves what was there."""
    monkeypatch.setattr(manifest, "_AT_ONCE", 10)
    tables = Mock(side_effect=manifest._table)
    monkeypatch.setattr(manifest, "_table", tables)
    manifest.write(tmp_path, map(row, range(95)))
    assert [len(call.args[0]) for call in tables.call_args_list] == [10] * 9 + [5]

    def broken():
        yield row(2)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        manifest.write(tmp_path, broken())
    assert len(pd.read_parquet(tmp_path / "manifest.parquet")) == 95
