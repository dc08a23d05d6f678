"""Flows are loaded as the service loads them; one server of Prefect serves all tests."""

import pytest


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
