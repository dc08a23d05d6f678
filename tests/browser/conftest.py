"""Pages are tested in the system's own Chromium; without it these tests are skipped."""

import os
import shutil

import pytest

MUST = "KANTOR_TEST_BROWSER"  # where it is set, a missing browser is a failure


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium for which the host evil.example is this machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        told = "no Chromium on this machine; install Debian's package chromium"
        pytest.fail(told) if os.environ.get(MUST) else pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--host-resolver-rules=MAP evil.example 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()
