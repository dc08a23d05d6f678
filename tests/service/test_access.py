"""Servers are open to others only with a token and by name."""

import pytest

from kantor.errors import SetupError
from kantor.service.access import ALLOWED_HOSTS, HOST, TOKEN, Access

SECRET = "correct-horse-battery"
OPEN = Access.from_environment({})


def test_this_machine_alone_without_settings():
    """Unset means loopback, its names, and no token."""
    assert OPEN.host == "127.0.0.1"
    assert OPEN.knows("localhost:5000")
    assert OPEN.knows("127.0.0.1")
    assert OPEN.knows("[::1]:80")
    assert not OPEN.knows("kantor.example")
    assert not OPEN.knows("")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({HOST: "10.0.0.7"}, f"set {TOKEN}"),
        ({HOST: "0.0.0.0", TOKEN: SECRET}, f"set {ALLOWED_HOSTS}"),
        ({TOKEN: "short"}, "at least 16"),
        ({TOKEN: "a colon: in the midst"}, "no colon"),
        ({TOKEN: "nø plain characters"}, "plain"),
    ],
)
def test_what_would_be_open_is_refused(values, told):
    """One line says what to set, and never what the token is."""
    with pytest.raises(SetupError, match=told) as error:
        Access.from_environment(values)
    assert values.get(TOKEN, "?") not in str(error.value)


def test_elsewhere_with_token_and_names():
    """The names that were allowed are known, beside the address itself and loopback."""
    values = {HOST: "0.0.0.0", TOKEN: SECRET, ALLOWED_HOSTS: "kantor.example, Studio"}
    access = Access.from_environment(values)
    assert all(map(access.knows, ("kantor.example:8400", "studio", "localhost")))
    assert SECRET not in repr(access)
