"""Upload to SoundCloud: what is sent, and every error in plain words."""

import socket
import time

import httpx
import pytest
from tests.publishing import stub
from tests.publishing.conftest import log_in, quiet, remade

from kantor.errors import InputError, SetupError
from kantor.formats import audio
from kantor.publishing import soundcloud
from kantor.publishing.refusals import NotLoggedIn
from kantor.publishing.soundcloud import SoundCloudTarget, Upload
from kantor.publishing.tokens import Account, Settings

HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


def test_a_recording_is_uploaded(cloud, account, publication):
    """With title, credits, sharing and licence; private unless said otherwise."""
    log_in(account)
    steps = []
    target = SoundCloudTarget(account, Upload("public", "cc-by-nc"))
    piece = remade(publication, title='Lied "für" 4', description="For B.")
    done = target.publish(piece, lambda *step: steps.append(step))
    assert done.url == "https://soundcloud.com/somebody/track-1"
    assert "a public track of Somebody" in done.detail
    assert soundcloud.ATTRIBUTION in done.detail
    (track,) = cloud.tracks
    told = {name: value.decode() for name, value in track.items() if name != "track[asset_data]"}
    assert told["track[title]"] == 'Lied "für" 4'
    assert told["track[sharing]"] == "public"
    assert told["track[license]"] == "cc-by-nc"
    assert told["track[description]"].startswith("For B.\n\nGiven: soprano\n")
    assert "non-commercial" in told["track[description]"]
    assert track["track[asset_data]"] == audio.flac_bytes(publication.score)
    assert steps[0] == ("recording", 0, 0)
    states = [(done, total) for state, done, total in steps if state == "uploading"]
    assert states == sorted(states)
    assert states[-1][0] == states[-1][1] == len(track["track[asset_data]"])
    assert len(states) > 3
    SoundCloudTarget(account).publish(piece, quiet)
    assert cloud.tracks[1]["track[sharing]"] == b"private"


def test_an_expired_token_is_renewed_before_it_is_used(cloud, target, publication):
    """And the new refresh token kept, because the old one works once."""
    cloud.life = 30  # below the margin: the next one is renewed again
    log_in(target.account)
    before = target.account.path.read_text()
    target.publish(publication, quiet)
    assert target.account.path.read_text() != before
    target.publish(publication, quiet)
    assert len(cloud.tracks) == 2
    assert cloud.asked.count("/oauth/token") == 4
    assert len(cloud.refresh) == 2  # of the first login, and the last
    assert target.account.path.stat().st_mode & 0o777 == 0o600


def test_a_refused_token_is_renewed_once(cloud, target, publication):
    """An empty 401, as it is seen; the second one asks for a login."""
    cloud.order("/tracks", 401)
    target.publish(publication, quiet)
    assert len(cloud.tracks) == 1
    cloud.order("/tracks", 401, times=2)
    with pytest.raises(NotLoggedIn, match="no longer accepts the login; log in again"):
        target.publish(publication, quiet)
    assert cloud.asked.count("/tracks") == 4


def test_a_login_that_was_revoked(cloud, target, publication):
    """The tokens are forgotten, and the person is asked to log in."""
    cloud.access.clear()
    cloud.refresh.clear()
    with pytest.raises(NotLoggedIn, match="log in again"):
        target.publish(publication, quiet)
    assert not target.account.is_logged_in()
    with pytest.raises(NotLoggedIn, match="not logged in"):
        target.publish(publication, quiet)


@pytest.mark.parametrize(
    ("status", "body", "headers", "told"),
    [
        (400, {"code": 400, "message": "Bad asset.", "link": "https://developers.soundcloud.com"},
         {}, r"refuses the upload \(400\): Bad asset \(see https://developers.soundcloud.com\)$"),
        (422, {"code": 422, "message": "title is too long", "link": ""}, {},
         r"refuses the upload \(422\): title is too long$"),
        (422, b"", {}, r"\(422\) and does not say why$"),
        (403, b"", {}, r"does not allow the upload \(403\)"),
        (413, HTML, {}, "larger than SoundCloud takes"),
        (429, {"code": 429, "message": "Too many", "link": ""}, {"retry_after": "30"},
         r"too many requests \(429\): Too many; try again in 30 seconds$"),
        (429, b"", {"retry_after": "600"}, "try again in 10 minutes$"),
        (429, b"", {}, "try again later$"),
        (503, HTML, {}, r"out of order \(503\); try again later$"),
        (500, b"\xff\xfe", {"retry_after": "Mon, 01 Jan 2001 00:00:00 GMT"}, "in 1 second$"),
        (302, b"", {"location": "http://evil.example/"}, "answered the upload with 302$"),
        (404, [], {}, "with 404$"),
        (201, HTML, {}, "does not say where it is; look at your page there$"),
        (201, {"permalink_url": "javascript:alert(1)"}, {}, "does not say where it is"),
    ],
)  # fmt: skip
def test_every_error_in_plain_words(cloud, target, publication, status, body, headers, told):
    """One line that holds neither HTML nor a token; the login is kept; nothing is sent twice."""
    cloud.order("/tracks", status, body if isinstance(body, dict | bytes) else b"[]", **headers)
    with pytest.raises(SetupError, match=told) as caught:
        target.publish(publication, quiet)
    assert not {"<", "\n"} & set(str(caught.value))
    assert not any(token in str(caught.value) for token in cloud.access)
    assert target.account.is_logged_in()
    assert cloud.asked.count("/tracks") == 1


def test_a_service_that_is_out_of_order_keeps_the_login(cloud, target, publication):
    """While the token is renewed as well; a wrong app is named by its variables."""
    for status, body, told in (
        (503, HTML, "out of order"),
        (429, b"", "too many"),
        (200, HTML, "holds no token"),
        (401, {"error": "invalid_client"}, "check KANTOR_SOUNDCLOUD_CLIENT_ID"),
    ):
        cloud.order("/tracks", 401)
        cloud.order("/oauth/token", status, body)
        with pytest.raises(SetupError, match=told):
            target.publish(publication, quiet)
        assert target.account.is_logged_in()
    target.publish(publication, quiet)


def test_a_network_that_fails(cloud, target, publication, monkeypatch):
    """Nobody listens, or nobody answers in time."""
    monkeypatch.setattr(soundcloud, "TIMEOUT", httpx.Timeout(0.2))
    cloud.delay = 0.6
    with pytest.raises(SetupError, match="took too long over the upload; look there before"):
        target.publish(publication, quiet)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings = Settings(stub.CLIENT, stub.SECRET, address, address)
    away = SoundCloudTarget(Account(settings, target.account.path.parents[1]))
    with pytest.raises(SetupError, match="cannot be reached, so the upload did not begin"):
        away.publish(publication, quiet)
    time.sleep(0.5)  # until the slow one has answered nobody


def test_what_is_not_worth_an_upload(cloud, target, publication, monkeypatch):
    """Too long a piece; it is told before anything is sent."""
    monkeypatch.setattr(soundcloud, "LONGEST", 1.0)
    with pytest.raises(InputError, match="A tune: longer than half an hour"):
        target.publish(publication, quiet)
    assert "/tracks" not in cloud.asked


def test_a_file_that_is_none_asks_for_a_login(account):
    """Damaged, or of another version."""
    account.path.parent.mkdir(parents=True)
    account.path.write_text("{")
    assert not account.is_logged_in()
    with pytest.raises(NotLoggedIn):
        account.token()
