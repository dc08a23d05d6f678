"""The model registry: versions of the trained generator, with what made each of them.

MLflow is imported in this package alone, and only when a function needs it. By default the
registry is the file ``mlflow.db`` in the repository's root, with its files in ``mlartifacts/``;
the variable ``MLFLOW_TRACKING_URI`` names any other.

A version is the generator as an MLflow pyfunc. Its tags tie it to what made it: git commit,
data, parameters, training budget, and the figures of its evaluation. Two aliases say what a
version is for: ``challenger`` is the newest, ``champion`` is the one that composes.
"""

from kantor.promotion.alias_audit import notice
from kantor.promotion.history import Event
from kantor.promotion.promote import history, promote, retire, rollback
from kantor.promotion.switching import Refused
from kantor.registry.fetching import fetch, load_alone, may_pass
from kantor.registry.loading import CHAMPION, LoadedModel, load_model
from kantor.registry.overview import summary
from kantor.registry.registering import Receipt, register
from kantor.registry.store import RECEIPT, RegistryError, find_root
from kantor.registry.versions import versions

__all__ = [
    "CHAMPION",
    "RECEIPT",
    "Event",
    "LoadedModel",
    "Receipt",
    "Refused",
    "RegistryError",
    "fetch",
    "find_root",
    "history",
    "load_alone",
    "load_model",
    "may_pass",
    "notice",
    "promote",
    "register",
    "retire",
    "rollback",
    "summary",
    "versions",
]
