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
def collected():
    """The collector takes those sockets here, not in the midst of a later test."""
    yield
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


@pytest.fixture
def left(deployment):
    """What leaves a run of the module's `deployment` in a state, and a client."""
    from prefect import get_client
    from prefect import states as known
    from unfinished import AGAIN

    with get_client(sync_client=True) as client:

        def leave(state, times=0):
            run = client.create_flow_run_from_deployment(deployment, parameters={"melody": "x"})
            for _ in range(times):
                client.set_flow_run_state(run.id, known.Running(), force=True)
                again = known.Scheduled(message=f"{AGAIN}: it was gone")
                client.set_flow_run_state(run.id, again, force=True)
            client.set_flow_run_state(run.id, state, force=True)
            return run.id

        yield leave, client
