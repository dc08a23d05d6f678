"""Pieces for tests in a browser: made over the API, opened and changed on the page."""

import httpx
from playwright.sync_api import expect

FORM = {"bars": 4, "meter": "4/4", "key": {"fifths": 1, "mode": "major"}, "tempo": 90}
OPEN = "async id => (await import('/web/js/state/piece.js')).openPiece(id)"


def form_piece(studio, **form):
    """A new piece from nothing."""
    answer = httpx.post(f"{studio}/api/pieces", json={"form": {**FORM, **form}})
    return answer.raise_for_status().json()


def stored(studio, piece):
    """A piece as the server has it now."""
    return httpx.get(f"{studio}/api/pieces/{piece['id']}").raise_for_status().json()


def open_piece(page, piece):
    """Show a piece on the page, which is at Studio already."""
    page.evaluate(OPEN, piece["id"])
    expect(page.get_by_label("Title", exact=True)).to_have_value(piece["title"])


def renamed(page, title):
    """Write another title over the old one."""
    field = page.get_by_label("Title", exact=True)
    field.fill(title)
    field.press("Enter")


def saving(page):
    """The words on the page that say whether it is saved."""
    return page.get_by_test_id("saving")
