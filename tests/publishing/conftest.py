"""Something to publish, and a SoundCloud to publish it to."""

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest
from tests.publishing import stub

from kantor.formats import audio
from kantor.music.score import Score
from kantor.publishing import CHORALES, Publication
from kantor.publishing.soundcloud import SoundCloudTarget
from kantor.publishing.tokens import Account, Settings

BACK = "http://localhost:8000/api/soundcloud/callback"
DATE = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def music(quarters: int, tempo: float) -> Score:
    """Four voices in quarters that move by steps."""
    walk = np.abs(np.arange(quarters) % 14 - 7)[:, None]
    pitches = np.repeat(walk + np.array([64, 60, 52, 45]), 4, axis=0).astype(np.int8)
    onsets = np.tile(np.arange(4 * quarters)[:, None] % 4 == 0, 4)
    return Score(pitches, onsets, tempo=tempo)


@pytest.fixture
def publication():
    """Two bars, two seconds; `remade` makes it longer."""
    score = music(8, 240)
    given = np.zeros(score.pitches.shape, bool)
    given[:, 0] = True
    return Publication("tune-1", "A tune", score, given, "kantor-bach 3", CHORALES, date=DATE)


def remade(publication: Publication, **changes) -> Publication:
    """The publication with changes; those of a score give all of its soprano."""
    if score := changes.get("score"):
        changes["given"] = np.zeros(score.pitches.shape, bool)
        changes["given"][:, 0] = True
    return replace(publication, **changes)


def quiet(*_: object) -> None:
    """Progress that nobody wants to know."""


@pytest.fixture
def cloud():
    with stub.serving() as (cloud, address):
        cloud.address = address
        yield cloud


@pytest.fixture
def account(cloud, tmp_path):
    """An account that nobody is logged in to."""
    return Account(Settings(stub.CLIENT, stub.SECRET, cloud.address, cloud.address), tmp_path)


def log_in(account):
    """As a browser does: SoundCloud's page, then back to ours with a code."""
    answer = httpx.get(account.begin(BACK), follow_redirects=False)
    query = dict(httpx.URL(answer.headers["location"]).params)
    account.finish(query.get("state", ""), query.get("code", ""), query.get("error", ""))


@pytest.fixture
def target(account, monkeypatch):
    """Logged in; a recording takes no time."""
    monkeypatch.setattr(audio, "flac_bytes", lambda score, gains=None: b"fLaC" + bytes(300_000))
    log_in(account)
    return SoundCloudTarget(account)
