"""No page that Kantor hands out asks another host for anything, be it in vain.

Counted are the requests that a page begins, and what its policy refuses before it becomes one.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import expect
from tests.batch import tunes
from tests.browser.servers import Servers, serving
from tests.data.checks.conftest import LIMITS, sound  # noqa: F401
from tests.registries import copied
from tests.report.conftest import corpus, model, reports  # noqa: F401

from kantor.data.checks.run import validate
from kantor.data.corpus import save
from kantor.metrics.distances import Difference
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.page import write
from kantor.promotion.rule import Row
from kantor.settings import Promote

pytestmark = pytest.mark.long
RULE = Promote(mode="approve", margin=0.005, guarded={}, resamples=100, confidence=0.9)
ROW = Row("overlap", "overlap", "primary", 0.005, 1, 0.91, 0.93, Difference(0.02, 0.01, 0.03, 1))
COMPARISON = ModelComparison("kantor-bach", 1, 1, 3, False, (ROW,), RULE)
SECONDS = 1.0  # that a page has to itself after it shows what it is about
ELSEWHERE = """<meta charset="utf-8"><title>spoilt</title><h1>A page that calls out</h1>
<link rel="stylesheet" href="https://fonts.example/a.css"><img src="http://pixel.example/a.png">
<script>fetch("https://count.example/").catch(() => {})</script>"""


@pytest.fixture(scope="module")
def repository(small, sound, reports, corpus, tmp_path_factory):  # noqa: F811
    """One with all that a line, a comparison and a batch leave to be looked at."""
    root = copied(small, tmp_path_factory.mktemp("pages") / "repository")
    shutil.copytree(reports, root / "reports", dirs_exist_ok=True)
    validate(sound.tables, LIMITS, 32, root / "reports")
    (root / "build").mkdir(exist_ok=True)
    save(corpus, root / "build" / "scores.npz")
    with (root / "params.yaml").open("a") as file:
        file.write("evaluate: {split: valid, samples: 1}\n")
    write(COMPARISON, root)
    inbox = tunes.fill(root / "inbox", 2)
    tunes.compose(inbox, root / "compositions" / "batches", page={"recorded": 1})
    (root / "reports" / "spoilt.html").write_text(ELSEWHERE)
    return root


@pytest.fixture(scope="module")
def servers(repository):
    """All three on it."""
    with serving(repository, ("prefect", "mlflow", "front")) as service:
        yield Servers(service)


@pytest.fixture
def counted(chromium):
    """A tab, and the list of what its pages ask of other hosts."""
    context, elsewhere = chromium.new_context(), []
    page = context.new_page()

    def count(request):
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "file") and address.hostname != "localhost":
            elsewhere.append(request.url)

    context.on("request", count)
    page.on("websocket", count)
    page.on(
        "console",
        lambda line: elsewhere.append(line.text) if "Security Policy" in line.text else None,
    )
    yield page, elsewhere
    context.close()


def asked(counted, pages):
    """What each page asked of other hosts, where it asked anything; each shows its text."""
    page, elsewhere = counted
    found = {}
    for url, told in pages.items():
        page.goto(url)
        shown = page.get_by_text(told).filter(visible=True)
        shown.first.wait_for(timeout=60_000)
        page.wait_for_timeout(1000 * SECONDS)
        if elsewhere:
            found[url] = list(elsewhere)
        elsewhere.clear()
    return found


def test_a_page_that_calls_out_is_found(counted, servers):
    """By a style, a picture and a script: else the other tests could not fail."""
    url = f"{servers.front}/reports/spoilt.html"
    (found,) = asked(counted, {url: "calls out"}).values()
    for host in ("fonts.example", "pixel.example", "count.example"):
        assert any(host in line for line in found), host


def test_kantors_own_pages(counted, servers, repository):
    """Studio, what runs, report, checks, the library's pages of them, a comparison, a batch."""
    docs = repository / "reports" / "data_docs"
    (checked,) = docs.glob("validations/windows/**/*.html")
    (batch,) = repository.glob("compositions/batches/*/index.html")
    pages = {
        "": "Kantor",
        "service": "What runs here",
        "reports/report.html": "evaluation report",
        "reports/validation.html": "The windows",
        "reports/comparison.html": "Challenger, version 1",
        "reports/data_docs/index.html": "17 of 17 checks passed",
        "reports/data_docs/expectations/windows.html": "Expectation Suite",
        checked.relative_to(repository).as_posix(): "Successful Expectations",
        batch.relative_to(repository).as_posix(): "Look and listen",
    }
    assert asked(counted, {f"{servers.front}/{quote(p)}": told for p, told in pages.items()}) == {}


def test_prefects_pages(counted, servers):
    """From the start page on, by either address; none offers the newer pages, which call out."""
    deployment = servers.deployed("watched")
    run = servers.ask(f"{servers.prefect}/api/deployments/{deployment}/create_flow_run", {})
    pages = {
        "": "Flow Runs",
        "v2/": "Flow Runs",
        "v2/deployments": "watched",
        "flows": "watched",
        "runs": run["name"],
        f"deployments/deployment/{deployment}": "watched",
        f"deployments/deployment/{deployment}/run": "Start",
        f"runs/flow-run/{run['id']}": run["name"],
        "settings": "Settings",
        "docs": "no such page",
        "api/redoc": "no such page",
    }
    page, _ = counted
    wish = {"name": "prefect_ui_version", "value": "v2", "url": servers.prefect}
    page.context.add_cookies([wish])
    assert asked(counted, {f"{servers.prefect}/{p}": told for p, told in pages.items()}) == {}
    assert page.get_by_text("Switch to").count() == 0
    page.goto(servers.prefect)
    page.wait_for_url("**/dashboard")
    assert page.evaluate("document.documentElement.className") in ("light", "dark")


def test_mlflows_pages(counted, servers):
    """Of the models, of one version, of its run and its files."""
    api = f"{servers.mlflow}/ajax-api/2.0/mlflow"
    version = servers.ask(f"{api}/model-versions/get?name=kantor-bach&version=1")["model_version"]
    run = servers.ask(f"{api}/runs/get?run_id={version['run_id']}")["run"]["info"]
    runs = f"#/experiments/{run['experiment_id']}/runs"
    pages = {
        "": "MLflow",
        "#/experiments": "kantor",
        "#/models": "kantor-bach",
        "#/models/kantor-bach": "kantor-bach",
        "#/models/kantor-bach/versions/1": "Version 1",
        runs: "kantor",
        f"{runs}/{run['run_id']}": run["run_name"],
        f"{runs}/{run['run_id']}/artifacts": "report.html",
    }
    assert asked(counted, {f"{servers.mlflow}/{p}": told for p, told in pages.items()}) == {}


def test_dvcs_page_of_plots(counted, tmp_path):
    """It draws every plot of dvc.yaml."""
    own = Path(__file__).parents[2]
    for name in (
        "dvc.yaml",
        ".dvc/config",
        ".dvc/plots.html",
        ".dvc/plots/curve.json",
        "reports/training/history.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(own / name, tmp_path / name)
    pipeline = (tmp_path / "dvc.yaml").read_text()
    plots = pipeline[pipeline.index("\nplots:") :]
    (tmp_path / "dvc.yaml").write_text(plots)
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "plots", "show"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    page, elsewhere = counted
    page.goto((tmp_path / "dvc_plots" / "index.html").as_uri())
    expect(page.locator("canvas")).to_have_count(plots.count("template: curve"))
    assert elsewhere == []
