"""The page of a pass says what a person wants to know, with links that lead somewhere."""

from kantor import settings
from kantor.metrics.distances import Difference
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.rule import Row
from kantor.service.pass_page import Pass, inline, markdown

SERVED = {"KANTOR_URL": "http://studio:8400", "KANTOR_MLFLOW_URL": "http://studio:5000"}
DONE = Pass("new scores", ["ingest: data"], ["ingest", "train"], ["bach version 2", "  triads 0.9"])
RULE = settings.Promote(mode="auto", margin=0.005, guarded={}, resamples=100, confidence=0.9)
GAIN = Row("overlap", "overlap", "primary", 0.005, 1.0, 0.91, 0.93, Difference(*[0.02] * 3, 1.0))
COMPARISON = ModelComparison("bach", 2, 1, 72, False, (GAIN,), RULE)


def test_why_what_and_where():
    """Outcome first, then the comparison, what changed, what ran, the figures, and links."""
    text = markdown(DONE, "version 2 promoted", COMPARISON, SERVED)
    for part in ("new scores", "- ingest: data", "ingest, train", "  triads 0.9", "| overlap |"):
        assert part in text
    assert text.startswith("**version 2 promoted**")
    assert "(http://studio:8400/reports/report.html)" in text
    assert "(http://studio:5000/#/models/bach/versions/2)" in text


def test_only_what_is_served_is_linked():
    """A flow run by hand knows no addresses; the first model has no other to be compared with."""
    assert "http" not in markdown(DONE, "as before", COMPARISON, {})
    text = markdown(DONE, "as before", None, SERVED)
    assert "[models in MLflow](http://studio:5000/#/models)" in text


def test_a_picture_is_in_its_address(tmp_path):
    """It is shown without another server being asked."""
    (tmp_path / "plot.png").write_bytes(b"\x89PNG")
    assert inline(tmp_path / "plot.png") == "data:image/png;base64,iVBORw=="
