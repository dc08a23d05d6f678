"""The model registry: versions of the trained generator, with what made each of them.

MLflow is imported only when a function needs it. By default the registry is the file
``mlflow.db`` in the repository's root, with its files in ``mlartifacts/``; the variable
``MLFLOW_TRACKING_URI`` names any other.

A version is the generator as an MLflow pyfunc. Its tags tie it to what made it: git commit, data,
parameters, training budget, ensemble, and the figures of its evaluation. Two aliases say what a
version is for: ``challenger`` is the newest, ``champion`` is the one that composes. Who is
champion is decided and recorded in `kantor.promotion`.
"""

from kantor.registry.connection import Away
from kantor.registry.loading import LoadedModel, fetch, load_alone, load_model, may_pass
from kantor.registry.registering import Receipt, register
from kantor.registry.store import RECEIPT, find_root, model_name
from kantor.registry.versions import CHALLENGER, CHAMPION, describe, versions

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "RECEIPT",
    "Away",
    "LoadedModel",
    "Receipt",
    "describe",
    "fetch",
    "find_root",
    "load_alone",
    "load_model",
    "may_pass",
    "model_name",
    "register",
    "versions",
]
