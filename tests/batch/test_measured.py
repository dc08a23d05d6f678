"""What a batch counts of its compositions."""

from dataclasses import replace

from tests.ensembles import BAND, tune

from kantor.batch.worker import METRICS, measured


def test_what_is_for_another_ensemble_is_not_counted():
    """Of a band its groove, of voices their parallels; every column is there for both."""
    played = replace(BAND, writing="accompaniment")
    takes = {"band": [replace(tune(0), ensemble=played)], "voices": [tune(0)]}
    band, voices = (measured({name: scores})[name] for name, scores in takes.items())
    assert list(band) == list(voices) == list(METRICS)
    assert band["crossing"] is voices["same_drums"] is None
    assert None not in (band["same_drums"], band["chord_tones"], voices["crossing"])
