"""Pages are tested in the system's own Chromium; without it these tests are skipped."""

import os
import shutil

import pytest
from tests.registries import copied
from tests.studio.conftest import running, small  # noqa: F401

MUST = "KANTOR_TEST_BROWSER"  # where it is set, a missing browser is a failure
OFF = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"  # as much work as a page, for each window
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,PaintHolding"  # as Playwright itself has them
)
LATER = """
const asked = new Promise(done => { window.loadSound = done; });
const { fetch } = window, { addModule } = AudioWorklet.prototype;
window.fetch = (...all) => `${all[0]}`.endsWith('.sf2')
  ? asked.then(() => fetch(...all)) : fetch(...all);
AudioWorklet.prototype.addModule = function (...all) {
  return asked.then(() => addModule.apply(this, all));
};
"""
"""The synthesizer, half of the work of loading the page, waits until a test is to hear it."""


@pytest.fixture(scope="package")
def chromium():
    """A headless Chromium for which the host evil.example is this machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        told = "no Chromium on this machine; install Debian's package chromium"
        pytest.fail(told) if os.environ.get(MUST) else pytest.skip(told)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        flags = [
            "--no-sandbox",
            "--disable-gpu",
            f"--disable-features={OFF}",
            "--host-resolver-rules=MAP evil.example 127.0.0.1",
            "--autoplay-policy=no-user-gesture-required",
        ]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def repository(small, tmp_path_factory):  # noqa: F811
    """The repository of the Studio that these tests share."""
    return copied(small, tmp_path_factory.mktemp("studio") / "repository")


@pytest.fixture(scope="package")
def studio(repository):
    """The address of a Studio with a small model."""
    with running(repository) as address:
        yield address


@pytest.fixture
def emptied(repository, tmp_path):
    """That repository, without pieces before and after the test."""
    pieces = repository / "compositions"
    for name in ("earlier", "own"):
        if pieces.exists():
            pieces.rename(tmp_path / name)
        if name == "earlier":
            yield repository


@pytest.fixture
def tab(chromium):
    """An empty tab; a test fails if a page in it throws an error or breaks its own policy."""
    faults = []
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda line: faults.append(line.text) if "Security Policy" in line.text else None
    )
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def page(tab, studio):
    """Studio's page; the synthesizer is loaded when a test waits until it is `ready`."""
    tab.add_init_script(f"{{ {LATER} }}")
    tab.goto(studio)
    return tab
