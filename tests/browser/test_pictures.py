"""The pictures of docs/studio.md: a walk through Studio that is looked at.

They are written into the folder that KANTOR_PICTURES names, of the Studio at the address that
KANTOR_STUDIO names: `make pictures`. Without these a small model's are made and thrown away.
"""

import os
from pathlib import Path

import pytest
from tests.browser.sounding import until

pytestmark = pytest.mark.long
SCROLLED = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"  # to the takes


@pytest.fixture
def folder(tmp_path):
    """Where pictures go."""
    return Path(os.environ.get("KANTOR_PICTURES", tmp_path))


@pytest.fixture
def walk(chromium, request):
    """A page of Studio, a little smaller than a laptop's screen."""
    address = os.environ.get("KANTOR_STUDIO") or request.getfixturevalue("studio")
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_pictures(walk, folder, tmp_path):
    """Begin, compose, hear, look at the score, see a training: each shows something."""
    made = []

    def take(name, page=walk):
        path = folder / f"{name}.png"
        while (notice := page.get_by_role("button", name="Dismiss")).count():
            notice.click()
        page.screenshot(path=path)
        assert path.stat().st_size > 20_000
        made.append(path.read_bytes())

    walk.get_by_role("heading", name="Begin with a melody").wait_for()
    walk.get_by_text("Ode to Joy").first.wait_for()
    walk.get_by_text("The sound is loading").wait_for(state="hidden", timeout=60_000)
    take("start")
    sample = walk.locator("li, article, div").filter(has_text="Ode to Joy")
    sample.get_by_role("button", name="Use").first.click()
    walk.get_by_role("button", name="Compose 3 takes").click()
    walk.locator(".take_character").nth(2).wait_for(timeout=60_000)
    walk.evaluate(SCROLLED)
    walk.evaluate("scrollTo(0, 0)")
    take("roll")
    walk.locator(".take_character").first.scroll_into_view_if_needed()
    take("takes")
    walk.evaluate("scrollTo(0, 0)")
    walk.get_by_role("tab", name="Score").click()
    until(walk, "document.querySelectorAll('[id^=n-]').length > 20")
    take("score")
    published(walk, take, tmp_path / "published.html")
    walk.get_by_role("link", name="Training").first.click()
    walk.get_by_role("heading", name="Training", level=1).wait_for()
    if walk.get_by_role("heading", name="Hear it learn").count():  # there was a training
        walk.locator(".frame-roll rect").first.wait_for(timeout=60_000)
        walk.locator(".curve canvas").first.wait_for(timeout=60_000)
        walk.evaluate("document.querySelector('#training-frames').scrollIntoView()")
    take("training")
    assert len(set(made)) == len(made)


def published(walk, take, file):
    """Publish the piece as a page, and take its picture as it opens from a disk."""
    walk.get_by_role("button", name="Publish", exact=True).click()
    walk.get_by_role("button", name="Make the page").click()
    with walk.expect_download(timeout=120_000) as came:
        walk.get_by_role("link", name="Download").first.click(timeout=120_000)
    came.value.save_as(file)
    page = walk.context.new_page()
    page.goto(file.as_uri())
    page.get_by_role("heading", name="Ode to Joy").first.wait_for()
    take("published", page)
    page.close()
    walk.keyboard.press("Escape")
