"""What Prefect shows of a batch leads to its page."""

from pathlib import Path

from kantor.batch import Summary
from kantor.batch.telling import markdown

ROOT = Path("/srv/kantor")
SUMMARY = Summary(
    7,
    "kantor-bach version 3",
    {"refused": 2, "composed": 1_200},
    ROOT / "compositions/batches/batch-0007",
    4.25,
    4.0,
    3.5,
)


def test_under_make_serve_the_page_is_a_link():
    """Through the front page, at the port that it has."""
    text = markdown(SUMMARY, ROOT, {"KANTOR_HOME": str(ROOT), "KANTOR_PORT": "9000"})
    address = "http://127.0.0.1:9000/compositions/batches/batch-0007/index.html"
    assert f"[Look and listen]({address})" in text
    assert "| composed | 1,200 |\n| refused | 2 |" in text


def test_elsewhere_it_is_a_path():
    """Also where the results lie outside what is served."""
    assert "`/srv/kantor/compositions/batches/batch-0007/index.html`" in markdown(SUMMARY, ROOT, {})
    outside = markdown(SUMMARY, Path("/other"), {"KANTOR_HOME": "/other"})
    assert "http" not in outside


def test_a_batch_in_one_line():
    """For the log, and for a person's terminal."""
    expected = "batch 7 by kantor-bach version 3: 2 refused, 1,200 composed; 4.2 s"
    assert SUMMARY.line == expected
