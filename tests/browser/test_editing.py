"""Notes are written, moved, stretched and removed by mouse, finger and keyboard, and given then."""

from itertools import pairwise

import pytest
from tests.browser.rolls import (
    ALTO,
    SOPRANO,
    drag,
    line,
    opened,
    saved_line,
    selected,
    spot,
    try_take,
)
from tests.browser.sounding import until

pytestmark = pytest.mark.long


def write_in(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def roll(page):
    page.get_by_role("application", name="Piano roll").focus()
    return page.keyboard


def test_a_click_writes_a_note_that_is_given(page, studio):
    """It has the length of the last note, stands on the grid, and is undone and done again."""
    id = opened(page, studio)
    write_in(page, "alto")
    page.mouse.click(*spot(page, 37.2, 65))
    assert line(page, 1)["notes"] == [*ALTO, [36, 40, 65]]
    assert line(page, 1)["given"] == [[36, 40]]
    assert saved_line(page, studio, id, 1)["given"] == [[36, 40]]
    page.keyboard.press("Control+z")
    assert (line(page, 1)["notes"], line(page, 1)["given"]) == (ALTO, [])
    page.keyboard.press("Control+Shift+z")
    assert line(page, 1)["notes"] == [*ALTO, [36, 40, 65]]


def test_a_drag_moves_a_note_and_trims_what_it_covers(page, studio):
    """Nothing vanishes before the mouse is lifted; the place it left is a given rest."""
    opened(page, studio)
    page.mouse.move(*spot(page, 2, 62))
    page.mouse.down()
    page.mouse.move(*spot(page, 5, 66))
    page.mouse.move(*spot(page, 8, 66))
    assert line(page, 1)["notes"] == ALTO
    assert page.locator(".roll_ghost").count() == 1
    page.mouse.up()
    assert line(page, 1)["notes"] == [[4, 6, 62], [6, 10, 66], [10, 16, 64], *ALTO[3:]]
    assert line(page, 1)["given"] == [[0, 4], [6, 10]]


def test_a_drag_at_an_end_stretches_a_note(page, studio):
    opened(page, studio)
    drag(page, spot(page, 23.7, 64), spot(page, 27.7, 64))
    assert line(page, 1)["notes"][-1] == [20, 28, 64]
    drag(page, spot(page, 20.3, 64), spot(page, 22.3, 64))
    assert line(page, 1)["notes"][-1] == [22, 28, 64]


def test_a_drag_is_called_off_by_escape(page, studio):
    opened(page, studio)
    roll(page)
    page.mouse.move(*spot(page, 2, 62))
    page.mouse.down()
    page.mouse.move(*spot(page, 8, 66))
    page.keyboard.press("Escape")
    page.mouse.up()
    assert line(page, 1)["notes"] == ALTO


def test_a_double_click_removes_a_note(page, studio):
    """A composed note leaves a given rest; a double click beside notes writes one, no more."""
    opened(page, studio)
    page.mouse.dblclick(*spot(page, 6, 62))
    assert line(page, 1)["notes"] == [ALTO[0], *ALTO[2:]]
    assert line(page, 1)["given"] == [[4, 8]]
    page.mouse.dblclick(*spot(page, 33, 67))
    assert line(page, 1)["notes"][-1] == [32, 36, 67]


def test_notes_are_written_by_letters(page, studio):
    """The nearest of that name, as the key has it; the cursor goes on."""
    opened(page, studio, notes=([], []))
    keys = roll(page)
    for key in ("c", "d", "Shift+f", ".", "g"):
        keys.press(key)
    notes = line(page, 0)["notes"]
    assert [note[:2] for note in notes] == [[0, 4], [4, 8], [8, 12], [12, 18]]
    assert [note[2] % 12 for note in notes] == [0, 2, 6, 7]
    assert max(abs(a[2] - b[2]) for a, b in pairwise(notes)) <= 6


def test_a_note_is_moved_by_keyboard_in_one_step_of_undo(page, studio):
    """What lies on its way is not trimmed, only what it covers in the end."""
    opened(page, studio)
    write_in(page, "alto")
    keys = roll(page)
    keys.press("Control+ArrowRight")
    for key in ["Alt+ArrowRight"] * 6 + ["Alt+ArrowUp"] * 2 + ["Alt+Shift+ArrowLeft"]:
        keys.press(key)
    moved = [[0, 4, 62], [8, 16, 64], [16, 18, 64], [18, 20, 65], [20, 24, 64]]
    assert line(page, 1)["notes"] == moved
    assert line(page, 1)["given"] == [[4, 8], [16, 18]]
    keys.press("Control+z")
    assert (line(page, 1)["notes"], line(page, 1)["given"]) == (ALTO, [])
    keys.press("Control+Shift+z")
    assert line(page, 1)["notes"] == moved


def test_delete_removes_the_note_at_the_cursor(page, studio):
    """And says so; at a rest it removes nothing."""
    opened(page, studio)
    keys = roll(page)
    keys.press("Control+ArrowRight")
    keys.press("Delete")
    assert line(page, 0)["notes"] == [SOPRANO[0], *SOPRANO[2:]]
    said = page.evaluate("async () => (await import('/web/js/state/ui.js')).announced.value")
    assert said == "Removed: bar 1 beat 2, soprano, A4, a quarter, given"
    keys.press("Delete")
    assert len(line(page, 0)["notes"]) == len(SOPRANO) - 1


def test_the_cursor_says_what_it_stands_on(page, studio):
    opened(page, studio)
    keys = roll(page)
    said = "async () => (await import('/web/js/state/ui.js')).announced.value"
    keys.press("PageDown")
    assert page.evaluate(said) == "bar 2 beat 1, soprano, D5, a half, given"
    keys.press("Control+ArrowDown")
    assert page.evaluate(said) == "bar 2 beat 1, alto, F4, a quarter"
    keys.press("End")
    assert page.evaluate(said) == "bar 2 beat 4 plus 0.5, alto, at F4, a rest"


def test_an_edit_adopts_the_take_on_trial(page, studio):
    """In one step of undo: the other lines become what was heard."""
    opened(page, studio)
    take = [SOPRANO, [[0, 16, 60]], [[0, 16, 55]], [[0, 16, 48]]]
    try_take(page, take)
    write_in(page, "alto")
    page.mouse.click(*spot(page, 33, 65))
    assert line(page, 1)["notes"] == [[0, 16, 60], [32, 36, 65]]
    assert line(page, 3)["notes"] == [[0, 16, 48]]
    page.keyboard.press("Control+z")
    assert (line(page, 1)["notes"], line(page, 3)["notes"]) == (ALTO, [])


def test_a_finger_taps_notes_and_a_long_press_moves_them(chromium, studio):
    """Without a long press a finger scrolls and changes nothing, nor do two however slow."""
    size = {"width": 390, "height": 844}
    context = chromium.new_context(viewport=size, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(studio)
    opened(page, studio)
    page.locator(".roll_scroll").scroll_into_view_if_needed()
    touch = context.new_cdp_session(page)

    def send(kind, *points):
        places = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    send("touchStart", spot(page, 2, 67))
    page.wait_for_timeout(600)
    for step in (4, 6, 8):
        send("touchMove", spot(page, step, 66))
    send("touchEnd")
    moved = [[4, 6, 69], [6, 10, 66], [10, 12, 71], *SOPRANO[3:]]
    assert line(page, 0)["notes"] == moved
    send("touchStart", spot(page, 34, 67))
    for step in (28, 20, 12):
        send("touchMove", spot(page, step, 67))
    send("touchEnd")
    page.wait_for_timeout(100)
    assert line(page, 0)["notes"] == moved
    left = "document.querySelector('.roll_scroll').scrollLeft"
    until(page, f"{left} > 100")
    page.wait_for_timeout(300)
    page.evaluate(f"{left} = 200")
    (x, y), (other, _) = spot(page, 30, 67), spot(page, 34, 67)
    send("touchStart", (x, y))
    send("touchStart", (x, y), (other, y))
    page.wait_for_timeout(600)
    for by in (15, 30, 45, 60):
        send("touchMove", (x + by, y), (other + by, y))
    send("touchEnd")
    until(page, f"{left} < 190")
    assert (line(page, 0)["notes"], selected(page)) == (moved, None)
    context.close()
