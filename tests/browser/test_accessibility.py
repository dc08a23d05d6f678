"""What a checker of accessibility finds on the page: nothing. And how far the keyboard leads."""

import os

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import MUST
from tests.browser.pieces import form_piece, open_piece
from tests.browser.sounding import until
from tests.studio.conftest import ROOT

pytestmark = pytest.mark.long
SECONDS = 60_000
AXE = ROOT / "src/kantor/studio/node_modules/axe-core/axe.min.js"
RUN = """async rules => (await axe.run(rules ? {runOnly: rules} : {})).violations.flatMap(
  rule => rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`))"""
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def axe():
    """The checker's source, which npm installs."""
    if not AXE.is_file():
        told = "axe-core is not installed: run npm ci in src/kantor/studio"
        pytest.fail(told) if os.environ.get(MUST) else pytest.skip(told)
    return AXE.read_text()


def composed(page, studio):
    """Open a piece with three takes on the page."""
    piece = form_piece(studio)
    open_piece(page, piece)
    page.get_by_role("button", name="Compose 3 takes").click(timeout=SECONDS)
    expect(page.locator(".take_character")).to_have_count(3, timeout=SECONDS)


def views(page, studio):
    """Lead the page through everything that it shows; the name of each."""
    page.get_by_text("Ode to Joy").first.wait_for(timeout=SECONDS)
    yield "start"
    composed(page, studio)
    yield "piece"
    page.get_by_role("tab", name="Score").click()
    until(page, "document.querySelectorAll('[id^=n-]').length > 4", 60)
    yield "score"
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog", name="Publish").wait_for(timeout=SECONDS)
    yield "publish"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Help and shortcuts").click()
    page.get_by_role("dialog", name="Help").wait_for(timeout=SECONDS)
    yield "help"
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Library").first.click()
    page.locator(".library_row").first.wait_for(timeout=SECONDS)
    yield "library"
    page.get_by_role("link", name="Training").first.click()
    page.get_by_role("heading", name="Training", level=1).wait_for(timeout=SECONDS)
    yield "training"


def test_axe_finds_nothing(page, studio, axe):
    """Names, roles, contrast, landmarks: on every view, light and dark; narrow fits its window."""
    page.emulate_media(reduced_motion="reduce")
    for view in views(page, studio):
        page.evaluate(axe)
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert page.evaluate(RUN, rules) == [], (view, scheme)
        for width in (390, 320):
            page.set_viewport_size({**NARROW, "width": width})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, view
        page.set_viewport_size(WIDE)


SMALL = """() => [...document.querySelectorAll("button, select, summary, a[href], input")]
  .filter(one => one.checkVisibility() && !one.closest(".keys, .hidden, .skip, p"))
  .map(one => [one, (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && (box.height < 24 || box.width < 24))
  .map(([one, box]) => `${one.outerHTML.slice(0, 90)}: ${box.width} x ${box.height}`)"""


def test_fingers_find_what_they_press(chromium, studio):
    """On a telephone every control but links in text is at least 24 pixels wide and high (WCAG)."""
    context = chromium.new_context(viewport=NARROW, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(studio)
    for view in views(page, studio):
        assert page.evaluate(SMALL) == [], view
    context.close()


def test_a_piece_by_keyboard_alone(page, studio):
    """Tab leads to a sample; Enter uses it; G composes, 2 hears, U uses, Ctrl+Z takes it back."""
    page.get_by_role("button", name="Use Ode to Joy").wait_for(timeout=SECONDS)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Use Ode to Joy":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title", exact=True)).to_be_visible(timeout=SECONDS)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    expect(page.locator(".take_character")).to_have_count(3, timeout=SECONDS)
    page.keyboard.press("2")
    expect(page.get_by_text("Take 2 is on trial.")).to_be_visible(timeout=SECONDS)
    page.keyboard.press("u")
    expect(page.get_by_label("Take 2", exact=True)).to_contain_text("in the piece", timeout=SECONDS)
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Take 2", exact=True)).not_to_contain_text("in the piece")
