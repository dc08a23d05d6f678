"""The library: what it holds is found, renamed, doubled, thrown away and brought back."""

import json

import httpx
import pytest
from playwright.sync_api import expect
from tests.browser.pieces import form_piece, stored

pytestmark = pytest.mark.long
LETTERS = "abcdefghijkmnpqr"


@pytest.fixture(autouse=True)
def root(emptied):
    """The repository, without the pieces of other tests."""
    return emptied


def library(page):
    """Go from the page of Studio to its library."""
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Library").click()


def row(page, title):
    """The line of a piece in the library or the bin."""
    link = page.locator(".library_title").get_by_text(title, exact=True)
    return page.locator(".library_row").filter(has=link)


def test_a_piece_from_its_name_to_its_end(page, studio):
    """Rename, duplicate, delete, undo, delete, restore, delete for good; each says what it did."""
    piece = form_piece(studio, bars=3)
    library(page)
    said = page.get_by_test_id("said")
    before = piece["title"]
    row(page, before).get_by_role("button", name="Rename").click()
    page.get_by_label("New title").fill("Not this")
    page.keyboard.press("Escape")
    row(page, before).get_by_role("button", name="Rename").click()
    page.get_by_label("New title").fill("Morning <b>")
    page.keyboard.press("Enter")
    expect(row(page, "Morning <b>")).to_be_visible()
    expect(row(page, "Morning <b>").get_by_role("button", name="Rename")).to_be_focused()
    row(page, "Morning <b>").get_by_role("button", name="Duplicate").click()
    expect(said).to_have_text("“Morning <b>” was duplicated.")
    expect(page.locator(".library_row")).to_have_count(2)
    assert stored(studio, piece)["title"] == "Morning <b>"
    row(page, "Morning <b>").get_by_role("button", name="Delete").click()
    expect(row(page, "Morning <b>")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "Morning <b>")).to_be_visible()
    row(page, "Morning <b>").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Bin (1)").click()
    row(page, "Morning <b>").get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The bin is empty.")).to_be_visible()
    page.get_by_role("button", name="Bin (0)").click()
    row(page, "Morning <b>").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Bin (1)").click()
    row(page, "Morning <b>").get_by_role("button", name="Delete for good").click()
    asked = page.get_by_role("dialog", name="Delete for good?")
    expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, "Morning <b>")).to_be_visible()
    row(page, "Morning <b>").get_by_role("button", name="Delete for good").click()
    asked.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("The bin is empty.")).to_be_visible()


def test_a_damaged_piece_is_named(page, root, studio):
    """It is in the list with its fault, does not open, and can be deleted."""
    piece = form_piece(studio)
    file = root / "compositions/studio" / piece["id"] / "piece.json"
    file.write_text(file.read_text()[:100])
    library(page)
    damaged = page.locator(".library_row").filter(has=page.locator(".fault"))
    expect(damaged).to_contain_text("piece.json")
    expect(damaged.get_by_role("link")).to_have_count(0)
    damaged.get_by_role("button", name="Delete").click()
    expect(damaged).to_have_count(0)


SEARCH = """async word => {
  const begin = performance.now();
  const field = document.querySelector("input[type=search]");
  field.value = word;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise(done => setTimeout(done));
  return [document.querySelectorAll(".library_row").length, performance.now() - begin];
}"""


def test_five_hundred_pieces_stay_fluent(page, root, studio):
    """All are listed; a search is answered at once: within a second on a busy machine."""
    piece = form_piece(studio, bars=2)
    folder = root / "compositions/studio" / piece["id"]
    text = json.loads((folder / "piece.json").read_text())
    for number in range(500):
        id = "".join(LETTERS[(number >> 4 * place) % 16] for place in range(16))
        folder.with_name(id).mkdir()
        changed = {**text, "id": id, "title": f"Melody {number}"}
        (folder.with_name(id) / "piece.json").write_text(json.dumps(changed))
    library(page)
    page.locator(".library_row").nth(499).wait_for(state="attached", timeout=90_000)
    found = [page.evaluate(SEARCH, word) for word in ("melody", "melody 12", "melody 123")]
    assert [count for count, _ in found] == [500, 15, 1]
    assert sorted(spent for _, spent in found)[1] < 1000
    page.get_by_role("link", name="Melody 123", exact=True).click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Melody 123")


def test_the_library_shows_what_others_do(page, studio):
    """Another window's new title, copy and deletion, while it is open."""
    piece = form_piece(studio)
    address = f"{studio}/api/pieces/{piece['id']}"
    httpx.patch(address, json={"title": "Here"}).raise_for_status()
    page.goto(f"{studio}/library")
    expect(row(page, "Here")).to_be_visible()
    httpx.patch(address, json={"title": "Elsewhere"}).raise_for_status()
    expect(row(page, "Elsewhere")).to_be_visible()
    httpx.post(f"{address}/duplicate").raise_for_status()
    expect(row(page, "Elsewhere (copy)")).to_be_visible()
    httpx.delete(address).raise_for_status()
    expect(row(page, "Elsewhere")).to_have_count(0)
