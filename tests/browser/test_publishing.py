"""Publish in the page: the dialog, all three targets, and the page that comes of it, from disk."""

import os
from pathlib import Path

import httpx
import pytest
from tests.browser.conftest import running
from tests.browser.pieces import OPEN
from tests.publishing import stub
from tests.registries import copied

from kantor.publishing import tokens

pytestmark = pytest.mark.long
AXE = Path(__file__).parents[2] / "src/kantor/studio/node_modules/axe-core/axe.min.js"
SLOW = 120_000  # milliseconds for a recording on a busy machine


@pytest.fixture(scope="module")
def place(tmp_path_factory, small):
    return copied(small, tmp_path_factory.mktemp("publishing") / "repository")


@pytest.fixture(scope="module")
def cloud():
    with stub.serving() as (cloud, address):
        cloud.address = address
        yield cloud


@pytest.fixture(scope="module")
def studio(place, cloud):
    """A Studio that knows an app at SoundCloud, which is a stub."""
    names = {
        tokens.CLIENT_ID: stub.CLIENT, tokens.CLIENT_SECRET: stub.SECRET,
        tokens.API: cloud.address, tokens.AUTH: cloud.address,
    }  # fmt: skip
    with running(place, environment=names) as address:
        yield address


@pytest.fixture
def piece(studio):
    """Two bars of four voices; the title would break a page that believes it."""
    made = httpx.post(f"{studio}/api/pieces", json={"form": {"bars": 2, "tempo": 160}}).json()
    made["title"] = "Lied </script><script>alert(1)</script>"
    for index, line in enumerate(made["lines"]):
        line["notes"] = [[0, 16, 72 - 5 * index], [16, 32, 74 - 5 * index]]
    made["lines"][0]["given"] = [[0, 32]]
    headers = {"if-match": f'"{made["revision"]}"'}
    httpx.put(f"{studio}/api/pieces/{made['id']}", json=made, headers=headers).raise_for_status()
    return made


def opened(page, piece):
    """The dialog for the piece."""
    page.evaluate(OPEN, piece["id"])
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog", name="Publish")
    dialog.wait_for()
    return dialog


def pictured(page, name):
    """A picture to look at, where the environment names a folder for them."""
    if folder := os.environ.get("KANTOR_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def faults(page):
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def test_a_page_plays_from_the_disk(page, studio, place, piece):
    """One click makes it; from the disk it plays, follows, loads nothing and has no axe finding."""
    dialog = opened(page, piece)
    assert dialog.get_by_role("radio", name="A page").is_checked()
    dialog.get_by_role("button", name="Make the page").click()
    dialog.get_by_role("link", name="Download").wait_for(timeout=SLOW)
    pictured(page, "publish-page")
    assert faults(page) == []
    file = place / "compositions/studio" / piece["id"] / "published.html"
    asked = []
    for name, width, scheme in (("wide", 1440, "light"), ("narrow", 390, "dark")):
        context = page.context.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        sheet = context.new_page()
        sheet.on("request", lambda one: asked.append(one.url))
        sheet.on("dialog", lambda one: pytest.fail(one.message))
        sheet.goto(file.as_uri())
        sheet.wait_for_function("document.querySelector('audio').duration > 3")
        sheet.evaluate("document.querySelector('audio').play()")
        sheet.wait_for_function("document.querySelector('audio').currentTime > 0.3")
        moved = "document.querySelector('.playhead').getAttribute('transform')"
        assert sheet.evaluate(moved) != "translate(0 0)"
        assert sheet.evaluate("document.documentElement.scrollWidth") == width
        assert sheet.locator("h1").inner_text() == piece["title"]
        pictured(sheet, f"published-{name}")
        assert faults(sheet) == []
        context.close()
    assert {one for one in asked if not one.startswith("data:")} == {file.as_uri()}


def test_the_gallery_by_keyboard(page, studio, place, piece):
    """Chosen by an arrow, sent by Enter; index and page open in the browser; the choice stays."""
    dialog = opened(page, piece)
    dialog.get_by_role("radio", name="A page").focus()
    page.keyboard.press("ArrowDown")
    assert dialog.get_by_role("radio", name="The gallery").is_checked()
    dialog.get_by_label("Folder or address").press("Enter")
    dialog.get_by_role("link", name="Open").wait_for(timeout=SLOW)
    address = dialog.get_by_role("link", name="Open").get_attribute("href")
    assert address == f"/compositions/gallery/{piece['id']}.html"
    page.reload()
    page.get_by_role("button", name="Publish", exact=True).click()
    assert page.get_by_role("radio", name="The gallery").is_checked()
    page.goto(f"{studio}/compositions/gallery/index.html")
    page.wait_for_function("document.querySelector('.piece img').naturalWidth > 0")
    pictured(page, "gallery")
    assert faults(page) == []
    page.get_by_role("link", name=piece["title"]).click()
    page.wait_for_function("document.querySelector('audio').duration > 3")


def test_soundcloud_end_to_end(page, studio, cloud, piece):
    """Log in on its page, come back, upload with progress, open the track; an error is one line."""
    dialog = opened(page, piece)
    dialog.get_by_role("radio", name="SoundCloud").check()
    assert dialog.get_by_role("button", name="Upload").is_disabled()
    pictured(page, "publish-login")
    with page.context.expect_page() as came:
        dialog.get_by_role("link", name="Log in at SoundCloud").click()
    came.value.get_by_role("heading", name="Logged in at SoundCloud").wait_for()
    came.value.close()
    sharing = dialog.get_by_label("Who may hear it")
    sharing.wait_for()
    assert sharing.input_value() == "private"
    assert cloud.tracks == []
    dialog.get_by_label("Description").fill("For B.")
    cloud.order("/tracks", 429, b"", retry_after="30")
    dialog.get_by_role("button", name="Upload").click()
    told = dialog.locator("form").get_by_role("alert")
    told.wait_for(timeout=SLOW)
    assert told.inner_text().endswith("too many requests (429); try again in 30 seconds")
    dialog.get_by_role("button", name="Upload").click()
    link = dialog.get_by_role("link", name="Open")
    link.wait_for(timeout=SLOW)
    pictured(page, "publish-soundcloud")
    assert link.get_attribute("href") == "https://soundcloud.com/somebody/track-1"
    assert "Powered by SoundCloud" in dialog.inner_text()
    (track,) = cloud.tracks
    assert track["track[sharing]"] == b"private"
    assert track["track[description]"].startswith(b"For B.")
    assert faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    pictured(page, "publish-narrow")
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert faults(page) == []
