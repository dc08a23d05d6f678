"""The front page links what there is, and shows nothing else of the disk."""

import asyncio
import os
import shutil
from pathlib import Path

import httpx
import pytest

from kantor.locks import STATE
from kantor.service import front as module
from kantor.service import state
from kantor.service.access import TOKEN, Access
from kantor.service.front import HEALTH, SHOWN, composed, page, site
from kantor.service.guard import Guard
from kantor.service.state import State

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
        inner = site(root, prefect=4200, mlflow=5000)
        served = Guard(inner, access or Access(), open_paths=(HEALTH,))
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


def test_the_page_says_how_the_parts_are(root):
    """Which runs, which does not and why; words from a log cannot break the page."""
    (root / STATE).mkdir()
    there = [State("prefect", "running", 0.0), State("flows", "down", 0.0, 2, "ended: <b>", 60.0)]
    state.write(root / STATE / state.FILE, there)
    text = Client(root).get("/").text
    assert "Running since" in text
    assert "it will be started again" in text
    assert "Started again 2 times. Last fault" in text
    assert "ended: &lt;b&gt;" in text
    assert "<b>" not in text


def test_the_page_tells_a_fault_of_the_parameters(root):
    """Flows fail until somebody mends it."""
    shutil.copy(Path(__file__).resolve().parents[2] / "params.yaml", root)
    assert "params.yaml" not in Client(root).get("/").text
    with (root / "params.yaml").open("a") as file:
        file.write("  wrong: 1\n")
    text = Client(root).get("/").text
    assert "batch.wrong: no such parameter" in text
    assert "flows fail until it is mended" in text


def test_a_batch_is_named_by_its_number(root):
    """And leads to its page."""
    page = root / "compositions" / "batches" / "batch-0012" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<h1>twelve</h1>")
    (page.parents[1] / "ledger.sqlite").touch()
    asked = Client(root)
    assert ">Batch 12</a>" in asked.get("/").text
    assert asked.get("/compositions/batches/batch-0012/index.html").text == "<h1>twelve</h1>"


def test_with_a_token_only_health_is_open(root):
    """The guard stands before page and files."""
    asked = Client(root, Access.from_environment({TOKEN: SECRET}))
    assert asked.get("/").status_code == 401
    assert asked.get("/reports/report.html").status_code == 401
    assert asked.get("/health").text == "ok"
    assert asked.get("/", auth=("me", SECRET)).status_code == 200
    assert asked.get("/").status_code == 200, "the browser is known by its cookie"


@pytest.fixture
def top(tmp_path):
    return tmp_path / "compositions"


def put(path, time=1000.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("MThd")
    os.utime(path, (time, time))
    return path


def names(found):
    return [path.name for _, path in found]


def test_nothing_yet(top):
    """No folder and an empty one are the same."""
    assert composed(top) == composed(top.parent)


def test_the_newest_come_first(top):
    """Music and pictures in any folder; nothing hidden, nothing else."""
    put(top / "old.mid", 1.0)
    put(top / "deep" / "er" / "new.png", 3.0)
    put(top / "deep" / "mid.musicxml", 2.0)
    for other in (".hidden.mid", ".kantor-x/part.mid", "notes.txt", "mid"):
        put(top / other)
    (top / "folder.mid").mkdir()
    found = composed(top)
    assert names(found.files) == ["new.png", "mid.musicxml", "old.mid"]
    assert not found.more


def test_a_batch_is_its_page(top, monkeypatch):
    """Its files, of which there may be very many, are not looked at."""
    out = top / "batches"
    put(out / "ledger.sqlite")
    for number in (1, 2, 12):
        put(out / f"batch-{number:04d}" / "index.html", number)
    put(out / "batch-0013" / "manifest.csv")  # not done yet
    put(out / "files" / "3f" / "tune.mid")
    looked, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(str(path)) or scandir(path))
    found = composed(top)
    assert [path.parent.name for _, path in found.batches] == [
        "batch-0012",
        "batch-0002",
        "batch-0001",
    ]
    assert found.files == []
    assert looked == [str(top), str(out)]


def test_so_many_are_shown(top):
    """And that there are more."""
    for number in range(SHOWN + 1):
        put(top / f"{number:03d}.mid", number + 1.0)
    found = composed(top)
    assert names(found.files)[0] == f"{SHOWN:03d}.mid"
    assert len(found.files) == SHOWN
    assert found.more


def test_a_very_full_folder_is_listed_by_name(top, monkeypatch):
    """The time of each of its files would have to be looked up."""
    monkeypatch.setattr(module, "_TIMED", 2)
    for name, time in (("a.mid", 3.0), ("b.mid", 2.0), ("c.mid", 1.0)):
        put(top / name, time)
    assert names(composed(top).files) == ["c.mid", "b.mid", "a.mid"]


def test_the_folders_that_changed_last_are_looked_into(top, monkeypatch):
    """So many folders; the rest is said to be there."""
    monkeypatch.setattr(module, "_FOLDERS", 3)
    for number in range(5):
        folder = put(top / str(number) / f"{number}.mid").parent
        os.utime(folder, (number + 1.0, number + 1.0))
    found = composed(top)
    assert sorted(names(found.files)) == ["3.mid", "4.mid"]
    assert found.more
