"""The first screen: every way to begin leads to a piece."""

import re
import time

import pytest
from tests.studio.files import melody_midi, voices_midi

pytestmark = pytest.mark.long


def notes(page):
    """How many notes each line of the open piece has, by the server."""
    id = page.url.partition("?piece=")[2]
    piece = page.evaluate("id => fetch(`/api/pieces/${id}`).then(answer => answer.json())", id)
    return [len(line["notes"]) for line in piece["lines"]]


def file(data, name="tune.mid"):
    return [{"name": name, "mimeType": "audio/midi", "buffer": data}]


def test_samples(page):
    """Some are shown, all on demand; a click, and one is there."""
    items = page.locator(".start_samples li")
    items.first.wait_for()
    assert items.count() == 6
    page.get_by_role("button", name="Show all 12").click()
    assert items.count() == 12
    page.get_by_role("button", name="Use The Water of Tyne").click()
    page.wait_for_url("**/?piece=*")
    assert notes(page)[0] == 48
    assert page.get_by_label("Title").input_value() == "The Water of Tyne"


def test_a_chosen_file_is_read_again(page):
    """The panel says what was found, and another voice can be given; undo brings the notes back."""
    page.set_input_files(".start_file input", files=file(voices_midi()))
    page.wait_for_url("**/?piece=*")
    assert [bool(count) for count in notes(page)] == [True, False, False, False]
    page.get_by_role("button", name=re.compile("^Source")).click()
    page.get_by_text("Read it differently").click()
    page.get_by_label("Given voice").select_option("soprano,bass")
    page.get_by_role("button", name="Read again").click()
    page.get_by_text("The source was read again").first.wait_for()
    assert [bool(count) for count in notes(page)] == [True, False, False, True]
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    end = time.monotonic() + 60
    while [bool(count) for count in notes(page)] != [True, False, False, False]:
        assert time.monotonic() < end, "undone on the page alone"
        time.sleep(0.1)


def drop(page, data, name):
    page.evaluate(
        """([bytes, name]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], name));
          for (const kind of ["dragover", "drop"]) {
            const more = { dataTransfer: data, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent(kind, more));
          }
        }""",
        [list(data), name],
    )


def test_a_dropped_file(page):
    """Anywhere on the page, also where another piece is open."""
    page.locator(".start_file").wait_for()
    for pitch in (60, 67):
        drop(page, melody_midi([pitch, pitch + 2] * 8), f"dropped{pitch}.mid")
        page.wait_for_function(
            "title => document.querySelector('input.title')?.value === title", arg=f"dropped{pitch}"
        )
    assert notes(page) == [16, 0, 0, 0]


def test_a_file_that_is_none(page):
    """The reason is said, and the screen stays."""
    page.set_input_files(".start_file input", files=file(b"words", "words.mid"))
    told = page.locator(".start_file").get_by_text("words.mid: neither MIDI, MusicXML nor ABC")
    told.wait_for()
    assert page.locator(".start").is_visible()


def test_an_empty_piece(page):
    """In the meter that was chosen."""
    for button, bass in (("Write notes", 0), ("Start from nothing", 2)):
        page.locator(".start_form select").first.select_option("3/4")
        page.get_by_role("button", name=button).click()
        page.wait_for_url("**/?piece=*")
        assert notes(page) == [0, 0, 0, bass]
        assert "3/4" in page.locator(".piece_facts").inner_text()
        page.get_by_role("button", name="New piece").click()
