"""Flows are loaded as the service loads them; one server of Prefect serves all tests."""

import pytest


@pytest.fixture(scope="session")
def prefect_server():
    """A server on a database of its own."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield
