"""Experiments of DVC on a small real line: refused, in the workspace, in a copy, and registered."""

import json
import sys

import pytest
import yaml
from tests.registries import VARIABLES, client_of

from kantor.registry import versions

pytestmark = pytest.mark.long
HEADLINE = "reports/headline.json"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """Nobody's registry but the repository's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def tried(line, tmp_path_factory):
    """A copy of the built line, with everything committed that is to be."""
    copy = line.copied(tmp_path_factory.mktemp("experiments") / "repository")
    copy.run(sys.executable, "-m", "kantor.registry", "relocate")
    for name, value in (("name", "Kantor"), ("email", "kantor@example.org")):
        copy.run("git", "config", f"user.{name}", value)
    copy.run("git", "add", ".")
    copy.run("git", "commit", "--quiet", "--message", "Build")
    return copy


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("asked", ["train.batch=0", "+train.typo=1"])
def test_a_refused_value_leaves_everything_as_it_was(tried, asked, edited):
    """No result is removed, and params.yaml is what it was, with edits that were not committed."""
    path = tried.root / "params.yaml"
    committed = path.read_bytes()
    if edited:
        path.write_bytes(committed.replace(b"watch:", b"watch:  ") + b"# an edit\n")
    before, built = path.read_bytes(), tried.contents("build/model", "reports")
    said = tried.run("dvc", "exp", "run", "--set-param", asked, code=255)
    assert "parameters: params.yaml: train." in said
    assert "nothing was run; params.yaml is again as it was" in said
    assert path.read_bytes() == before
    assert tried.contents("build/model", "reports") == built
    path.write_bytes(committed)


def test_a_refused_parameter_costs_nothing(tried):
    """A typed ``dvc repro`` too ends before it has removed any result."""
    built = tried.contents("build/model", "reports")
    tried.change(train={"batch": 0})
    assert "parameters: params.yaml: train.batch: " in tried.repro(code=255)
    assert tried.contents("build/model", "reports") == built
    tried.run("git", "checkout", "--quiet", "params.yaml")


def test_an_experiment_makes_no_version(tried):
    """Its figures are shown beside those of the last commit; aliases stay; MLflow has its run."""
    before = versions(root=tried.root)
    said = tried.run("dvc", "exp", "run", "-S", "evaluate.seed=5", "-n", "seeded")
    assert "register: no version of an experiment" in said
    assert versions(root=tried.root) == before
    client = client_of(tried.root)
    experiments = [one.experiment_id for one in client.search_experiments()]
    (run,) = client.search_runs(experiments, "attributes.run_name = 'seeded'")
    assert run.data.params["evaluate.seed"] == "5"
    assert [name for name in run.data.metrics if name.startswith("valid/")]
    shown = json.loads(tried.run("dvc", "metrics", "diff", "--json"))
    assert set(shown) == {HEADLINE}
    assert shown[HEADLINE]
    tried.run("git", "checkout", "--quiet", ".")
    tried.run("dvc", "checkout", "--quiet")


def test_a_copy_runs_its_own_code_and_what_it_made_can_be_registered(tried):
    """The workspace has other code meanwhile; applied and registered it is the challenger."""
    measuring = tried.root / "src/kantor/report/measuring.py"
    committed = measuring.read_text()
    measuring.write_text(committed.replace("DECIMALS = 4", "DECIMALS = 1"))
    assert measuring.read_text() != committed
    before = (tried.root / HEADLINE).read_text()
    tried.run("dvc", "exp", "run", "--queue", "-n", "coarse")
    measuring.write_text(committed)
    tried.run("dvc", "exp", "run", "--run-all")
    assert (tried.root / HEADLINE).read_text() == before
    count = len(versions(root=tried.root))
    tried.run("dvc", "exp", "apply", "coarse")
    figures = json.loads((tried.root / HEADLINE).read_text()).values()
    assert all(round(figure, 1) == figure for figure in figures if figure is not None)
    lock = (tried.root / "dvc.lock").read_bytes()
    assert "is new" in tried.run("dvc", "repro", "-fs", "register")
    assert (tried.root / "dvc.lock").read_bytes() == lock
    newest, *others = versions(root=tried.root)
    assert (len(others), newest["aliases"]) == (count, ["challenger"])
    assert client_of(tried.root).get_run(newest["run"]).info.run_name == "coarse"


def test_the_same_line_elsewhere_has_the_same_lock(line, tmp_path):
    """Nothing that DVC tracks holds a time: made again from nothing, dvc.lock is byte for byte."""
    again = line.copied(tmp_path / "again")
    lock = yaml.safe_load((again.root / "dvc.lock").read_text())
    again.run("rm", "-rf", "build", "reports", ".dvc/cache")
    again.run(sys.executable, "-m", "kantor.registry", "relocate")
    again.repro()
    assert yaml.safe_load((again.root / "dvc.lock").read_text()) == lock
