"""The files of Studio's page: small, complete, and what they claim to be."""

import gzip
import hashlib
import json
import re

import pytest
from tests.studio.conftest import ROOT

from kantor.pages import glossary

STUDIO = ROOT / "src/kantor/studio"
WEB = STUDIO / "web"
SCRIPTS = sorted(WEB.glob("js/**/*.js"))
SHEETS = sorted(WEB.glob("css/*.css"))
LINES = {".js": 250, ".css": 350}
BUDGET = 700_000  # bytes of script, compressed
IMPORTED = re.compile(
    r"""^\s*(?:(?:import|export)\b[^"';()=]*\bfrom|import)\s*["']([^"']+)["']"""
    r"""|\bimport\(\s*["']([^"']+)["']""",
    re.MULTILINE,
)


def import_map():
    """Where names that are imported lead, as the page says it."""
    text = (WEB / "index.html").read_text()
    found = re.search(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    return {
        name: WEB.parent / path.lstrip("/")
        for name, path in json.loads(found[1])["imports"].items()
    }


@pytest.mark.parametrize("file", [*SCRIPTS, *SHEETS], ids=lambda file: file.name)
def test_files_are_short(file):
    """A component or a state that needs a table of contents is two."""
    assert len(file.read_text().splitlines()) <= LINES[file.suffix]


def test_vendored_files_are_those_of_their_release():
    """The manifest's SHA-256 fits each file, each file is in it, with a licence."""
    manifest = json.loads((WEB / "vendor/manifest.json").read_text())
    named = {WEB / "vendor/manifest.json"}
    for part in manifest:
        folder = WEB / "vendor" / part["folder"]
        assert any(name.startswith("LICENSE") for name in part["files"]), part["name"]
        for name, digest in part["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
            named.add(folder / name)
    assert named == {file for file in (WEB / "vendor").rglob("*") if file.is_file()}


def test_the_manifest_is_that_of_the_lock():
    """Versions and npm's integrity are those that package-lock.json pins."""
    lock = json.loads((STUDIO / "package-lock.json").read_text())["packages"]
    for part in json.loads((WEB / "vendor/manifest.json").read_text()):
        pinned = lock[f"node_modules/{part['name']}"]
        assert (pinned["version"], pinned["integrity"]) == (part["version"], part["integrity"])


def test_every_import_leads_to_a_file():
    """Own modules by their path, others by the import map; no module is left that nobody loads."""
    names = import_map()
    assert all(path.is_file() for path in names.values())
    loaded, waiting = set(), [WEB / "js/main.js"]
    while waiting:
        file = waiting.pop()
        if file in loaded:
            continue
        loaded.add(file)
        code = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
        for name in map("".join, IMPORTED.findall(code)):
            target = (file.parent / name).resolve() if name.startswith(".") else names.get(name)
            assert target, f"{file.name}: {name}"
            assert target.is_file(), f"{file.name}: {name}"
            if target.is_relative_to(WEB / "js"):
                waiting.append(target)
    workers = {file for file in SCRIPTS if re.search(r"[Ww]orker|[Ww]orklet", file.name)}
    assert set(SCRIPTS) - loaded - workers == set()


def test_the_script_is_light():
    """All of it, own and vendored, is at most 700 kB as it is sent."""
    vendored = [file for file in (WEB / "vendor").rglob("*") if file.suffix in (".js", ".mjs")]
    sent = sum(len(gzip.compress(file.read_bytes())) for file in (*SCRIPTS, *vendored))
    assert sent <= BUDGET


def test_the_page_asks_for_its_modules_at_once(client):
    """Every own module is named in the page, so that none waits for another's imports."""
    page = client.get("/").text
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', page))
    assert {f"/{file.relative_to(STUDIO)}" for file in SCRIPTS} <= named
    for path in named:
        assert client.get(path).status_code == 200, path


def test_every_panel_has_its_words(client):
    """The page carries the whole glossary as data, and each term that a script names is in it."""
    page = client.get("/").text
    words = re.search(r'<script type="application/json" id="glossary">(.*?)</script>', page)
    assert json.loads(words[1]) == glossary.entries()
    named = re.compile(r"""\bterm(?:=|: )"([^"]+)"|"train\.\w+": "([a-z ]+)",""")
    terms = {a or b for file in SCRIPTS for a, b in named.findall(file.read_text())}
    assert {"loss", "critic", "five to one"} <= terms <= set(glossary.entries())
