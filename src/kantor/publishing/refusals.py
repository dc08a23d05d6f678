"""What SoundCloud says when it does not do what it is asked, in plain words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from kantor.errors import SetupError, one_line

_WRONG_CLIENT = {"invalid_client", "unauthorized_client"}


class NotLoggedIn(SetupError):
    """Nobody is logged in at SoundCloud, or the login has run out."""


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Make one line of a network that fails; `doing` is such as "the upload"."""
    try:
        yield
    except httpx.ConnectTimeout:
        raise SetupError(
            f"SoundCloud does not answer, so {doing} did not begin; try again"
        ) from None
    except httpx.ConnectError:
        raise SetupError(
            f"SoundCloud cannot be reached, so {doing} did not begin; is this machine online?"
        ) from None
    except httpx.TimeoutException:
        raise SetupError(
            f"SoundCloud took too long over {doing}; look there before you try again: "
            "it may be done all the same"
        ) from None
    except httpx.HTTPError as error:
        reason = one_line(str(error)) or type(error).__name__
        raise SetupError(f"the connection to SoundCloud broke during {doing} ({reason})") from None


def refusal(answer: httpx.Response, doing: str) -> SetupError:
    """The error that an answer other than 2xx is.

    Its body is ``{code, message, link}``, an OAuth error (RFC 6749, 5.2), a page of HTML, or empty.
    """
    status, body = answer.status_code, content(answer)
    told = _told(body)
    if body.get("error") in _WRONG_CLIENT:
        return SetupError(
            "SoundCloud does not know this app: check KANTOR_SOUNDCLOUD_CLIENT_ID and "
            "KANTOR_SOUNDCLOUD_CLIENT_SECRET"
        )
    if status == 401:
        return NotLoggedIn("SoundCloud no longer accepts the login; log in again")
    if status == 403:
        return SetupError(
            f"SoundCloud does not allow {doing} (403){told}; has the account confirmed its e-mail, "
            "and room for more uploads?"
        )
    if status == 413:
        return SetupError("the recording is larger than SoundCloud takes (413); publish less music")
    if status == 429:
        return SetupError(f"SoundCloud has had too many requests (429){told}; {_when(answer)}")
    if status >= 500:
        return SetupError(f"SoundCloud is out of order ({status}){told}; {_when(answer)}")
    if status in (400, 422):
        return SetupError(f"SoundCloud refuses {doing} ({status}){told or ' and does not say why'}")
    return SetupError(f"SoundCloud answered {doing} with {status}{told}")


def content(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty where it is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _told(body: dict[str, Any]) -> str:
    """SoundCloud's own words, and where it says more."""
    words = one_line(str(body.get("message") or body.get("error_description") or ""))
    link = one_line(str(body.get("link") or ""))
    more = f" (see {link})" if link.startswith("https://") else ""
    return f": {words.rstrip('.')}{more}" if words else more


def _when(answer: httpx.Response) -> str:
    """When to try again, as the answer's Retry-After says, in seconds or as a date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        seconds = int(text)
    else:
        try:
            seconds = round(parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            return "try again later"
    number, unit = (max(1, seconds), "second") if seconds < 90 else (round(seconds / 60), "minute")
    return f"try again in {number} {unit}{'s' * (number != 1)}"
