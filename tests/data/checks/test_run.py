"""What the stage writes and says, and the form of every check."""

import json
import logging
import re
import shutil

import pytest
import yaml
from tests.data.checks.conftest import LIMITS

from kantor.data import windows
from kantor.data.checks.run import no_page_missing, validate
from kantor.data.checks.suites import suites
from kantor.files import DiskFull, full_disk_explained
from kantor.music.score import Key

LOGGER = logging.getLogger("great_expectations.render.renderer.site_builder")
LOGGED = """An unexpected Exception occurred during data docs rendering.  Detailed information
follows: OSError: "[Errno 28] No space left on device".  Traceback: "Traceback (most …
"""


def test_the_stage_ends_with_one_line_a_failed_check(broken, tmp_path, run_stage, capfd):
    """Code 0 and silence on the error stream for sound data, else code 1 and one line each.

    The numbers and the page depend on the data alone, and a title cannot add markup. Data Docs
    show each check's sentence and load nothing; an older site is replaced as a whole.
    """
    reports, docs = tmp_path / "reports", tmp_path / "reports/data_docs"
    docs.mkdir(parents=True)
    (docs / "old.html").write_text("old")
    blocks = {"ingest": {"sources": []}, "validate": LIMITS.model_dump()}
    params = yaml.safe_dump(blocks, sort_keys=False)

    def validated(data):
        """The stage's exit code for these data."""
        (tmp_path / "build").mkdir(exist_ok=True)
        windows.save(data.windows, tmp_path / "build/windows.npz")
        data.table.to_csv(tmp_path / "build/manifest.csv", index=False)
        return run_stage("validate", params)

    assert validated(broken) == 0
    assert capfd.readouterr().err == ""
    broken.windows.rolls[3, 5, 79, 0] = True
    broken.table.loc[1, "key"] = ""
    broken.table.loc[0, "id"] = "<script>alert(1)</script>"
    assert validated(broken) == 1
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["known_key", "one_pitch"]
    names = {path.name for path in reports.iterdir()}
    assert names == {"data_docs", "validation.html", "validation.json"}

    numbers, page = ((reports / f"validation.{kind}").read_text() for kind in ("json", "html"))
    figures = json.loads(numbers)
    assert figures["failed"] == 2
    assert figures["pieces"] == {"train": 6, "valid": 2, "test": 2}
    assert 0.9 < figures["figures"]["in_scale"] <= 1
    assert "one_pitch" in page
    assert "<script>" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    validate(broken.tables, LIMITS, 32, tmp_path / "again")
    assert (tmp_path / "again/validation.json").read_text() == numbers
    assert (tmp_path / "again/validation.html").read_text() == page

    assert (docs / "index.html").is_file()
    assert not (docs / "old.html").exists()
    assert not any("<script>alert" in path.read_text() for path in docs.rglob("*.html"))
    (path,) = docs.glob("validations/windows/**/*.html")
    shown = path.read_text()
    assert "Pitches of one voice at one step: at most 1." in shown
    assert "@52" in shown
    assert "system-ui" in shown
    first = (docs / "index.html").read_text()
    assert "16 of 17 checks passed" in first
    linked = re.findall(r'href="([^":#]+)"', first)
    assert len(linked) >= 8
    assert all((docs / link).is_file() for link in linked)
    for path in docs.rglob("*.html"):
        text = path.read_text()
        assert "<script" not in text
        assert not re.search(r'(src|<link[^>]*href)="http|url\(.?http', text), path

    shutil.rmtree(tmp_path / "build")
    assert run_stage("validate", params) == 1
    assert capfd.readouterr().err.count("\n") == 1


def test_a_page_that_the_library_gave_up_is_an_error(caplog):
    """In one line without a trace, by which a full disk is known; the logger stays as it was."""
    fault = r'could not be written \(OSError: "\[Errno 28'
    with pytest.raises(OSError, match=fault) as raised, no_page_missing():
        LOGGER.error(LOGGED)
    assert str(raised.value).isprintable()
    assert caplog.text == ""
    with pytest.raises(DiskFull), full_disk_explained(), no_page_missing():
        LOGGER.error(LOGGED)
    with no_page_missing():
        LOGGER.info("resolved")
    LOGGER.error("afterwards")
    assert "afterwards" in caplog.text


def test_keys_and_meters_are_those_of_scores():
    """Every key and meter that a score can have is known; other spellings and gaps are not."""
    patterns = {check.meta["check"]: check for check in suites(LIMITS, 32)["manifest"]}
    keys = [Key(fifths, mode).name for fifths in range(-7, 8) for mode in ("major", "minor")]
    cases = {
        "known_key": (keys, ["", "C", "H major", "C  major", "c minor", "C dorian", "C major\n"]),
        "known_meter": (["4/4", "6/8", "64/16", "2/32"], ["", "4", "4/5", "x/4", "3/32", "65/4"]),
    }
    for name, (known, unknown) in cases.items():
        matching = re.compile(patterns[name].regex)
        assert [text for text in known if not matching.match(text)] == []
        assert [text for text in unknown if matching.match(text)] == []
