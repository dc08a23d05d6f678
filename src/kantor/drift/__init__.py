"""Whether the melodies that come in still resemble those that the model learned from.

Each batch records its melodies' features in a log; now and then the last of them are compared
with the training sopranos. Nothing here knows of Prefect: the flow `drift` decides when.
"""

from kantor.drift.comparing import Drifting, compare, training
from kantor.drift.features import features
from kantor.drift.log import last, record
from kantor.drift.watching import watch

__all__ = ["Drifting", "compare", "features", "last", "record", "training", "watch"]
