"""Flows are loaded as the service loads them; one server of Prefect serves all tests."""

import gc
import warnings
from pathlib import Path

import pytest

UNCLOSED = "ignore:unclosed:ResourceWarning"


def pytest_collection_modifyitems(items):
    """Prefect's clients leave sockets to the garbage collector wherever a flow has run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(UNCLOSED))


@pytest.fixture(autouse=True, scope="module")
def nothing_left():
    """Prefect's sender of events ends here: its pings draw from `random` in the midst of others.

    The collector takes those sockets here too.
    """
    yield
    from prefect.events.worker import EventsWorker

    EventsWorker.drain_all(timeout=30, at_exit=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def prefect_server():
    """A server on a database of its own."""
    from prefect.testing.utilities import prefect_test_harness

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL", "0.2")
        with prefect_test_harness(server_startup_timeout=120):
            yield


@pytest.fixture(scope="module")
def client(prefect_server):
    """Prefect's own client of that server."""
    from prefect import get_client

    with get_client(sync_client=True) as client:
        yield client
