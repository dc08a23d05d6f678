"""The model registry: versions of the trained generator, with what made each of them.

MLflow is imported only when a function needs it. By default the registry is the file
``mlflow.db`` in the repository's root, with its files in ``mlartifacts/``; the variable
``MLFLOW_TRACKING_URI`` names any other.

A version is the generator as an MLflow pyfunc. Its tags tie it to what made it: git commit, data,
ensemble, what ended the training. Parameters, curves and figures are in its run, which begins with
the training (`kantor.registry.runs`); its description is the model card. Two aliases say what a
version is for: ``challenger`` is the newest, ``champion`` is the one that composes. Who is champion
is decided and recorded in `kantor.promotion`.

Conventions
-----------
`root` is the repository, by default found from the current folder. The registered model is the
one that ``params.yaml`` names.

Whatever opens the registry raises `SetupError` if there is none, or if it is out of reach (then
it is an `Away`) or damaged; `InputError` if a reference names no model, version or alias in it;
and `ModelError` if a version cannot be used. Each message is one line for a person.
"""

from kantor.registry.loading import (
    card_of,
    export,
    fetch,
    load_alone,
    load_model,
    may_pass,
    scope_of,
)
from kantor.registry.registering import receipt_of, register
from kantor.registry.store import RECEIPT, find_root
from kantor.registry.versions import CHAMPION, describe, versions

__all__ = [
    "CHAMPION",
    "RECEIPT",
    "card_of",
    "describe",
    "export",
    "fetch",
    "find_root",
    "load_alone",
    "load_model",
    "may_pass",
    "receipt_of",
    "register",
    "scope_of",
    "versions",
]
