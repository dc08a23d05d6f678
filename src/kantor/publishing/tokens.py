"""The login at SoundCloud: asked for, kept in a file of its owner's, renewed.

OAuth 2.1: authorisation code with PKCE (RFC 7636, S256) and state. A refresh token works once: one
process refreshes at a time, and writes what it got before anybody uses it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from kantor.errors import SetupError
from kantor.files import private_folder
from kantor.locks import STATE, Busy, held
from kantor.publishing.refusals import NotLoggedIn, content, explained, refusal

CLIENT_ID, CLIENT_SECRET = "KANTOR_SOUNDCLOUD_CLIENT_ID", "KANTOR_SOUNDCLOUD_CLIENT_SECRET"
API, AUTH = "KANTOR_SOUNDCLOUD_API", "KANTOR_SOUNDCLOUD_AUTH"
EARLY = 60.0  # seconds before its end at which a token counts as expired
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_LOGIN_SECONDS = 600.0  # for the person on SoundCloud's page
_MOST_LOGINS = 20  # that are under way
_PATIENCE = 90.0  # seconds for another process that refreshes
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """The app that the user registered at SoundCloud, and where SoundCloud is."""

    client_id: str
    client_secret: str = field(repr=False)
    api: str = "https://api.soundcloud.com"
    auth: str = "https://secure.soundcloud.com"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings | None:
        """What the variables say; None where the app is not named.

        Raises
        ------
        SetupError
            If an address would send the secret over a network in the clear.
        """
        values = os.environ if environment is None else environment
        identity, secret = (values.get(name, "").strip() for name in (CLIENT_ID, CLIENT_SECRET))
        if not (identity and secret):
            return None
        addresses = {}
        for name, default in ((API, cls.api), (AUTH, cls.auth)):
            address = values.get(name, "").strip().rstrip("/") or default
            parts = urlsplit(address)
            if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
                raise SetupError(f"{name}={address}: expected an address that begins with https://")
            addresses[name] = address
        return cls(identity, secret, addresses[API], addresses[AUTH])


class Tokens(BaseModel):
    """What SoundCloud gave: `access` until `expires` (seconds since 1970), `refresh` for once."""

    model_config = ConfigDict(extra="forbid")

    access: str
    refresh: str
    expires: float


class Account:
    """Somebody's account at SoundCloud, by the tokens kept in ``.kantor/soundcloud.json``."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings
        self.path = root / STATE / "soundcloud.json"
        self._logins: dict[str, tuple[str, str, float]] = {}  # by state: verifier, redirect, until

    def is_logged_in(self) -> bool:
        """Whether there are tokens; they may have been revoked."""
        return self._read() is not None

    def begin(self, redirect: str) -> str:
        """The address at SoundCloud where a person allows the login; it leads to `redirect`."""
        now = time.monotonic()
        self._logins = {state: one for state, one in self._logins.items() if one[2] > now}
        while len(self._logins) >= _MOST_LOGINS:
            del self._logins[next(iter(self._logins))]
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        self._logins[state] = (verifier, redirect, now + _LOGIN_SECONDS)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "client_id": self.settings.client_id,
            "redirect_uri": redirect,
            "response_type": "code",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "state": state,
        }
        return f"{self.settings.auth}/authorize?{urlencode(query)}"

    def finish(self, state: str, code: str, error: str = "") -> None:
        """Take what SoundCloud's page came back with; then the account is logged in.

        Raises
        ------
        SetupError
            If it is the answer to no login of ours, the person refused, or the code is not good.
        """
        verifier, redirect, until = self._logins.pop(state, ("", "", 0.0))
        if not verifier or time.monotonic() > until:
            raise SetupError("this login was not begun here or took too long; begin it again")
        if error or not code:
            told = "was not allowed" if error == "access_denied" else "failed"
            raise SetupError(f"the login {told} at SoundCloud; nothing was changed")
        form = {"redirect_uri": redirect, "code_verifier": verifier, "code": code}
        self._keep(self._ask("authorization_code", form, ""))

    def forget(self) -> None:
        """Log out on this machine."""
        self.path.unlink(missing_ok=True)

    def token(self, refused: str = "") -> str:
        """An access token, renewed if it has run out or is the one that was `refused`.

        Raises
        ------
        NotLoggedIn
            If there is none, or it cannot be renewed.
        SetupError
            If SoundCloud cannot be asked.
        """
        if (tokens := self._good(refused)) is not None:
            return tokens.access
        try:
            with held(self.path.with_suffix(".lock"), lambda _: None, _PATIENCE):
                if (tokens := self._good(refused)) is not None:  # another has just renewed it
                    return tokens.access
                tokens = self._read()
                if tokens is None:
                    raise NotLoggedIn("not logged in at SoundCloud")
                return self._renewed(tokens).access
        except Busy:
            raise SetupError("another process is logging in at SoundCloud; try again") from None

    def _renewed(self, old: Tokens) -> Tokens:
        try:
            new = self._ask("refresh_token", {"refresh_token": old.refresh}, old.refresh)
        except NotLoggedIn:
            self.forget()
            raise
        return self._keep(new)

    def _good(self, refused: str) -> Tokens | None:
        """The tokens, if they can still be used."""
        tokens = self._read()
        if tokens is None:
            raise NotLoggedIn("not logged in at SoundCloud")
        is_good = tokens.access != refused and tokens.expires > time.time() + EARLY
        return tokens if is_good else None

    def _ask(self, grant: str, form: Mapping[str, str], refresh: str) -> Tokens:
        """Ask for tokens; `refresh` is kept where the answer has no other."""
        form = {
            "grant_type": grant,
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            **form,
        }
        address, accept = f"{self.settings.auth}/oauth/token", {"accept": "application/json"}
        with explained("the login"):
            answer = httpx.post(address, data=form, headers=accept, timeout=TIMEOUT)
        body = content(answer)
        if body.get("error") == "invalid_grant":
            raise NotLoggedIn("the login at SoundCloud has run out; log in again")
        if not answer.is_success:
            raise refusal(answer, "the login")
        try:
            life = float(body.get("expires_in") or 3600)
            return Tokens(
                access=body["access_token"],
                refresh=body.get("refresh_token") or refresh,
                expires=time.time() + life,
            )
        except (KeyError, TypeError, ValueError):
            raise SetupError("SoundCloud's answer to the login holds no token; try again") from None

    def _read(self) -> Tokens | None:
        try:
            return Tokens.model_validate_json(self.path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _keep(self, tokens: Tokens) -> Tokens:
        """Write the file whole or not at all, for its owner alone from the first byte."""
        private_folder(self.path.parent)
        partial = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            with os.fdopen(os.open(partial, flags, 0o600), "w") as file:
                file.write(tokens.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return tokens
