"""A version needs what it lists and no more."""

import os
import subprocess
import sys

# Runs apart: lets only the listed packages, and what they need, be imported. The package itself
# comes from the version's files, not from where it is installed.
ALONE = """
import importlib, importlib.metadata as metadata, pkgutil, re, sys
from pathlib import Path
from packaging.requirements import Requirement

files = Path(sys.argv[1])
wanted, allowed = (files / "requirements.txt").read_text().split(), set()
while wanted:
    requirement = Requirement(wanted.pop())
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    if name in allowed or requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        continue
    try:
        wanted += metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        continue
    allowed.add(name)
tops = {
    top
    for top, owners in metadata.packages_distributions().items()
    if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & allowed
}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in tops - {"kantor"}:
            raise ModuleNotFoundError(f"{name} is not listed")

sys.path.insert(0, str(files / "code"))
sys.meta_path.insert(0, Refuse())
try:
    import dvc
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("nothing was refused")
import kantor.model, kantor.registry.pyfunc
assert Path(kantor.model.__file__).is_relative_to(files), kantor.model.__file__
for module in pkgutil.iter_modules(kantor.model.__path__, "kantor.model."):
    importlib.import_module(module.name)
print("loads")
"""


def test_model_code_imports_only_what_is_listed(registered):
    """With the listed requirements and the version's own files the network's code imports."""
    (description,) = registered.glob("mlartifacts/models/*/artifacts/MLmodel")
    assert not list(description.parent.rglob("*.pyc"))
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ALONE, description.parent],
        env=environment,
        cwd=description.parent,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "loads\n", done.stderr[-2000:]
