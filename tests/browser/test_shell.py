"""The frame of the page: what is changed is never lost; keys, notices, the library."""

import re
import time

import httpx
import pytest
from playwright.sync_api import expect
from tests.browser.pieces import form_piece, open_piece, renamed, saving, stored
from tests.registries import copied
from tests.studio.conftest import free_port, running

pytestmark = pytest.mark.long


def test_what_is_changed_is_saved(page, studio):
    """At once and by itself; the state is said in words."""
    piece = form_piece(studio)
    open_piece(page, piece)
    renamed(page, "Evening")
    expect(saving(page)).to_have_text("saved")
    assert stored(studio, piece)["title"] == "Evening"
    assert stored(studio, piece)["history"][-1]["what"] == "rename the piece"


def test_a_reload_keeps_the_piece_and_what_can_be_undone(page, studio):
    """Undo and redo say what they did, and work on after a reload."""
    piece = form_piece(studio)
    open_piece(page, piece)
    renamed(page, "First")
    renamed(page, "Second")
    expect(saving(page)).to_have_text("saved")
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Title")).to_have_value("First")
    expect(page.get_by_test_id("said")).to_have_text("Undone: rename the piece.")
    expect(saving(page)).to_have_text("saved")
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("First")
    page.get_by_role("button", name="Redo: rename the piece").click()
    expect(page.get_by_label("Title")).to_have_value("Second")
    for title in ("First", piece["title"]):
        page.keyboard.press("Control+z")
        expect(page.get_by_label("Title")).to_have_value(title)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(saving(page)).to_have_text("saved")
    assert stored(studio, piece)["title"] == piece["title"]


def test_a_reload_before_it_was_sent_loses_nothing(page, studio):
    """The browser has each change at once, not only after the pause before it is sent."""
    piece = form_piece(studio)
    open_piece(page, piece)

    def unless_saved(route):
        route.abort() if route.request.method == "PUT" else route.continue_()

    page.route("**/api/pieces/*", unless_saved)
    renamed(page, "In a hurry")
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("In a hurry")
    page.unroute("**/api/pieces/*")
    expect(saving(page)).to_have_text("saved")
    assert stored(studio, piece)["title"] == "In a hurry"


def test_a_lost_server_loses_nothing(chromium, small, tmp_path):
    """The browser keeps what was changed; once the server is back, it is saved by itself.

    By the page that shows it, and by the next one where that was closed meanwhile.
    """
    root, port, context = (
        copied(small, tmp_path / "repository"),
        free_port(),
        chromium.new_context(),
    )
    shown, closed = context.new_page(), context.new_page()
    with running(root, port=port) as studio:
        pieces = [form_piece(studio), form_piece(studio)]
        for page, piece in zip((shown, closed), pieces, strict=True):
            page.goto(f"{studio}/?piece={piece['id']}")
            expect(page.get_by_label("Title", exact=True)).to_have_value(piece["title"])
    for page, title in ((shown, "Out at sea"), (closed, "Left behind")):
        renamed(page, title)
        expect(saving(page)).to_have_text("kept in this browser")
    expect(shown.get_by_role("alert")).to_contain_text("Kantor does not answer")
    closed.close()
    with running(root, port=port) as studio:
        expect(saving(shown)).to_have_text("saved")
        assert stored(studio, pieces[0])["title"] == "Out at sea"
        context.new_page().goto(f"{studio}/library")
        until_true(lambda: stored(studio, pieces[1])["title"] == "Left behind", shown)
    context.close()


def test_two_who_change_it_are_asked(page, studio):
    """Somebody else's change is not overwritten, nor is one's own thrown away, without asking."""
    for choice, kept in (("Keep mine", "Mine"), ("Load theirs", "Theirs")):
        piece = form_piece(studio)
        open_piece(page, piece)
        address = f"{studio}/api/pieces/{piece['id']}"
        httpx.patch(address, json={"title": "Theirs"}).raise_for_status()
        renamed(page, "Mine")
        asked = page.get_by_role("dialog", name="Changed elsewhere")
        expect(asked).to_contain_text("Theirs")
        assert stored(studio, piece)["title"] == "Theirs"
        asked.get_by_role("button", name=choice).click()
        expect(page.get_by_label("Title")).to_have_value(kept)
        expect(saving(page)).to_have_text("saved")
        assert stored(studio, piece)["title"] == kept
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Title")).to_have_value("Mine")


def test_another_window_shows_what_was_saved_in_this_one(page, studio):
    """As long as nothing was changed there: then there is nothing to ask."""
    piece = form_piece(studio)
    other = page.context.new_page()
    other.goto(f"{studio}/?piece={piece['id']}")
    open_piece(page, piece)
    renamed(page, "Seen by both")
    expect(other.get_by_label("Title")).to_have_value("Seen by both")
    renamed(other, "And back")
    expect(page.get_by_label("Title")).to_have_value("And back")


def test_a_piece_that_was_deleted_elsewhere_comes_back(page, studio):
    """A change to it takes it out of the bin."""
    piece = form_piece(studio)
    open_piece(page, piece)
    httpx.delete(f"{studio}/api/pieces/{piece['id']}").raise_for_status()
    renamed(page, "Still here")
    expect(saving(page)).to_have_text("saved")
    assert stored(studio, piece)["title"] == "Still here"


def until_true(holds, page, seconds=60):
    """Look again and again until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        page.wait_for_timeout(200)


def letters_are_shortcuts(page):
    """Not notes, as they are while no piece is open."""
    page.evaluate(
        "async () => { (await import('/web/js/state/ui.js')).typing.value = 'shortcuts' }"
    )


def test_keys_are_listed_and_can_be_switched_off(page):
    """`?` lists them; switched off, only those with Ctrl work, also after a reload."""
    page.get_by_role("button", name="Help and shortcuts").wait_for()
    letters_are_shortcuts(page)
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Help")
    expect(listed.get_by_text("Undo", exact=True)).to_be_visible()
    listed.get_by_label("Keys without Ctrl are shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Help and shortcuts").wait_for()
    letters_are_shortcuts(page)
    page.keyboard.press("?")
    page.wait_for_timeout(200)
    expect(listed).to_have_count(0)
    page.get_by_role("button", name="Help and shortcuts").click()
    listed.get_by_label("Keys without Ctrl are shortcuts").check()


TRY_KEYS = """async () => {
  const { registerShortcuts, typing } = await import("/web/js/state/ui.js");
  window.pressed = [];
  registerShortcuts(["Space", "G", "7", "Shift+7", "Alt+7", "Ctrl+G", "Ctrl+Shift+G"].map(
    keys => ({ keys, what: keys, group: "test", run: () => void window.pressed.push(keys) })));
  window.typing = typing;
}"""


def test_keys_do_what_they_are_registered_for(page, studio):
    """By what is printed on them; not in a field, behind a dialog, or while they play notes."""
    open_piece(page, form_piece(studio))
    page.evaluate(TRY_KEYS)

    def pressed(*keys):
        page.evaluate("window.pressed.length = 0")
        for key in keys:
            page.keyboard.press(key)
        return page.evaluate("window.pressed")

    ways = ("Space", "g", "7", "Shift+Digit7", "Alt+7", "Control+g", "Control+Shift+g")
    named = ["Space", "G", "7", "Shift+7", "Alt+7", "Ctrl+G", "Ctrl+Shift+G"]
    assert pressed(*ways) == named
    page.evaluate("window.typing.value = 'piano'")
    assert pressed(*ways) == [name for name in named if name != "G"]
    page.evaluate("window.typing.value = 'shortcuts'")
    page.get_by_label("Title", exact=True).focus()
    assert pressed(*ways) == []
    page.get_by_label("Title", exact=True).blur()
    page.get_by_role("button", name="Help and shortcuts").click()
    dialog = page.get_by_role("dialog", name="Help")
    dialog.wait_for()
    assert pressed(*ways[1:]) == []  # Space would press "Close"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert pressed("g") == ["G"]


def test_a_clicked_button_does_not_take_space(page, studio):
    """Space plays after a click anywhere; a button that was reached by Tab is pressed by it."""
    open_piece(page, form_piece(studio))
    page.evaluate(TRY_KEYS)
    help_button = page.get_by_role("button", name="Help and shortcuts")
    help_button.click()
    page.keyboard.press("Escape")
    page.evaluate("document.querySelector('[aria-label^=\"Help and\"]').focus()")
    page.mouse.click(5, 400)
    page.evaluate("document.querySelector('[aria-label^=\"Help and\"]').focus()")
    page.keyboard.press("Space")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("window.pressed") == ["Space"]
    page.keyboard.press("Tab")
    help_button.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()


def test_a_notice_stays_while_it_is_pointed_at(page):
    """It goes by itself, but not from under the pointer."""
    page.clock.install()
    page.evaluate("import('/web/js/state/ui.js').then(({ say }) => say('Three takes ready.'))")
    shown = page.locator(".notice")
    expect(shown).to_be_visible()
    shown.hover()
    page.clock.run_for(60_000)
    expect(shown).to_be_visible()
    page.mouse.move(5, 5)
    page.clock.run_for(6_000)
    expect(shown).to_be_hidden()


def test_a_notice_can_be_used_over_a_dialog(page):
    """What is outside a dialog cannot be clicked while it is open; a notice can, by its buttons."""
    page.get_by_role("button", name="Help and shortcuts").click()
    said = "({ say }) => say('Gone.', { label: 'Undo', run: () => (window.undone = true) })"
    page.evaluate(f"import('/web/js/state/ui.js').then({said})")
    page.locator(".notice").get_by_role("button", name="Undo").click(timeout=5_000)
    assert page.evaluate("window.undone")
    expect(page.locator(".notice")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate("import('/web/js/state/ui.js').then(({ fault }) => fault('Wrong.'))")
    page.locator(".notice").get_by_role("button", name="Dismiss").click(timeout=5_000)


def test_views_have_addresses(page, studio):
    """Back and forward go between them, and to the piece that was open."""
    piece = form_piece(studio)
    open_piece(page, piece)
    views = page.get_by_role("navigation", name="Views")
    views.get_by_role("link", name="Library").click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    expect(views.get_by_role("link", name="Library")).to_have_attribute("aria-current", "page")
    expect(page).to_have_title("Library · Kantor Studio")
    page.go_back()
    expect(page.get_by_label("Title")).to_have_value(piece["title"])
    page.get_by_role("button", name="New piece").click()
    expect(page.get_by_label("Title")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/$"))


def test_a_wrong_address_is_answered(tab, studio):
    """A piece that is not there: one line, and the start."""
    tab.goto(f"{studio}/?piece=aaaaaaaaaaaaaaaa")
    expect(tab.get_by_role("alert")).not_to_be_empty()
    expect(tab).to_have_url(f"{studio}/")


def test_no_model_yet(tab, studio):
    """Studio says so, and leads to where one is trained."""
    tab.route("**/api/models", lambda route: route.fulfill(json=[]))
    tab.goto(studio)
    tab.get_by_role("link", name="Train one").click()
    expect(tab).to_have_url(re.compile("/training$"))
