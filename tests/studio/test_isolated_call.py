"""Whatever a file does to the process that reads it, Studio goes on."""

import os
import time

import pytest

from kantor.errors import InputError
from kantor.studio import isolated_call


def test_what_comes_back():
    """What the function returns, or raises."""
    assert isolated_call.call("it", divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        isolated_call.call("it", divmod, 7, 0)


def test_it_takes_too_long():
    """It is ended, and others have their turn."""
    began = time.monotonic()
    for _ in range(isolated_call.AT_ONCE + 1):
        with pytest.raises(isolated_call.UnusableError, match=r"^tune\.mid: took more than 0\.5 s"):
            isolated_call.call("tune.mid", time.sleep, 60, seconds=0.5)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("deed", [(os._exit, 3), (bytes, 3 << 30), (os.abort,)])
def test_it_ends_its_process(deed):
    """Or takes all memory: that is the file's fault, and told."""
    with pytest.raises(InputError, match=r"^tune\.mid: .*memory"):
        isolated_call.call("tune.mid", *deed)
