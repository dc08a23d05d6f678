"""What names the same things in several files names them alike: stages, parameters, tasks."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from tests.pipeline.conftest import ROOT, outs_of
from tests.test_layers import imports

from kantor import settings
from kantor.ensemble import SATB
from kantor.intake import Limits
from kantor.metrics.musical import HEADLINE, LABELS
from kantor.metrics.part_writing import marks
from kantor.service.parameters import SERVED
from kantor.stages import BLOCKS
from kantor.training.history import columns

SOURCE = ROOT / "src"
TEMPLATES = SOURCE / "kantor/pages/templates"  # which all others extend
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
# A change of these runs nothing again: params.yaml spells out every parameter (tested below), so
# that no default in the settings reaches a stage; and what tells MLflow of a stage changes nothing.
PASSED_OVER = {
    SOURCE / f"kantor/{name}.py" for name in ("__init__", "settings", "styles", "tracking")
}
# What the stages of styles do not name: how files are written and pages look changes no music.
HELPERS = re.compile(r"kantor/(errors|experiments|files|hyperparameters|pages|processes|stages)\b")
CHECKING = {"parameters"}  # the stage that reads the blocks of all stages
# Blocks of params.yaml that no stage reads: they say how Kantor runs, not what it makes.
SHARED = {"ensemble"}  # several stages read it
RUNNING = {"batch", "drift", "intake", "keep", "promote", "retrain", "serve"}


@cache
def used_by(path):
    """The files of the package that a file itself names: imports, templates, files beside it."""
    beside = set(re.findall(r'{% (?:extends|include) "([\w.-]+)"', path.read_text()))
    tree = ast.parse(path.read_text() if path.suffix == ".py" else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "import_module":
            beside |= {file.name for file in path.parent.glob("*.py")}
        elif isinstance(node, ast.Constant) and re.fullmatch(r"[\w.-]+\.\w+", str(node.value)):
            beside.add(str(node.value))
    folders = path.parent, path.parent / "templates", TEMPLATES
    files = {folder / name for folder in folders for name in beside}
    # Importing a module runs the packages that it is in.
    names = {name.rsplit(".", up)[0] for name in imports(tree) for up in range(name.count(".") + 1)}
    return {file for file in files if file.is_file()} | {
        MODULES[name] for name in names & {*MODULES}
    }


@cache
def run_by(stage):
    """Every file of the package that a stage's script leads to."""
    seen, waiting = set(), [ROOT / "pipelines" / f"{stage}.py"]
    while waiting:
        new = used_by(waiting.pop()) - seen
        seen |= new
        waiting += new
    return seen - PASSED_OVER


def covers(dependency, file):
    return file == ROOT / dependency or ROOT / dependency in file.parents


def test_stages_scripts_and_parameters_are_the_same():
    """A stage is a script and a block of params.yaml; its `params` are the blocks that it reads."""
    scripts = {path.stem for path in (ROOT / "pipelines").glob("*.py")}
    blocks = set(settings.read_params(ROOT / "params.yaml"))
    assert set(STAGES) == scripts == (blocks - RUNNING - SHARED) | CHECKING
    assert blocks >= RUNNING | SHARED
    for name, stage in STAGES.items():
        assert stage["cmd"] == f"PYTHONPATH=src python pipelines/{name}.py"
        assert f"pipelines/{name}.py" in stage["deps"]
        script = (ROOT / "pipelines" / f"{name}.py").read_text()
        read = re.findall(r'\bload\(\S+, "(\w+)"', script)
        read += ["ensemble"] * ("load_ensemble(" in script)
        expected = set(BLOCKS) if name in CHECKING else {name, *read}
        assert {param.split(".")[0] for param in stage["params"]} == expected


@pytest.mark.parametrize("stage", [name for name in STAGES if name not in CHECKING])
def test_the_stages_of_styles_run_the_same_code(stage):
    """What a stage depends on for Bach, it depends on for a style, room by room."""
    styles = yaml.safe_load((ROOT / "styles/dvc.yaml").read_text())["stages"]
    assert set(styles) == set(STAGES) - CHECKING
    dependencies = [dep.removeprefix("../../") for dep in styles[stage]["deps"]]
    missing = [
        dep
        for dep in STAGES[stage]["deps"]
        if dep.startswith(("src/", "pipelines/"))
        and not HELPERS.search(dep)
        and not any(covers(one, ROOT / dep) for one in dependencies)
    ]
    assert not missing, f"add to {stage}.deps in styles/dvc.yaml: {', '.join(missing)}"


def spelled_out(block):
    """Whether every field of a block, and of the blocks in it, was given."""
    values = [getattr(block, name) for name in type(block).model_fields]
    inner = [item for value in values for item in (value if isinstance(value, tuple) else [value])]
    blocks = [item for item in inner if isinstance(item, settings.Block)]
    return block.model_fields_set == set(type(block).model_fields) and all(map(spelled_out, blocks))


@pytest.mark.parametrize("name", sorted({*BLOCKS, *RUNNING} - {"ensemble"}))
def test_parameters_load_and_none_is_left_to_a_default(name):
    """Every block passes its settings class, and gives every parameter that this has."""
    block = settings.load((SERVED | {"intake": Limits})[name], name, ROOT / "params.yaml")
    assert spelled_out(block)


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_what_runs(stage):
    """All modules that a stage's script imports, data, earlier stages' files, and nothing else."""
    earlier = list(STAGES)[: list(STAGES).index(stage)]
    made = {out for name in earlier for out in outs_of(STAGES[name])}
    dependencies, run = STAGES[stage]["deps"], run_by(stage)
    missing = [
        file.relative_to(ROOT).as_posix()
        for file in sorted(run)
        if not any(covers(dependency, file) for dependency in dependencies)
    ]
    assert not missing, f"add to {stage}.deps in dvc.yaml: {', '.join(missing)}"
    for dependency in set(dependencies) - {"data", f"pipelines/{stage}.py"}:
        if dependency.startswith("src/"):
            assert any(covers(dependency, file) for file in run), dependency
        else:
            assert any(f"{out}/".startswith(f"{dependency}/") for out in made), dependency


LOADED = """
import sys
from kantor.data import corpus, windows
from kantor.model.train.loop import train
for name, module in sys.modules.items():
    if name.startswith("kantor"):
        print(module.__file__)
"""


def test_the_fingerprint_covers_all_the_code_of_the_training():
    """What the stage `train` ever runs is loaded when the training's fingerprint is made of it."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    command = (sys.executable, "-c", LOADED)
    output = subprocess.check_output(command, env=environment, text=True)
    modules = {Path(line) for line in output.splitlines()}
    tables = {path.with_suffix(".csv") for path in modules}
    assert run_by("train") <= modules | tables


def test_columns_and_metrics_are_those_that_there_are():
    """Plots draw columns of the training's log; what promotion compares is measured."""
    history = "reports/training/history.csv"
    for plot in PIPELINE["plots"]:
        ((name, what),) = plot.items()
        assert set(what["y"]) == {history}, name
        assert {what["x"], *what["y"][history]} <= set(columns(SATB)), name
    rule = settings.load(settings.Promote, "promote", ROOT / "params.yaml")
    assert set(rule.guarded) <= {*LABELS, *marks(SATB)}
    assert rule.primary in HEADLINE


def test_help_names_every_task():
    """`make help` says something about every phony target, and about nothing else."""
    makefile = (ROOT / "Makefile").read_text()
    ((phony),) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    command = ("make", "--no-print-directory", "help")
    output = subprocess.check_output(command, cwd=ROOT, text=True)
    helped = dict(line.split(maxsplit=2)[1:] for line in output.splitlines())
    assert set(helped) == set(phony.split())
    assert all(helped.values())


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-uv.lock", "requirements-hands-on.lock"]
)
def test_locks_hold_hashes_and_no_addresses(name):
    """Every requirement is one release with its hashes; where to download it is nobody's lock."""
    text = (ROOT / name).read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", text.strip()))
    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.-]+==[\w.+!-]+[ ;\\]", requirement), requirement[:80]
        assert "--hash=sha256:" in requirement, requirement[:80]
