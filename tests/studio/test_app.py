"""The application as a whole: its page, its manners, its reference."""

import pytest

from kantor.studio.context import ALONE, Links


def test_the_page_and_its_files(client):
    """They come from this server, under a policy without inline script."""
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in policy
    for path in ("/web/js/main.js", "/web/pages.css", "/web/css/base.css"):
        assert client.get(path).status_code == 200


def test_the_reference_shows_every_resource(client):
    """As a page and as OpenAPI."""
    described = client.get("/api/openapi.json").json()
    page = client.get("/api").text
    assert all(path in page for path in described["paths"])


def test_errors_are_problems(client):
    """Also where there is no such path."""
    answer = client.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


@pytest.mark.parametrize("path", ["/api/pieces", "/api/pieces/abcdefghijkmnpqr/takes"])
@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b"\xff", b'{"takes": 1}}', b"{" * 9000])
def test_what_is_not_json_is_a_bad_request(client, path, body):
    """400, however the body is read, and the line says so; JSON that does not fit is 422."""
    headers = {"content-type": "application/json", "if-match": '"0"'}
    answer = client.post(path, content=body, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == (422 if body == b"" and "takes" in path else 400)
    assert "JSON" in answer.json()["detail"] or answer.status_code == 422


def test_faults_of_a_body_are_told_in_one_line(client):
    """The field is named, and what is wrong with it."""
    for body, told in (
        ({"sample": "ode", "surprise": 1}, "surprise is not known here"),
        ({"sample": 7}, "sample must be a valid string"),
        ({"form": {"bars": 0}}, "form.bars must be greater than or equal to 1"),
        ([], "must be an object"),
    ):
        answer = client.post("/api/pieces", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (422, told)


def test_a_method_that_is_not_there(client):
    """405 says which there are."""
    answer = client.put("/api/models", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["detail"] == "PUT is not possible here; /api lists what is"


def test_an_order_at_fault_as_a_whole_is_told_plainly(client):
    """Without the name of a field, since it is none's."""
    answer = client.post("/api/pieces", json={})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "name exactly one of sample, form and recording"


def test_links_lead_to_the_machine_as_the_browser_calls_it(tmp_path):
    """A login holds for one name: whoever opened localhost stays there."""
    links = Links(4200, 5000, "/service")
    assert links.seen_from("localhost", tmp_path)["prefect"] == "http://localhost:4200"
    assert links.seen_from("::1", tmp_path)["mlflow"].startswith("http://[::1]:5000/#/experiments")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/registered.json").write_text("{}")
    links = links.seen_from("::1", tmp_path)
    assert links["mlflow"] == "http://[::1]:5000/#/models/kantor-bach"
    assert ALONE.seen_from("localhost", tmp_path) == {}
