"""Composing many melodies: once each, whatever stops it on the way.

A *batch* is what one call composes. Its *places* (folders, zip files, addresses) are listed
lazily; their melodies are *jobs*, which the *dispatcher* hands to *workers* in *chunks*. A worker
reads, composes and writes; each chunk that is back is written into the *ledger*, in one step. What
is in the ledger is done, everything else is done again after a stop, and a composition follows from
melody, model and options alone. So a batch that was stopped ends as if it had not been.
"""

from kantor.batch.run import run
from kantor.batch.settings import Batch, Options, Plan, Summary, counted

__all__ = ["Batch", "Options", "Plan", "Summary", "counted", "run"]
