"""The front page links what there is, and shows nothing else of the disk."""

import asyncio
import os
import shutil
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from kantor.locks import STATE
from kantor.service import front as module
from kantor.service.front import PAGE, SHOWN, composed, page, routes
from kantor.service.health import STATES, State, write_states


def put(path, time=1000.0, text="MThd"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time, time))
    return path


@pytest.fixture
def root(tmp_path):
    put(tmp_path / "reports" / "report.html", text="<h1>figures</h1>")
    put(tmp_path / "compositions" / "b" / "<odd> & name.mid")
    put(tmp_path / "compositions" / ".hidden")
    put(tmp_path / "secret.txt", text="hush")
    return tmp_path


@pytest.fixture
def top(tmp_path):
    return tmp_path / "compositions"


def get(root, path):
    """What the site answers."""
    transport = httpx.ASGITransport(Starlette(routes=routes(root, 4200, 5000)))
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    return asyncio.run(client.get(path))


def names(listed):
    return [path.name for _, path in listed]


def test_links_lead_somewhere(root):
    """Both servers, the report and the compositions, with names that cannot break the page."""
    odd = "/compositions/b/%3Codd%3E%20%26%20name.mid"
    text = get(root, PAGE).text
    runs = "http://localhost:5000/#/experiments?workflowType=machine_learning"
    for link in ("http://localhost:4200", runs, "/reports/report.html", odd):
        assert f'href="{link}"' in text
    assert "b/&lt;odd&gt; &amp; name.mid</a>" in text
    assert "hidden" not in text
    assert get(root, "/reports/report.html").text == "<h1>figures</h1>"
    assert get(root, odd).content == b"MThd"


def test_only_two_folders_are_served(root):
    """No path leads out of reports/ and compositions/, nor does a link in them."""
    (root / "reports" / "link").symlink_to(root / "secret.txt")
    for path in ("../secret.txt", "%2e%2e/secret.txt", "/etc/x", "link"):
        assert get(root, f"/reports/{path}").status_code == 404
    assert get(root, "/secret.txt").status_code == 404


def test_an_empty_repository_has_a_page(tmp_path):
    """Before the first model the page says what to do."""
    assert "make repro" in page(tmp_path, "localhost", 4200, 5000)
    assert composed(tmp_path) == composed(tmp_path / "none") == ([], [], False)


def test_the_page_says_how_the_parts_are(root):
    """Which runs, which does not and why, nothing of which can break it; a fault of params.yaml."""
    (root / STATE).mkdir()
    for torn in ("[{", '[{"other": 1}]', "7"):
        (root / STATE / STATES).write_text(torn)
        assert "since" not in get(root, PAGE).text
    there = [State("prefect", "running", 0.0), State("flows", "down", 0.0, 2, "ended: <b>", 60.0)]
    write_states(root / STATE / STATES, there)
    text = get(root, PAGE).text
    for words in ("Running since", "it will be started again", "Started again 2 times. Last fault"):
        assert words in text
    assert "ended: &lt;b&gt;" in text
    shutil.copy(Path(__file__).resolve().parents[2] / "params.yaml", root)
    assert "params.yaml" not in get(root, PAGE).text
    with (root / "params.yaml").open("a") as file:
        file.write("  wrong: 1\n")
    words = "batch.wrong: no such parameter; flows fail until it is mended"
    assert words in get(root, PAGE).text.replace("cron may be meant; ", "")


def test_the_newest_come_first(top, monkeypatch):
    """A batch is its page: its files, of which there may be very many, are not looked at."""
    put(top / "old.mid", 1.0)
    put(top / "deep" / "er" / "new.png", 3.0)
    put(top / "deep" / "mid.musicxml", 2.0)
    for other in (".hidden.mid", ".kantor-x/part.mid", "notes.txt", "mid", "folder.mid/notes.txt"):
        put(top / other)
    out = top / "batches"
    put(out / "ledger.sqlite")
    for number in (1, 2, 12):
        put(out / f"2026-12-{number:02d}_03-00_my_inbox_{number:04d}" / "index.html", number)
    put(out / "2026-12-13_03-00_my_inbox_0013" / "manifest.csv")  # not done yet
    put(out / ".store" / "3f" / "tune.mid")
    looked, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(path) or scandir(path))
    newest = composed(top)
    assert names(newest.files) == ["new.png", "mid.musicxml", "old.mid"]
    assert not newest.more
    assert [path.parent.name[-2:] for _, path in newest.batches] == ["12", "02", "01"]
    assert set(looked) == {top, out, top / "deep", top / "deep" / "er", top / "folder.mid"}
    folder = "2026-12-12_03-00_my_inbox_0012"
    link = f'<a href="/compositions/batches/{folder}/index.html">Batch 12: my inbox</a>'
    assert link in get(top.parent, PAGE).text


def test_so_many_are_shown(top, monkeypatch):
    """Of the folders that changed last, by name in a very full one; and that there are more."""
    for number in range(SHOWN + 1):
        put(top / f"{number:03d}.mid", number + 1.0)
    newest = composed(top)
    assert names(newest.files)[0] == f"{SHOWN:03d}.mid"
    assert len(newest.files) == SHOWN
    assert newest.more
    monkeypatch.setattr(module, "_TIMED", SHOWN)
    put(top / "zzz.mid", 0.5)
    assert names(composed(top).files)[0] == "zzz.mid"
    monkeypatch.setattr(module, "_FOLDERS", 3)
    for number in range(5):
        folder = put(top.parent / "many" / str(number) / f"{number}.mid").parent
        os.utime(folder, (number + 1.0, number + 1.0))
    newest = composed(top.parent / "many")
    assert sorted(names(newest.files)) == ["3.mid", "4.mid"]
    assert newest.more


def test_an_upload_runs_no_script(root):
    """Of what is served only pages may: XML from elsewhere may hold a script too."""
    script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    put(root / "compositions" / "studio" / "source.xml", text=script)
    served = get(root, "/compositions/studio/source.xml")
    assert served.headers["content-security-policy"] == "sandbox"
    assert "content-security-policy" not in get(root, "/reports/report.html").headers
