"""Composing in the page: ask for takes, hear them, use one, take it back, compose a part again."""

import re

import httpx
import pytest
from playwright.sync_api import expect
from tests.browser.pieces import OPEN

pytestmark = pytest.mark.long
STEPS = 64  # of the new bars of `piece`


@pytest.fixture
def piece(page, studio):
    """A page with a piece of four bars whose soprano is given; the address of the piece."""
    form = {"bars": 4, "meter": "4/4", "write": True}
    made = httpx.post(f"{studio}/api/pieces", json={"form": form}).raise_for_status().json()
    melody = [[4 * beat, 4 * beat + 4, 67 + beat % 5] for beat in range(16)]
    made["lines"][0] |= {"notes": melody, "given": [[0, STEPS]]}
    address = f"{studio}/api/pieces/{made['id']}"
    httpx.put(address, json=made, headers={"if-match": '"0"'}).raise_for_status()
    page.evaluate(OPEN, made["id"])
    page.get_by_role("button", name="Compose 3 takes").wait_for()
    return address


def kept(address, page):
    """The piece as the server has it, once nothing is left to be saved."""
    page.evaluate("""async () => (await import('/web/js/state/piece.js')).saved()""")
    return httpx.get(address).json()


def notes(piece):
    return [line["notes"] for line in piece["lines"]]


def cells(line, start, end):
    """The pitch in each step of a stretch, None in rests."""
    row = [None] * STEPS
    for first, last, pitch in line:
        row[first:last] = [pitch] * (last - first)
    return row[start:end]


def on_trial(page):
    """The number of the take that is shown and heard instead of the piece."""
    return page.evaluate("async () => (await import('/web/js/state/hearing.js')).preview.value")


def test_three_takes_are_heard_used_starred_and_taken_back(page, piece):
    """The first one is in the piece at once; each step can be undone, and nothing is lost."""
    before = kept(piece, page)
    page.get_by_role("button", name="Compose 3 takes").click()
    cards = page.locator(".takes > li")
    expect(cards).to_have_count(3)
    first = kept(piece, page)
    takes = httpx.get(f"{piece}/takes").json()
    assert notes(first) == takes[0]["notes"]
    assert notes(first)[0] == notes(before)[0]
    for card, take in zip(cards.all(), takes, strict=True):
        expect(card).to_contain_text(take["character"])

    page.keyboard.press("2")
    expect(cards.nth(1)).to_contain_text("on trial")
    assert on_trial(page) == 2
    page.keyboard.press("c")
    assert on_trial(page) is None
    page.keyboard.press("c")
    assert on_trial(page) == 2
    assert notes(kept(piece, page)) == notes(first)

    page.get_by_role("button", name="Use take 2", exact=True).click()
    second = kept(piece, page)
    assert notes(second) == takes[1]["notes"]
    assert second["take"] == 2

    star = page.get_by_role("button", name="Star take 3", exact=True)
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert kept(piece, page)["starred"] == [3]
    for wanted in (second, first, before):
        page.keyboard.press("Control+z")
        assert notes(kept(piece, page)) == notes(wanted)
        assert kept(piece, page)["starred"] == []
    expect(cards).to_have_count(3)


def test_a_part_is_composed_again_and_the_rest_stays(page, piece):
    """Only the selected bars of the selected voices change, on trial first; earlier takes stay."""
    page.keyboard.press("g")
    cards = page.locator(".takes > li")
    expect(cards).to_have_count(3)
    before = kept(piece, page)
    page.evaluate(
        """async () => (await import('/web/js/state/piece.js')).selection.value =
            {start: 16, end: 32, lines: [1, 2]}"""
    )
    page.get_by_role("button", name="Compose bar 2 of alto and tenor again").click()
    expect(page.get_by_text("Take 4 is on trial.")).to_be_visible()
    assert notes(kept(piece, page)) == notes(before)
    page.keyboard.press("u")
    after = kept(piece, page)
    assert after["take"] == 4
    for line in range(4):
        own, new = notes(before)[line], notes(after)[line]
        for start, end in ((0, 16), (32, STEPS)):
            assert cells(own, start, end) == cells(new, start, end)
        if line in (0, 3):
            assert own == new
    page.get_by_text("Earlier takes (3)").click()
    expect(cards).to_have_count(6)


def test_the_piece_is_continued(page, piece):
    """Four more bars, composed with the melody; what was there stays."""
    page.keyboard.press("g")
    cards = page.locator(".takes > li")
    expect(cards).to_have_count(3)
    before = kept(piece, page)
    page.get_by_role("button", name="4 bars").click()
    expect(cards.first).to_contain_text("bars 5–8")
    after = kept(piece, page)
    assert after["steps"] == 2 * STEPS
    for own, new in zip(notes(before), notes(after), strict=True):
        assert new[: len(own) - 1] == own[:-1]
        assert new[-1][1] > STEPS
    for _ in range(2):
        page.keyboard.press("Control+z")
    assert notes(kept(piece, page)) == notes(before)


def test_knobs_say_what_they_do_and_are_sent(page, piece):
    """They stand in the takes, and are as they were after a reload."""
    page.get_by_label("Creative risk").fill("1.4")
    page.get_by_label("Plainness").fill("0.6")
    page.get_by_label("Candidates").fill("3")
    page.get_by_label("Takes", exact=True).fill("2")
    expect(page.locator("output", has_text="very bold")).to_be_visible()
    page.get_by_role("button", name="Compose 2 takes").click()
    expect(page.locator(".takes > li")).to_have_count(2)
    takes = httpx.get(f"{piece}/takes").json()
    assert [(take["temperature"], take["plainness"], take["candidates"]) for take in takes] == [
        (1.4, 0.6, 3)
    ] * 2
    page.reload()
    for name, value in (
        ("Creative risk", "1.4"),
        ("Plainness", "0.6"),
        ("Candidates", "3"),
        ("Takes", "2"),
    ):
        expect(page.get_by_role("slider", name=name)).to_have_value(value)


def test_a_model_is_chosen_from_the_list(page, piece):
    """By keyboard; the piece then names it."""
    chooser = page.locator(".compose_model")
    expect(chooser).to_contain_text("Bach 1")
    chooser.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Models")
    expect(dialog.get_by_text("Beats with a real chord").first).to_be_visible()
    dialog.get_by_role("button", name="Use it").press("Enter")
    expect(dialog).to_be_hidden()
    assert kept(piece, page)["model"] == {"name": "kantor-bach", "version": 1}
    expect(chooser).not_to_contain_text("champion,")


def test_composing_is_stopped(page, piece):
    """The button that stops it; the piece is as it was, and composing works again."""
    page.route(
        re.compile("/takes$"),
        lambda route: None if route.request.method == "POST" else route.continue_(),
    )
    page.keyboard.press("g")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Compose 3 takes")).to_be_enabled()
    page.unroute(re.compile("/takes$"))
    page.keyboard.press("g")
    expect(page.locator(".takes > li")).to_have_count(3)
