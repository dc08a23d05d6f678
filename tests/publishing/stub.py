"""SoundCloud on loopback, as its published description has it: authorise, tokens, tracks.

It checks what the real one checks: app, redirect, PKCE, codes and refresh tokens that work once,
access tokens that end, the parts of the upload. Faults can be ordered.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

CLIENT, SECRET = "app-1", "very secret"
FIELDS = {
    "track[sharing]": {"private", "public"},
    "track[license]": {
        "all-rights-reserved", "no-rights-reserved", "cc-by", "cc-by-nc", "cc-by-nd", "cc-by-sa",
        "cc-by-nc-nd", "cc-by-nc-sa",
    },
    "track[title]": None, "track[description]": None, "track[genre]": None,
    "track[tag_list]": None, "track[asset_data]": None, "track[artwork_data]": None,
}  # fmt: skip
"""The parts of an upload, each with the values it may have."""


class Refused(Exception):
    """An answer other than 2xx: its status and its body."""


class SoundCloud:
    """The service's state. `life`: seconds of an access token."""

    def __init__(self):
        self.codes, self.access, self.refresh = {}, {}, set()
        self.tracks, self.asked, self.faults = [], [], []
        self.life, self.denies, self.delay, self.lock = 3600, False, 0.0, threading.Lock()

    def order(self, path, status, body=b"", times=1, **headers):
        """Answer the next requests of a path so; a dict is sent as JSON."""
        kind = {"content-type": "application/json"} if isinstance(body, dict) else {}
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults += [(path, status, content, {**kind, **names})] * times

    def ordered(self, path):
        with self.lock:
            for index, fault in enumerate(self.faults):
                if fault[0] == path:
                    return self.faults.pop(index)[1:]
        return None

    def authorize(self, query):
        """Where the person who allows it is sent."""
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert len(query["code_challenge"]) == 43
        assert len(query["state"]) >= 16
        redirect = urlsplit(query["redirect_uri"])
        assert redirect.hostname == "localhost"
        assert redirect.path == "/api/soundcloud/callback"
        if self.denies:
            answer = {"error": "access_denied", "state": query["state"]}
        else:
            code = secrets.token_hex(8)
            self.codes[code] = (query["code_challenge"], query["redirect_uri"])
            answer = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form):
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            raise Refused(401, {"error": "invalid_client"})
        with self.lock:
            if form["grant_type"] == "authorization_code":
                challenge, redirect = self.codes.pop(form["code"], ("", ""))
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
                if (made, form["redirect_uri"]) != (challenge, redirect):
                    raise Refused(400, {"error": "invalid_grant"})
            elif form["grant_type"] == "refresh_token":
                if form["refresh_token"] not in self.refresh:
                    raise Refused(401, {"error": "invalid_grant"})
                self.refresh.remove(form["refresh_token"])
            else:
                raise Refused(400, {"error": "unsupported_grant_type"})
            access, refresh = secrets.token_hex(12), secrets.token_hex(12)
            self.access[access] = time.time() + self.life
            self.refresh.add(refresh)
        return {
            "access_token": access, "refresh_token": refresh, "expires_in": self.life,
            "token_type": "bearer", "scope": "",
        }  # fmt: skip

    def track(self, headers, body):
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "OAuth" or self.access.get(token, 0) < time.time():
            raise Refused(401, None)
        head = f"content-type: {headers['content-type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message_from_bytes(head + body, policy=HTTP).iter_parts()
        }
        for name, value in parts.items():
            if name not in FIELDS or (FIELDS[name] and value.decode() not in FIELDS[name]):
                raise Refused(422, {"code": 422, "message": f"{name} is invalid", "link": ""})
        if not parts.get("track[title]") or not parts.get("track[asset_data]", b"")[:4] == b"fLaC":
            raise Refused(400, {"code": 400, "message": "title and asset_data", "link": ""})
        number = len(self.tracks) + 1
        self.tracks.append(parts)
        return {
            "kind": "track", "urn": f"soundcloud:tracks:{number}",
            "permalink_url": f"https://soundcloud.com/somebody/track-{number}",
            "title": parts["track[title]"].decode(), "sharing": parts["track[sharing]"].decode(),
            "user": {"username": "Somebody"},
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        at = urlsplit(self.path)
        assert at.path == "/authorize"
        query = {name: values[0] for name, values in parse_qs(at.query).items()}
        self.answer(302, b"", {"location": self.server.cloud.authorize(query)})

    def do_POST(self):
        cloud, body = self.server.cloud, self.rfile.read(int(self.headers["content-length"]))
        cloud.asked.append(self.path)
        time.sleep(cloud.delay)
        if fault := cloud.ordered(self.path):
            status, content, headers = fault
            return self.answer(status, content, headers)
        try:
            if self.path == "/oauth/token":
                status, told = 200, cloud.token(dict(parse_qsl(body.decode())))
            else:
                assert self.path == "/tracks"
                status, told = 201, cloud.track(self.headers, body)
        except Refused as refused:
            status, told = refused.args
        content = b"" if told is None else json.dumps(told).encode()
        return self.answer(status, content, {"content-type": "application/json"})

    def answer(self, status, content, headers):
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving():
    """The service and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.cloud = SoundCloud()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.cloud, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
