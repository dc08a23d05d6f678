"""Composing many melodies: once each, whatever stops it on the way.

A *batch* is what one call composes. Its *places* (folders, zip files, addresses) are listed
lazily; melodies go in *chunks* to workers, which read, compose and write; each chunk that is
back is written down in the *ledger*, in one step. What is in the ledger is done, everything else
is done again after a stop, and a composition follows from melody, model and manner alone. So a
batch that was stopped ends as if it had not been.
"""

from kantor.batch.plan import BatchError, Plan, Progress, Summary
from kantor.batch.run import run
from kantor.batch.settings import Batch, Manner

__all__ = ["Batch", "BatchError", "Manner", "Plan", "Progress", "Summary", "run"]
