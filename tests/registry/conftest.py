"""In these tests the network is a rule: see `tests.registries`."""

import pytest


@pytest.fixture(autouse=True)
def stand_in(network_stand_in):
    """The rule in place of the network, for every test but those of `test_trained`."""
