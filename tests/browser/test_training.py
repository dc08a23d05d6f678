"""The Training page while a training runs: progress, curves, frames, stop, go on, film."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.sounding import louder, ready, silent, until
from tests.studio.conftest import running
from tests.studio.trained import plan_for, prepare

pytestmark = pytest.mark.long
SECONDS = 60_000


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository without a model, in which a training takes seconds."""
    root = tmp_path_factory.mktemp("training") / "repository"
    return prepare(root, pause=0.4, iterations=60)


@pytest.fixture(scope="module")
def studio(repository):
    """A Studio on it."""
    with running(repository) as address:
        yield address


def test_training_live(page, studio, repository):
    """Start with another seed, look on, slide through the frames, stop, go on to the end."""
    page.goto(f"{studio}/training")
    page.get_by_text("Chance", exact=True).click()
    page.get_by_label("Seed").fill("3")
    page.get_by_role("button", name="Train the first model").click()
    expect(page.get_by_role("heading", name="Training", exact=True).last).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator(".stages .running")).to_contain_text("Train", timeout=SECONDS)
    expect(page.locator(".curve canvas").nth(4)).to_be_visible(timeout=SECONDS)
    drawn = page.evaluate(
        """() => [...document.querySelectorAll(".curve canvas")].every((one) =>
            one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some(Boolean))"""
    )
    assert drawn
    slider = page.get_by_label("Measurement", exact=True)
    until(page, "document.querySelector('[aria-label=Measurement]').max >= 2")
    roll = page.locator(".frame-roll")
    for key, iteration in (("Home", 0), ("ArrowRight", 10)):
        before = roll.inner_html()
        slider.press(key)
        expect(page.locator(".frames output")).to_have_text(f"iteration {iteration}")
        expect(roll).not_to_have_js_property("innerHTML", before)
        expect(roll.locator("rect")).to_have_count(64)
    expect(page.locator(".health")).to_contain_text("longer warm-up")
    expect(page.locator(".criteria li")).to_have_count(3)
    expect(page.locator(".criteria meter")).to_have_count(3)
    page.get_by_role("button", name="What is this? Wasserstein distance").first.press("Enter")
    expect(page.get_by_text("How far one collection of things has to").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_role("heading", name="The training has stopped")).to_be_visible(
        timeout=SECONDS
    )
    at = re.search(r"continues from iteration (\d+)", page.locator(".training-now").inner_text())
    plan_for(repository, pause=0.1, iterations=60)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text(f"It went on from iteration {at[1]}.")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("heading", name="The last training is done")).to_be_visible(
        timeout=SECONDS
    )


def test_a_frame_is_heard_and_followed(page, studio):
    """It sounds, its playhead moves, another one takes over, and no piece is moved by it."""
    page.goto(f"{studio}/training")
    ready(page)
    page.get_by_label("Measurement", exact=True).press("Home")
    play = page.locator(".frames").get_by_role("button", name="Play", exact=True)
    play.click()
    louder(page)
    head = "Number(document.querySelector('.frame-roll .head')?.getAttribute('x1') ?? 0)"
    until(page, f"{head} > 60")
    page.get_by_label("Measurement", exact=True).press("ArrowRight")
    expect(page.locator(".frames output")).to_have_text("iteration 10")
    until(page, f"{head} < 60")  # from the beginning
    until(page, f"{head} > 5")
    louder(page)
    page.locator(".frames").get_by_role("button", name="Stop").click()
    silent(page)
    expect(page.locator(".frame-roll .head")).to_have_count(0)
    position = "async () => (await import('/web/js/state/transport.js')).position.value"
    assert page.evaluate(position) == 0


INKED = """() => {
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const wanted = [1, 3, 5].map((at) => parseInt(ink.slice(at, at + 2), 16)).join();
  return [...document.querySelectorAll(".curve canvas")].some((one) => {
    const { data } = one.getContext("2d").getImageData(0, 0, one.width, one.height);
    for (let at = 0; at < data.length; at += 4)
      if (wanted === data.slice(at, at + 3).join() && data[at + 3] === 255) return true;
    return false;
  });
}"""


def test_the_curves_follow_the_scheme(page, studio):
    """Their colours are drawn anew where the system goes from light to dark."""
    page.goto(f"{studio}/training")
    until(page, INKED)
    page.emulate_media(color_scheme="dark")
    until(page, INKED)


def test_the_film_plays_in_the_page(page, studio):
    """It is made when the training has ended, and has pictures."""
    pytest.importorskip("av")
    page.goto(f"{studio}/training")
    expect(page.get_by_role("link", name="Download the film")).to_be_visible(timeout=SECONDS)
    until(page, "document.querySelector('video').videoWidth === 854")
    assert page.evaluate("document.querySelector('video').duration") > 10
