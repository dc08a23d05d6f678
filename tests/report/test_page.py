"""The page: self-contained, robust against what is missing, safe against what is hostile."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from kantor.metrics.cadences import LABELS
from kantor.report.measuring import Bodies, compare
from kantor.report.page import FILM, KINDS, grouped, write_page
from kantor.report.samples import Sample, embed, shown


class Outline(HTMLParser):
    """Ids, addresses and unclosed elements of a page."""

    VOID = ("meta", "link", "img", "input")

    def __init__(self):
        super().__init__()
        self.ids, self.addresses, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[name] for name in ("src", "href") if found.get(name)]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in ("path", "rect", "circle", "line")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(path):
    text = path.read_text()
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    inside = [address[1:] for address in outline.addresses if address.startswith("#")]
    assert set(inside) <= {*outline.ids}
    return text, outline


@pytest.mark.parametrize("damage", [None, "", "[]", "{", '{"status": 3}', "\x00"])
def test_damaged_files_leave_their_section_out(tmp_path, damage):
    """Whatever stands in the files of other stages, and if there are none, the page is written."""
    (tmp_path / "training").mkdir()
    names = ("training/health.json", "training/reference.json", "training/history.csv")
    for name in (*names, "validation.json") if damage is not None else ():
        (tmp_path / name).write_text(damage)
    write_page(tmp_path, tmp_path / "model.json", [])
    text, _ = read(tmp_path / "report.html")
    assert "Nothing was measured" in text


def test_history_without_some_columns_is_drawn(tmp_path):
    """A training without a critic, say, shows the curves that it has and no others."""
    folder = tmp_path / "training"
    folder.mkdir()
    rows = [f"{at},{1 / (at + 1)},{0.5 if at % 2 else ''}" for at in range(10)]
    text = "iteration,likelihood,metric_crossing\n" + "\n".join(rows)
    (folder / "history.csv").write_text(text)
    (folder / "reference.json").write_text(json.dumps({"crossing": {"mean": 0.1, "sd": 0.2}}))
    write_page(tmp_path, tmp_path / "model.json", [])
    page, _ = read(tmp_path / "report.html")
    assert "Cross-entropy" in page
    assert (
        "Voice crossing over the iterations; at the end generated 0.5; training data 0.1 ± 0.2."
        in page
    )
    assert "Wasserstein" not in page


def test_text_from_files_cannot_become_markup(tmp_path):
    """A title or a message with markup in it is shown as text."""
    evil = "</style><script>alert(1)</script>"
    (tmp_path / "training").mkdir()
    finding = {"iteration": 1, "kind": evil, "message": evil}
    health = {"status": "stopped", "findings": [finding], "stopped_by": evil}
    (tmp_path / "training" / "health.json").write_text(json.dumps(health))
    card = {"preset": evil, "params": {evil: {evil: evil}}}
    (tmp_path / "model.json").write_text(json.dumps(card))
    write_page(tmp_path, tmp_path / "model.json", [])
    page, _ = read(tmp_path / "report.html")
    assert "alert(1)" in page
    assert page.count("<script>") == 1
    assert evil not in page


def test_nothing_is_loaded_from_elsewhere(tmp_path, corpus):
    """Every address on the page is data, a place on it, or a file beside it."""
    score = corpus[0].score
    write_page(tmp_path, tmp_path / "model.json", [Sample("made-0", 0, score, score)])
    page, outline = read(tmp_path / "report.html")
    assert not re.search(r"https?://|@import|url\(", page)
    assert all(re.match(r"data:|#|[\w.-]+/[\w./-]+$", one) for one in outline.addresses)
    assert page.count("data:audio/mpeg") == 2
    assert "<b>&</b>" not in page


def test_sound_stops_where_the_room_ends(corpus, tmp_path):
    """Sound beyond the limit is not embedded; the composition is played from its file then. All
    takes are rendered at the same time; none is changed or exchanged by that.
    """
    scores = [piece.score for piece in corpus[:3]]
    together = embed(scores, 10_000_000)
    assert len(set(together)) == len(scores)
    assert embed([scores[1], scores[1]], len(together[1])) == [together[1], ""]
    samples = shown([Sample("made-0", 0, scores[0], scores[0])], tmp_path / "samples", 0)
    assert [take["sound"] for take in samples[0]["takes"]] == ["samples/made-0.wav", ""]


ENTRY = {"real": 0.5, "real_spread": 0.1, "baseline": {"shuffled": 0.2, "random": 0.9}}
PART = {
    "pieces": 2,
    "generated": {"crossing": 0.25, "leaps_bass": None},
    "real": {"crossing": 0.0, "leaps_bass": 0.3},
}


@pytest.fixture
def shown_as_text(tmp_path):
    """The text of a page of these figures, beside a split and a number of pieces."""

    def write(figures):
        (tmp_path / "metrics.json").write_text(
            json.dumps(figures | {"split": "valid", "pieces": 7})
        )
        write_page(tmp_path, tmp_path / "model.json", [])
        page, outline = read(tmp_path / "report.html")
        text = re.sub(r"<(style|script|svg).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
        return " ".join(text.split()), outline.ids

    return write


def test_every_metric_that_can_be_measured_is_explained(corpus, shown_as_text):
    """No metric reaches the page without a group, a name and an entry in the glossary."""
    real = [piece.score for piece in corpus]
    names = list(compare(Bodies(real, real, {}, real)))
    assert sorted(name for group in grouped(names).values() for name in group) == sorted(names)
    entry = ENTRY | {"generated": 0.5, "verdict": "alike"}
    text, _ = shown_as_text({"metrics": dict.fromkeys(names, entry)})
    glossary = text.partition("How to read the metrics Parallel")[2]
    missing = [kind for kind, label in KINDS.items() if label[1:] not in f"arallel{glossary}"]
    assert missing == []


def test_the_verdict_is_said_in_numbers(shown_as_text):
    """The page's first lines count what is alike, in range and outside."""
    figures = {
        "metrics": {
            "crossing": {**ENTRY, "generated": 0.5, "verdict": "alike"},
            "empty_bars": {**ENTRY, "generated": 0.55, "verdict": "in range"},
            "leaps_bass": {**ENTRY, "generated": 0.95, "verdict": "outside"},
        },
    }
    text, ids = shown_as_text(figures)
    assert "2 of 3 metrics lie in the range of real pieces" in text
    assert "alto, tenor and bass to the soprano of 7 pieces of the validation split" in text
    assert "Furthest off: leaps of a fourth or more, bass (0.950, real 0.500)." in text
    assert "2 are at least as near to the real ones as random notes are." in text
    assert not {"cadences", "meters", "givens"} & {*ids}  # nothing was measured of these


def test_smaller_tables_show_every_figure(shown_as_text):
    """Phrase ends, each meter and each task have their row; a missing figure is a dash."""
    entry = {**ENTRY, "generated": 0.843, "verdict": "outside"}
    entry["baseline"] = {"block": 0.9, "triads": 0.7, "shuffled": 0.2, "random": None}
    ends = {"count": {"real": 1234, "baseline": entry["baseline"]}, **dict.fromkeys(LABELS, entry)}
    figures = {"metrics": {"crossing": entry}, "phrase_ends": ends, "new_tunes": PART}
    figures["by_meter"] = {"4/4": PART, "others": {"pieces": 0}}
    text, _ = shown_as_text(figures | {"other_givens": {"alto": PART, "two_bars_open": PART}})
    assert "84% of its phrases end on a triad in root position (real: 50%)." in text
    assert "these pieces have 1,234 of them" in text
    assert "Triad in root position 0.843 0.500 ± 0.100 0.900 0.700 0.200 – outside" in text
    row = "2 pieces 0.250 real 0 – real 0.300"
    for name in ("In 4/4", "New tunes", "Alto", "All but two bars"):
        assert f"{name} {row}" in text
    assert "In other meters" not in text


def test_the_last_frame_stands_in_for_the_animation(tmp_path):
    """Print and readers who want no motion get the animation's last frame."""
    from PIL import Image

    frames = [Image.fromarray(np.full((8, 12, 3), shade, np.uint8)) for shade in (0, 120, 250)]
    frames[0].save(tmp_path / FILM, save_all=True, append_images=frames[1:])
    write_page(tmp_path, tmp_path / "model.json", [])
    page, _ = read(tmp_path / "report.html")
    assert page.count("data:image/gif;base64,") == 1
    assert page.count("data:image/png;base64,") == 1
    assert 'width="12" height="8"' in page
