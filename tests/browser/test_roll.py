"""The roll shows the piece, selects bars, follows the playhead; the lanes mix, lock and give."""

import pytest
from tests.browser.rolls import (
    ALTO,
    SOPRANO,
    drag,
    line,
    made,
    opened,
    saved_line,
    selected,
    spot,
    try_take,
)

pytestmark = pytest.mark.long
OPEN = """async id => {
    await (await import('/web/js/state/piece.js')).openPiece(id);
    const there = () => document.querySelector('[data-note="0-2-60"]');
    while (!there()) await new Promise(requestAnimationFrame); }"""


def busy(metrics):
    """The seconds of processor time that the page's main thread has taken."""
    found = metrics.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in found if one["name"] == "TaskDuration")


def test_notes_are_shown_by_line_and_state(page, studio):
    """Given, composed and locked ones, and those out of range, differ; a take on trial shows."""
    opened(page, studio, notes=(SOPRANO, [*ALTO, [24, 28, 90]]))
    assert page.locator(".roll_note.given").count() == len(SOPRANO)
    assert page.locator(".roll_note.composed").count() == len(ALTO) + 1
    assert page.locator(".roll_note.outside").count() == 1
    page.get_by_role("button", name="Lock the alto").click()
    assert page.locator(".roll_locked").count() == len(ALTO) + 1
    try_take(page, [[], [], [[0, 8, 60]], []])
    page.locator("[data-note='0-8-60']").wait_for()


def test_a_drag_in_the_ruler_selects_bars_of_all_lines(page, studio):
    """With Shift, beats; Escape selects nothing. The roll stays where it is."""
    opened(page, studio)
    top = page.locator(".roll_ruler").bounding_box()["y"] + 20
    drag(page, (spot(page, 20, 60)[0], top), (spot(page, 36, 60)[0], top))
    assert selected(page) == {"start": 16, "end": 48, "lines": [0, 1, 2, 3]}
    page.keyboard.down("Shift")
    drag(page, (spot(page, 21, 60)[0], top), (spot(page, 29, 60)[0], top))
    page.keyboard.up("Shift")
    assert selected(page) == {"start": 20, "end": 32, "lines": [0, 1, 2, 3]}
    page.get_by_role("application", name="Piano roll").focus()
    page.keyboard.press("Escape")
    assert selected(page) is None


def test_a_drag_in_the_roll_selects_bars_of_one_voice(page, studio):
    """And what is done to a selection is undone in one step."""
    id = opened(page, studio)
    page.get_by_role("button", name="alto", exact=True).click()
    drag(page, spot(page, 2, 58), spot(page, 10, 58))
    assert selected(page) == {"start": 0, "end": 16, "lines": [1]}
    bar = page.get_by_role("toolbar", name="Selection")
    bar.get_by_role("button", name="Lock", exact=True).click()
    assert saved_line(page, studio, id, 1)["locked"] == [[0, 16]]
    bar.get_by_role("button", name="Keep as given").click()
    assert (line(page, 1)["locked"], line(page, 1)["given"]) == ([], [[0, 16]])
    bar.get_by_role("button", name="Release").click()
    assert line(page, 1)["given"] == []
    bar.get_by_role("button", name="Clear").click()
    assert line(page, 1)["notes"] == ALTO[3:]
    page.keyboard.press("Control+z")
    assert line(page, 1)["notes"] == ALTO
    bar.get_by_role("button", name="Loop").click()
    loop = "async () => (await import('/web/js/state/transport.js')).loop.value"
    assert page.evaluate(loop) == [0, 16]


def test_the_keyboard_selects(page, studio):
    """By the grid, by bars, more voices, and everything."""
    opened(page, studio)
    page.get_by_role("application", name="Piano roll").focus()
    page.keyboard.press("Shift+PageDown")
    page.keyboard.press("Shift+ArrowDown")
    chosen = selected(page)
    assert (chosen["start"], chosen["lines"]) == (0, [0, 1])
    page.keyboard.press("Control+a")
    assert selected(page) == {"start": 0, "end": 128, "lines": [0, 1, 2, 3]}


def test_how_a_voice_sounds_is_saved(page, studio):
    """Mute, solo, volume and instrument; each is a step of undo, moving the volume is one."""
    id = opened(page, studio)
    page.get_by_role("button", name="Mute the tenor").click()
    page.get_by_role("button", name="Solo the bass").click()
    for volume in ("0.7", "0.6", "0.5"):
        page.get_by_role("slider", name="Volume of the bass").fill(volume)
    page.get_by_role("combobox", name="Instrument of the bass").select_option("Cello")
    assert saved_line(page, studio, id, 2)["muted"] is True
    bass = saved_line(page, studio, id, 3)
    assert (bass["solo"], bass["volume"], bass["program"]) == (True, 0.5, 42)
    for _ in range(2):
        page.keyboard.press("Control+z")
    bass = saved_line(page, studio, id, 3)
    assert (bass["solo"], bass["volume"], bass["program"]) == (True, 0.8, line(page, 0)["program"])
    for _ in range(2):
        page.keyboard.press("Control+z")
    assert page.get_by_role("button", name="Undo").first.is_disabled()


def test_a_voice_is_given_or_composed(page, studio):
    """Any voice may be the given one; what is given cannot be locked."""
    id = opened(page, studio)
    page.get_by_role("switch", name="bass given").click()
    page.get_by_role("switch", name="soprano given").click()
    assert saved_line(page, studio, id, 3)["given"] == [[0, 128]]
    assert saved_line(page, studio, id, 0)["given"] == []
    assert page.get_by_role("button", name="Lock the bass").is_disabled()


def test_the_ruler_seeks_and_the_roll_follows_the_playhead(page, studio):
    """While playing, the roll turns its page when the playhead leaves it."""
    opened(page, studio, bars=64)
    page.locator(".roll_ruler").click(position={"x": 7 * 32 + 1, "y": 20})
    position = "async () => (await import('/web/js/state/transport.js')).position.value"
    assert abs(page.evaluate(position) - 32) < 0.5
    page.evaluate(
        """async () => {
        const { playing, seek } = await import('/web/js/state/transport.js');
        playing.value = true; seek(500); }"""
    )
    assert page.evaluate("document.querySelector('.roll_scroll').scrollLeft") > 2000
    page.locator(".roll_bar", has_text="33").wait_for()
    page.evaluate(
        "async () => { (await import('/web/js/state/transport.js')).playing.value = false; }"
    )


def test_a_thousand_bars_open_in_two_seconds(page, studio):
    """Of processor time; only what is in sight is drawn, and what is scrolled to."""
    notes = [[[step, step + 2, 60 + step % 7] for step in range(0, 16_000, 2)] for _ in range(4)]
    opened(page, studio)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = busy(metrics)
    page.evaluate(OPEN, made(studio, bars=1000, notes=notes))
    assert busy(metrics) - before < 2
    assert page.locator(".roll_note").count() < 1500
    page.evaluate("document.querySelector('.roll_scroll').scrollLeft = 7 * 16 * 900")
    page.locator(".roll_bar", has_text="903").wait_for()
    assert page.locator(".roll_note").count() < 1500
