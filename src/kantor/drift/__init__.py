"""Whether the melodies that come in still resemble those that the model learned from.

Each batch records its melodies' features in a log; now and then the last of them are compared
with the leading lines of the training. Nothing here knows of Prefect: the flow `drift` decides
when.
"""

from kantor.drift.drift_report import DriftReport, compare, training, watch
from kantor.drift.melody_features import features, last, record

__all__ = ["DriftReport", "compare", "features", "last", "record", "training", "watch"]
