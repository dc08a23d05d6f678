"""The score in the page, and taking a piece away, in a real browser."""

import io
from pathlib import Path

import httpx
import pytest
import soundfile
from PIL import Image
from tests.browser.pieces import OPEN

from kantor.formats.reading import read

pytestmark = pytest.mark.long

PITCHES = (72, 67, 64, 48)


@pytest.fixture
def score(page, studio):
    """The score of eight bars in C major, half notes."""
    form = {"bars": 8, "tempo": 200}
    with httpx.Client(base_url=studio, timeout=60) as client:
        made = client.post("/api/pieces", json={"form": form}).raise_for_status().json()
        made["title"] = "Ein Lied"
        for line, pitch in zip(made["lines"], PITCHES, strict=True):
            line["notes"] = [[at, at + 8, pitch] for at in range(0, 128, 8)]
        headers = {"if-match": f'"{made["revision"]}"'}
        client.put(f"/api/pieces/{made['id']}", json=made, headers=headers).raise_for_status()
    page.evaluate(OPEN, made["id"])
    page.get_by_role("tab", name="Score").click()
    page.wait_for_selector("g.note")
    return page


def state(page, name, module="piece"):
    return page.evaluate(
        f"async () => (await import('/web/js/state/{module}.js')).{name}.value", None
    )


def sounding(page):
    ids = page.eval_on_selector_all(".sounding", "all => all.map(one => one.id)")
    return sorted(ids)


def bar(page, number):
    """The middle of a bar's uppermost staff."""
    box = page.locator("g.measure").nth(number).locator("g.staff").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_it_follows_the_playhead(score):
    """Notes that sound are marked; a click on a note moves the playhead there."""
    score.evaluate("async () => (await import('/web/js/state/transport.js')).seek(20)")
    assert sounding(score) == [f"n-{line}-16-24" for line in range(4)]
    assert score.locator(".score_playhead").is_visible()
    score.locator("#n-1-40-48 .notehead").click()
    assert state(score, "position", "transport") == 40
    assert sounding(score) == [f"n-{line}-40-48" for line in range(4)]


def test_it_selects(score):
    """By dragging over bars, in one voice with Alt, and by keyboard; the roll shows the same."""
    score.mouse.move(*bar(score, 1))
    score.mouse.down()
    score.mouse.move(*bar(score, 2), steps=4)
    score.mouse.up()
    assert state(score, "selection") == {"start": 16, "end": 48, "lines": [0, 1, 2, 3]}
    assert score.locator(".score_band").count() == 2
    score.keyboard.down("Alt")
    score.mouse.move(*bar(score, 2))
    score.mouse.down()
    score.mouse.move(*bar(score, 1), steps=4)
    score.mouse.up()
    score.keyboard.up("Alt")
    assert state(score, "selection") == {"start": 16, "end": 48, "lines": [0]}
    score.get_by_role("tab", name="Roll").click()
    assert state(score, "selection")["lines"] == [0]
    score.get_by_role("tab", name="Score").click()
    score.wait_for_selector("g.note")
    score.locator(".score_scroll").focus()
    score.keyboard.press("Escape")
    score.keyboard.press("Home")
    score.keyboard.press("Shift+ArrowRight")
    score.keyboard.press("Shift+ArrowRight")
    assert state(score, "selection") == {"start": 0, "end": 32, "lines": [0, 1, 2, 3]}
    score.keyboard.press("Escape")
    assert state(score, "selection") is None


def test_it_shows_what_was_changed(score):
    """After a change is saved the score is engraved again, chords and all."""
    assert "C" in score.locator("g.harm").first.text_content()
    edit = "draft.lines[0].notes = [[0, 128, 69]]; draft.lines[1].notes = [[0, 128, 64]]"
    edit += "; draft.lines[3].notes = [[0, 128, 57]]; draft.lines[2].notes = [[0, 128, 60]]"
    score.evaluate(
        "async () => (await import('/web/js/state/piece.js'))"
        f".change('rewrite', draft => {{ {edit} }})"
    )
    score.wait_for_selector("#n-0-0-16")
    assert score.locator("g.harm").first.text_content().strip() == "Am"
    score.get_by_label("Staves").select_option("closed")
    score.wait_for_selector("#n-1-0-16 >> xpath=ancestor::*[contains(@class,'staff')] >> #n-0-0-16")


def test_every_export_is_downloaded(score, tmp_path):
    """Under the piece's name, and each can be read."""
    menu = score.locator(".export_menu summary")
    menu.focus()
    score.keyboard.press("Enter")
    for kind in ("pdf", "musicxml", "svg", "mp3", "ogg", "wav", "mid", "png"):
        with score.expect_download(timeout=60_000) as waiting:
            score.locator(f"[data-kind={kind}]").click()
        assert waiting.value.suggested_filename == f"Ein_Lied.{kind}"
        path = tmp_path / f"tune.{kind}"
        waiting.value.save_as(path)
        readable(path, kind)
    score.keyboard.press("Escape")
    assert not score.locator(".export_list").is_visible()


def readable(path: Path, kind):
    data = path.read_bytes()
    if kind in ("mid", "musicxml"):
        assert len([part for part in read(path).parts if part.notes]) == 4
    elif kind in ("mp3", "ogg", "wav"):
        assert soundfile.info(path).duration > 9.6
    elif kind == "png":
        assert Image.open(io.BytesIO(data)).width > 1000
    else:
        assert data.startswith(b"%PDF" if kind == "pdf" else b"<svg")


def test_printing(score):
    """Pages of A4, and nothing else of the page."""
    # Emulating print media says that printing has ended.
    score.evaluate(
        "() => { addEventListener('afterprint', one => one.stopImmediatePropagation());"
        "window.print = () => { document.body.dataset.printed = 'yes' } }"
    )
    score.get_by_role("button", name="Print…", exact=True).click()
    score.wait_for_selector("body[data-printed]")
    score.emulate_media(media="print")
    assert score.locator(".print_sheet svg g.note").first.is_visible()
    assert not score.locator("#app").is_visible()
    assert "Ein Lied" in score.locator(".print_sheets").text_content()
