"""What someone who opens the page sees and does first."""

import pytest
from playwright.sync_api import expect
from tests.browser.pieces import form_piece, open_piece

pytestmark = pytest.mark.long


def in_sight(*shown):
    """Whether each of these stands in the window as it is, and nothing lies over its middle."""
    return all(
        one.evaluate(
            """one => {
            const { x, y, width, height } = one.getBoundingClientRect();
            const over = document.elementFromPoint(x + width / 2, y + height / 2);
            return one.contains(over); }"""
        )
        for one in shown
    )


def test_keyboard_record_and_compose_are_in_sight(page, studio):
    """Beside a piece, without scrolling; hidden by a button, the keys stay so after a reload."""
    open_piece(page, form_piece(studio, bars=16))
    key = page.locator(".keys [data-pitch='72']")
    record = page.get_by_role("button", name="Record", exact=True)
    compose = page.get_by_role("button", name="Compose 3 takes")
    expect(compose).to_be_enabled()
    assert in_sight(key, record, compose)
    page.mouse.wheel(0, 2000)
    assert in_sight(key)
    page.get_by_role("button", name="Keys", exact=True).click()
    expect(key).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Keys", exact=True)).to_be_visible()
    expect(key).to_have_count(0)
