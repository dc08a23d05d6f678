"""Who may reach Kantor's servers: where they bind, by which names they are known, which token.

Servers bind to this machine alone. Elsewhere they need a token and the host names by which they are
known. The token comes from the environment only and is never written anywhere.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from kantor.errors import SetupError

HOST = "KANTOR_HOST"
TOKEN = "KANTOR_TOKEN"
ALLOWED_HOSTS = "KANTOR_ALLOWED_HOSTS"
SHORTEST_TOKEN = 16  # characters
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
_EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Access:
    """Where servers bind, names for a Host header without ports, the token; empty without one."""

    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = _LOOPBACK
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Access:
        """What the variables say.

        Raises `SetupError` if another address than loopback is to be bound without a token or
        without names, or if the token is short or cannot stand in a header.
        """
        values = os.environ if environment is None else environment
        host = values.get(HOST, "").strip() or cls.host
        token = values.get(TOKEN, "")
        named = [name.strip().lower() for name in values.get(ALLOWED_HOSTS, "").split(",")]
        names = [name for name in named if name]
        if token and (len(token) < SHORTEST_TOKEN or not token.isascii()):
            raise SetupError(f"{TOKEN}: expected at least {SHORTEST_TOKEN} plain characters")
        if set(token) & set(": ") or not token.isprintable():
            raise SetupError(f"{TOKEN}: must hold no colon and no space")
        if not _is_loopback(host):
            if not token:
                raise SetupError(f"{HOST}={host}: set {TOKEN} to serve others than this machine")
            if not names and host in _EVERYWHERE:
                raise SetupError(f"{HOST}={host}: set {ALLOWED_HOSTS} to this machine's names")
            names.append(host)
        return cls(host, tuple(dict.fromkeys((*_LOOPBACK, *names))), token)

    @property
    def named(self) -> tuple[str, ...]:
        """The names that are not this machine's own for itself."""
        return tuple(name for name in self.hosts if name not in (*_LOOPBACK, *_EVERYWHERE))

    @property
    def name(self) -> str:
        """How people reach the servers: the first name, else the address; as a URL has it."""
        return bracketed((*self.named, self.host)[0])

    def knows(self, host: str) -> bool:
        """Whether a Host header, with or without a port, is one of the names."""
        name = host.strip().lower()
        bare = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
        return name in self.hosts or bare in self.hosts

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header, bearer or basic, holds the token, if there is one."""
        offered = _offered(authorization)
        return not self.token or hmac.compare_digest(offered.encode(), self.token.encode())


def bracketed(host: str) -> str:
    """A host as it stands in a URL, where an IPv6 address has brackets."""
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _offered(authorization: str) -> str:
    """The token in an Authorization header; empty where there is none, whatever else is there."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    with suppress(ValueError):
        if scheme.lower() == "basic":
            return base64.b64decode(rest, validate=True).decode(errors="replace").partition(":")[2]
    return ""
