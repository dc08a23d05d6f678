"""Web pages of other sites can neither read nor change anything on Kantor's three servers."""

import http.server
import json
import threading

import pytest
from tests.browser.servers import Servers, serving

pytestmark = pytest.mark.long
SECRET = "correct-horse-battery"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "08d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)

TRY = """async ([action, url, body]) => {
  const element = (tag, set) => new Promise(done => {
    const made = document.createElement(tag);
    made.onload = () => done('loaded'); made.onerror = () => done('refused');
    set(made); document.body.append(made);
  });
  const said = promise => promise.then(
    answer => answer.type === 'opaque' ? 'sent' : `${answer.status}`, () => 'refused');
  const headers = {'content-type': 'application/json'};
  switch (action) {
    case 'read': return said(fetch(url, {credentials: 'include'}));
    case 'patch': case 'post':
      return said(fetch(url, {method: action.toUpperCase(), headers, body}));
    case 'simple post':
      return said(fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include',
                              body: new Blob([body])}));
    case 'image': return element('img', made => { made.src = url; });
    case 'script': return element('script', made => { made.src = url; });
    case 'websocket': return new Promise(done => {
      const socket = new WebSocket(url.replace('http', 'ws'));
      socket.onopen = () => done('loaded'); socket.onerror = () => done('refused'); });
    case 'form': {
      const form = document.createElement('form');
      Object.assign(form, {method: 'POST', action: url, enctype: 'text/plain'});
      const field = document.createElement('input');
      Object.assign(field, {name: body.slice(0, -1) + ', "x": "', value: '"}'});
      form.append(field); document.body.append(form); form.submit();
    }
  }
}"""


def with_files(root):
    """The folder `root` with files of which a page elsewhere must not get any."""
    (root / "reports").mkdir()
    (root / "reports" / "pixel.png").write_bytes(PIXEL)
    (root / "reports" / "script.js").write_text("window.stolen = 1")
    return root


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """All three, without a token, as they are by default; with one deployment and its flow."""
    root = with_files(tmp_path_factory.mktemp("served"))
    with serving(root, ("prefect", "mlflow", "front")) as service:
        running = Servers(service)
        running.deployed("watched")
        yield running


@pytest.fixture(scope="module")
def attacker():
    """A web server with a page; its port."""
    handler = http.server.SimpleHTTPRequestHandler
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(
    scope="module",
    params=["another host", "another port of localhost", "this port by another name"],
)
def elsewhere(request, chromium, attacker, servers):
    """A page that does not belong to the servers; `page.of` gives a server's address for it."""
    host = "localhost" if request.param == "another port of localhost" else "evil.example"
    page = chromium.new_page()
    page.goto(f"http://{host}:{attacker}/")
    rebound = request.param == "this port by another name"
    page.of = lambda url: url.replace("localhost", "evil.example") if rebound else url
    yield page
    page.close()


def attempt(page, action, url, body=""):
    """What a page gets from an attempt; a form takes the page away, so it comes back."""
    if action != "form":
        return page.evaluate(TRY, [action, page.of(url), body])
    with page.expect_navigation() as navigation:
        page.evaluate(TRY, [action, page.of(url), body])
    page.go_back()
    return str(navigation.value.status)


def at_home(chromium, url):
    """A page of a server itself: what is refused elsewhere must work there."""
    page = chromium.new_page()
    page.goto(url)
    page.of = lambda url: url
    return page


@pytest.mark.parametrize(
    ("action", "server", "path"),
    [
        ("read", "prefect", "api/deployments/name/watched/kantor"),
        ("read", "mlflow", "api/2.0/mlflow/experiments/get?experiment_id=0"),
        ("read", "mlflow", "ajax-api/2.0/mlflow/registered-models/search"),
        ("read", "front", ""),
        ("image", "prefect", "ico/favicon-32x32.png"),
        ("image", "mlflow", "static-files/favicon.ico"),
        ("image", "front", "reports/pixel.png"),
        ("script", "front", "reports/script.js"),
        ("script", "prefect", "api/hello"),
        ("websocket", "prefect", "api/events/out"),
        ("websocket", "prefect", "api/events/in"),
        ("websocket", "prefect", "api/logs/out"),
        *(("websocket", server, "") for server in ("mlflow", "front")),
    ],
)
def test_nothing_can_be_read_or_loaded(elsewhere, servers, action, server, path):
    """Neither data nor pages nor files nor events: a page cannot even learn that Kantor runs."""
    assert attempt(elsewhere, action, f"{getattr(servers, server)}/{path}") == "refused"
    assert elsewhere.evaluate("window.stolen") is None


def test_a_deployment_cannot_be_patched(elsewhere, servers):
    """The way in: pull steps that run a command."""
    before = servers.deployment()
    steps = [{"prefect.deployments.steps.run_shell_script": {"script": "touch /tmp/let-in"}}]
    url = f"{servers.prefect}/api/deployments/{before['id']}"
    body = json.dumps({"pull_steps": steps})
    assert attempt(elsewhere, "patch", url, body) == "refused"
    assert servers.deployment() == before


@pytest.mark.parametrize("action", ["post", "simple post", "form"])
def test_nothing_can_be_posted(elsewhere, servers, action):
    """Typed, untyped and from a form: no flow and no model comes into being."""
    name = json.dumps({"name": f"let in by {action}"})
    attempt(elsewhere, action, f"{servers.prefect}/api/flows/", name)
    url = f"{servers.mlflow}/api/2.0/mlflow/registered-models/create"
    attempt(elsewhere, action, url, name)
    attempt(elsewhere, action, f"{servers.front}/", name)
    flows = servers.ask(f"{servers.prefect}/api/flows/filter", {})
    assert {one["name"] for one in flows} == {"watched"}
    models = servers.ask(f"{servers.mlflow}/api/2.0/mlflow/registered-models/search")
    assert not models.get("registered_models")


def test_the_servers_own_pages_work(chromium, servers):
    """The same requests from a server's own page do what they should: the attempts are real."""
    page = at_home(chromium, f"{servers.prefect}/api/hello")
    assert attempt(page, "read", f"{servers.prefect}/api/hello") == "200"
    assert attempt(page, "image", f"{servers.prefect}/ico/favicon-32x32.png") == "loaded"
    assert attempt(page, "websocket", f"{servers.prefect}/api/events/out") == "loaded"
    url = f"{servers.prefect}/api/deployments/{servers.deployment()['id']}"
    assert attempt(page, "patch", url, json.dumps({"description": "by hand"})) == "204"
    assert servers.deployment()["description"] == "by hand"
    page = at_home(chromium, f"{servers.front}/")
    assert attempt(page, "script", f"{servers.front}/reports/script.js") == "loaded"
    page = at_home(chromium, f"{servers.mlflow}/health")
    url = f"{servers.mlflow}/api/2.0/mlflow/registered-models/search"
    assert attempt(page, "read", url) == "200"


def test_the_pages_work_under_their_own_rules(chromium, servers):
    """Prefect's and MLflow's run under the policy sent with them; the front page links to them."""
    page, faults = at_home(chromium, f"{servers.front}/"), []
    page.click("header >> text=MLflow")
    page.wait_for_url(f"{servers.mlflow}/**", wait_until="commit", timeout=120_000)
    page.wait_for_function("document.title.includes('MLflow')", timeout=120_000)
    page.on("console", lambda line: faults.append(line.text) if "Policy" in line.text else None)
    for url, told in (
        (f"{servers.prefect}/flows", "watched"),
        (f"{servers.mlflow}/#/models", "Registered Models"),
    ):
        page.goto(url)
        page.get_by_text(told).first.wait_for(timeout=120_000)
    page.close()
    assert faults == []


def test_a_cookie_is_of_no_use_to_a_foreign_page(tmp_path, chromium, attacker):
    """With a token: who has logged in is still not let in by a page elsewhere."""
    known = {"username": "me", "password": SECRET}
    with serving(with_files(tmp_path), ("front",), SECRET) as service:
        front = f"http://localhost:{service.front}"
        context = chromium.new_context(http_credentials=known)
        page = context.new_page()
        page.of = lambda url: url
        assert page.goto(f"{front}/").status == 200
        assert [one["name"] for one in context.cookies()] == ["kantor"]
        page.goto(f"http://localhost:{attacker}/")
        assert attempt(page, "read", f"{front}/") == "refused"
        assert attempt(page, "image", f"{front}/reports/pixel.png") == "refused"
        context.close()
