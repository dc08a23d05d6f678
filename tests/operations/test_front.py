"""The front page links what there is, and shows nothing else of the disk."""

import asyncio

import httpx
import pytest

from kantor.access import TOKEN, Access
from kantor.operations.front import app, page

SECRET = "correct-horse-battery"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report.html").write_text("<h1>figures</h1>")
    (tmp_path / "compositions" / "b").mkdir(parents=True)
    (tmp_path / "compositions" / "b" / "<odd> & name.mid").write_bytes(b"MThd")
    (tmp_path / "compositions" / ".hidden").write_text("half-written")
    (tmp_path / "compositions" / "b" / "ledger.sqlite").write_text("inner")
    (tmp_path / "secret.txt").write_text("hush")
    return tmp_path


class Client:
    """Asks the app directly; keeps cookies as a browser does."""

    def __init__(self, root, access=None):
        served = app(root, access or Access(), prefect=4200, mlflow=5000)
        self.transport = httpx.ASGITransport(served)
        self.cookies = httpx.Cookies()

    def get(self, path, auth=None):
        async def ask():
            base = "http://localhost:8400"
            async with httpx.AsyncClient(
                transport=self.transport, base_url=base, cookies=self.cookies
            ) as client:
                answer = await client.get(path, auth=auth)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())


def test_links(root):
    """Both servers, the report and the compositions, with names that cannot break the page."""
    text = Client(root).get("/").text
    assert "http://localhost:4200" in text
    assert "http://localhost:5000" in text
    assert 'href="/reports/report.html"' in text
    assert "&lt;odd&gt; &amp; name.mid" in text
    assert "<odd>" not in text
    assert "hidden" not in text
    assert "ledger" not in text


def test_links_lead_somewhere(root):
    """What is listed is served."""
    asked = Client(root)
    assert asked.get("/compositions/b/%3Codd%3E%20%26%20name.mid").content == b"MThd"
    assert asked.get("/reports/report.html").text == "<h1>figures</h1>"


@pytest.mark.parametrize(
    "path",
    ["/secret.txt", "/reports/../secret.txt", "/reports/%2e%2e/secret.txt", "/reports//etc/x"],
)
def test_only_two_folders_are_served(root, path):
    """No path leads out of reports/ and compositions/, nor does a link in them."""
    (root / "reports" / "link.txt").symlink_to(root / "secret.txt")
    assert Client(root).get(path).status_code == 404
    assert Client(root).get("/reports/link.txt").status_code == 404


def test_an_empty_repository_has_a_page(tmp_path):
    """Before the first model the page says what to do."""
    assert "make repro" in page(tmp_path, "localhost", 4200, 5000)


def test_with_a_token_only_health_is_open(root):
    """The guard stands before page and files."""
    asked = Client(root, Access.from_environment({TOKEN: SECRET}))
    assert asked.get("/").status_code == 401
    assert asked.get("/reports/report.html").status_code == 401
    assert asked.get("/health").text == "ok"
    assert asked.get("/", auth=("me", SECRET)).status_code == 200
    assert asked.get("/").status_code == 200, "the browser is known by its cookie"
