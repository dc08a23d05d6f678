"""The blind test in a browser: by the keyboard alone, in every width and colour."""

import pytest
from playwright.sync_api import expect
from tests.browser.sounding import until
from tests.browser.test_accessibility import NARROW, RUN, SMALL, WIDE, axe  # noqa: F401
from tests.listening.chorales import corpus
from tests.registries import copied
from tests.studio.conftest import running

from kantor.data.corpus import save
from kantor.listening import answers

pytestmark = pytest.mark.long
SECONDS = 60_000


@pytest.fixture(scope="module")
def repository(small, tmp_path_factory):
    """A repository with a small model and chorales that are held out."""
    root = copied(small, tmp_path_factory.mktemp("listening") / "repository")
    save(corpus(), root / "build/scores.npz")
    return root


@pytest.fixture(scope="module")
def listening(repository):
    """The address of a blind test of two pairs."""
    with running(repository, "--pairs", "2", page="listen") as address:
        yield address


def hear(page):
    """Play both to a sound that is heard to run."""
    for key in "ab":
        page.keyboard.press(key)
        expect(page.get_by_text(f"{key.upper()} sounds")).to_be_visible(timeout=SECONDS)
        until(page, "audio.currentTime > 0.2")


def test_by_keyboard_alone(tab, listening, repository):
    """A and B play, 1 and 2 choose, N goes on once both were heard; then comes the result."""
    tab.goto(listening)
    expect(tab.get_by_label("Your name")).to_be_focused()
    tab.keyboard.type("Anna")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Pair 1 of 2")).to_be_visible()
    tab.keyboard.press("2")
    expect(tab.get_by_label("B is Bach's")).to_be_checked()
    tab.keyboard.press("n")
    expect(tab.get_by_text("First play A.")).to_be_visible()
    hear(tab)
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("button", name="Play B")).to_be_visible()
    tab.keyboard.press("n")
    expect(tab.get_by_text("Pair 2 of 2")).to_be_visible()
    hear(tab)
    tab.keyboard.press("1")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("of 2 right")
    tab.get_by_role("button", name="Kantor").first.click()
    expect(tab.get_by_text("Kantor sounds")).to_be_visible()
    kept = answers.read(repository / "compositions/listening/answers.csv")
    assert [(one.listener, one.answer, one.plays) for one in kept] == [
        ("Anna", "B", 2),
        ("Anna", "A", 2),
    ]


def test_keys_can_be_switched_off(tab, listening):
    """Then none does anything, also after the page was opened again; Tab and Enter still do."""
    tab.goto(f"{listening}/pair?listener=Bo")
    tab.get_by_label("Keys:").uncheck()
    tab.reload()
    tab.keyboard.press("1")
    expect(tab.get_by_label("A is Bach's")).not_to_be_checked()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("A sounds")).to_be_visible(timeout=SECONDS)


def views(page, address):
    """Every page of the test; the name of each."""
    page.goto(address)
    yield "start"
    page.goto(f"{address}/pair?listener=Cy")
    yield "pair"
    page.goto(f"{address}/pair?listener=8b&hands=on")
    page.get_by_text("Pair 1 of 2").wait_for()
    yield "hands"
    hear(page)
    page.get_by_label("Hands for A").fill("3")
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Pair 2 of 2").wait_for()
    page.get_by_role("link", name="Stop and see the result").click()
    yield "result"


def test_axe_finds_nothing(tab, listening, axe):  # noqa: F811
    """On every page, light and dark; all fit a narrow window, and fingers find the controls."""
    for view in views(tab, listening):
        tab.evaluate(axe)
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            tab.emulate_media(color_scheme=scheme)
            assert tab.evaluate(RUN, rules) == [], (view, scheme)
        for width in (390, 320):
            tab.set_viewport_size({**NARROW, "width": width})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, view
            assert tab.evaluate(SMALL) == [], view
        tab.set_viewport_size(WIDE)
