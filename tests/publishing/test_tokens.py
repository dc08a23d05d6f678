"""The login at SoundCloud: begun here, answered once, kept for its owner, renewed once."""

import threading

import httpx
import pytest
from tests.publishing import stub
from tests.publishing.conftest import BACK, log_in

from kantor.errors import SetupError
from kantor.publishing import tokens
from kantor.publishing.refusals import NotLoggedIn
from kantor.publishing.tokens import Account, Settings


def test_the_login_is_kept_for_its_owner_alone(account, cloud):
    """In a file of mode 600 in a folder of mode 700, which holds no secret of the app."""
    assert not account.is_logged_in()
    log_in(account)
    assert account.is_logged_in()
    assert account.path.stat().st_mode & 0o777 == 0o600
    assert account.path.parent.stat().st_mode & 0o777 == 0o700
    assert stub.SECRET not in account.path.read_text()
    assert stub.SECRET not in repr(account.settings)
    assert [path.name for path in account.path.parent.iterdir()] == ["soundcloud.json"]
    account.forget()
    assert not account.is_logged_in()


def test_a_login_is_answered_once_and_only_here(account, cloud):
    """A foreign state, a second answer, a refusal, a code that is not good."""
    with pytest.raises(SetupError, match="not begun here"):
        account.finish("made up", "code")
    answer = httpx.get(account.begin(BACK), follow_redirects=False)
    query = dict(httpx.URL(answer.headers["location"]).params)
    account.finish(query["state"], query["code"])
    with pytest.raises(SetupError, match="not begun here"):
        account.finish(query["state"], query["code"])
    with pytest.raises(NotLoggedIn, match="log in again"):
        account.finish(httpx.URL(account.begin(BACK)).params["state"], query["code"])
    cloud.denies = True
    with pytest.raises(SetupError, match="was not allowed at SoundCloud; nothing was changed"):
        log_in(account)
    assert account.is_logged_in()


def test_an_old_login_is_not_answered(account, monkeypatch):
    """A person who comes back after an hour begins again."""
    monkeypatch.setattr(tokens, "_LOGIN_SECONDS", -1.0)
    with pytest.raises(SetupError, match="took too long"):
        log_in(account)


def test_two_at_once_renew_once(cloud, target):
    """Also where they are two processes: each has an account of its own on the same file."""
    cloud.life, cloud.delay = 30, 0.2
    log_in(target.account)
    cloud.life, got = 3600, []
    others = [Account(target.account.settings, target.account.path.parents[1]) for _ in range(4)]
    threads = [threading.Thread(target=lambda a=a: got.append(a.token())) for a in others]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(got) == 4
    assert len(set(got)) == 1
    assert cloud.asked.count("/oauth/token") == 3


def test_the_app_comes_from_the_environment():
    """Without both there is none; an address must not send the secret in the clear."""
    app = {tokens.CLIENT_ID: "me", tokens.CLIENT_SECRET: "hidden"}
    assert Settings.from_environment({}) is None
    assert Settings.from_environment({tokens.CLIENT_ID: "me"}) is None
    settings = Settings.from_environment(app)
    assert settings is not None
    assert settings.api == "https://api.soundcloud.com"
    assert settings.auth == "https://secure.soundcloud.com"
    local = Settings.from_environment({**app, tokens.API: "http://localhost:9/"})
    assert local is not None
    assert local.api == "http://localhost:9"
    with pytest.raises(SetupError, match="begins with https"):
        Settings.from_environment({**app, tokens.AUTH: "http://example.org"})
