"""Publish to SoundCloud by its own API: a recording is uploaded as a track of the user's.

``POST /tracks`` as multipart with ``Authorization: OAuth TOKEN``; the answer, 201, holds ``urn``
and ``permalink_url``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

import httpx

from kantor.errors import InputError, SetupError, one_line
from kantor.music.repeats import played
from kantor.publishing import Progress, Publication, Published
from kantor.publishing.page import stem
from kantor.publishing.refusals import NotLoggedIn, content, explained, refusal
from kantor.publishing.tokens import TIMEOUT, Account

Sharing = Literal["private", "public"]
License = Literal[
    "all-rights-reserved", "cc-by-nc", "cc-by-nc-sa", "cc-by-nc-nd", "cc-by", "cc-by-sa", "cc-by-nd"
]
LICENSES: tuple[str, ...] = get_args(License)
LONGEST = 1800.0  # seconds of sound that are uploaded: 140 MB
ATTRIBUTION = "Powered by SoundCloud"
"""To be shown beside whatever SoundCloud gives, with a link to the track there."""
_GENRE, _TAGS = "Classical", 'Kantor chorale "four voices"'
_MOST = 4000  # characters of a description


@dataclass(frozen=True)
class Upload:
    """How a track is published."""

    sharing: Sharing = "private"
    license: License = "all-rights-reserved"


class SoundCloudTarget:
    """Publish as a track of an account's."""

    name = "soundcloud"

    def __init__(self, account: Account, upload: Upload = Upload()) -> None:
        self.account, self.upload = account, upload

    def publish(self, publication: Publication, progress: Progress) -> Published:
        """Record the piece and upload it.

        A token that is refused is renewed once.
        """
        score = publication.score
        if (score.pitches < 0).all():
            raise InputError(f"{publication.title}: there are no notes to publish")
        if played(score).seconds > LONGEST:
            raise InputError(f"{publication.title}: longer than half an hour; publish less of it")
        token = self.account.token()
        progress("recording", 0, 0)
        recording = publication.record(score, "flac")
        try:
            answer = self._send(publication, recording, token, progress)
        except NotLoggedIn:
            token = self.account.token(refused=token)
            answer = self._send(publication, recording, token, progress)
        return self._published(answer)

    def _send(
        self, publication: Publication, recording: bytes, token: str, progress: Progress
    ) -> httpx.Response:
        total = len(recording)
        file = _Counted(recording, lambda done: progress("uploading", done, total))
        name = f"{stem(publication.title)}.flac"
        with explained("the upload"):
            answer = httpx.post(
                f"{self.account.settings.api}/tracks",
                headers={"authorization": f"OAuth {token}", "accept": "application/json"},
                data=self._fields(publication),
                files={"track[asset_data]": (name, file, "audio/flac")},
                timeout=TIMEOUT,
            )
        if not answer.is_success:
            raise refusal(answer, "the upload")
        return answer

    def _fields(self, publication: Publication) -> dict[str, str]:
        credits = "\n".join(f"{word}: {text}" for word, text in publication.credits())
        description = "\n\n".join(text for text in (publication.description, credits) if text)
        return {
            "track[title]": one_line(publication.title) or "Untitled",
            "track[sharing]": self.upload.sharing,
            "track[description]": description[:_MOST],
            "track[genre]": _GENRE,
            "track[tag_list]": _TAGS,
            "track[license]": self.upload.license,
        }

    def _published(self, answer: httpx.Response) -> Published:
        body = content(answer)
        url = str(body.get("permalink_url") or "")
        if urlsplit(url).scheme not in ("https", "http"):
            raise SetupError(
                "SoundCloud took the track but does not say where it is; look at your page there"
            )
        user = body.get("user")
        by = one_line(str(user.get("username") or "")) if isinstance(user, dict) else ""
        told = [f"a {self.upload.sharing} track" + (f" of {by}" if by else ""), ATTRIBUTION]
        return Published(self.name, url, detail=". ".join(told))


class _Counted(io.BytesIO):
    """Bytes that tell how many of them were read."""

    def __init__(self, content: bytes, tell: Callable[[int], object]) -> None:
        super().__init__(content)
        self._tell = tell

    def read(self, size: int | None = -1, /) -> bytes:
        """As usual; the teller is told after it."""
        part = super().read(size)
        if part:
            self._tell(self.tell())
        return part
