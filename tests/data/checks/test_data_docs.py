"""No page of Data Docs is missing without a word."""

from __future__ import annotations

import logging

import pytest

from kantor.data.checks.run import all_pages
from kantor.files import DiskFull, full_disk_explained

LOGGER = logging.getLogger("great_expectations.render.renderer.site_builder")
TOLD = """An unexpected Exception occurred during data docs rendering.
                OSError: "[Errno 28] No space left on device".  Traceback: "Traceback (most …
"""


def test_a_page_that_the_library_gave_up_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """In one line, and the library's trace is not seen."""
    fault = r'could not be written \(OSError: "\[Errno 28'
    with pytest.raises(OSError, match=fault) as told, all_pages():
        LOGGER.error(TOLD)
    assert str(told.value).isprintable()
    assert caplog.text == ""


def test_a_full_disk_is_known_by_it() -> None:
    """So that the remedy is told."""
    with pytest.raises(DiskFull), full_disk_explained(), all_pages():
        LOGGER.error(TOLD)


def test_other_words_are_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged below an error passes, and afterwards the logger is as it was."""
    with all_pages():
        LOGGER.info("resolved")
    LOGGER.error("afterwards")
    assert "afterwards" in caplog.text
    assert LOGGER.handlers == []
