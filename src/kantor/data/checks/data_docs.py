"""Data Docs are written whole, or it is an error.

great_expectations 1.24 logs the trace of whatever keeps a page from being written, and goes on
without that page.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from kantor.errors import one_line

_LOGGER = "great_expectations.render.renderer.site_builder"


class _Faults(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


@contextmanager
def all_pages() -> Iterator[None]:
    """Raise what the library would log when it fails to write a page.

    Raises
    ------
    OSError
        One line with the first fault.
    """
    logger, faults = logging.getLogger(_LOGGER), _Faults()
    before = logger.propagate
    logger.addHandler(faults)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(faults)
        logger.propagate = before
    if faults.told:
        named = re.search(r'\w+: ".*?"', faults.told[0])
        fault = one_line(named[0] if named else faults.told[0], 120)
        raise OSError(f"a page of Data Docs could not be written ({fault})")
