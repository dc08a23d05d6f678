"""What the tests of playing and recording share: a piece, and measurements in the page."""

import time

PIECE = {
    "format": 1, "id": "abcdefghijkmnpqr", "revision": 1, "title": "Four bars",
    "created": "2026-01-01T00:00:00+00:00", "changed": "2026-01-01T00:00:00+00:00",
    "model": None, "ensemble": "satb", "steps": 64, "meter": "4/4", "pickup": 0,
    "key": {"fifths": 0, "mode": "major"}, "tempo": 120, "meters": [], "tempi": [],
    "bar_lines": [0, 16, 32, 48], "fermatas": [], "notation": {}, "played": None,
    "source": {"kind": "form", "name": "", "options": {}, "messages": []},
    "take": None, "starred": [], "history": [],
    "temperature": None, "plainness": 0.0, "candidates": 1,
    "lines": [
        {
            "name": name, "low": low, "high": high, "kind": "pitched", "colour": "#3a45b0",
            "program": 0, "pan": 0, "level": 1, "volume": 0.8, "muted": False, "solo": False,
            "notes": [[step, step + 4, pitch] for step in range(0, 64, 4)],
            "given": [[0, 64]], "locked": [],
        }
        for name, low, high, pitch in (("Soprano", 60, 81, 72), ("Bass", 40, 60, 48))
    ],
}  # fmt: skip


def bar(page):
    """The transport."""
    return page.get_by_role("region", name="Transport")


def show(page, piece=PIECE):
    """Open a piece in the page without the server's knowing it."""
    page.route(
        f"**/api/pieces/{piece['id']}",
        lambda route: route.fulfill(json={"revision": 2, "changed": piece["changed"]}),
    )
    page.evaluate("async piece => (await import('/web/js/state/piece.js')).show(piece)", piece)


def until(page, expression, seconds=60):
    """Ask the page again and again until something holds; its policy lets no polling in."""
    end = time.monotonic() + seconds
    while not (found := page.evaluate(expression)):
        assert time.monotonic() < end, f"never came to be: {expression}"
        time.sleep(0.02)
    return found


def ready(page):
    """Have the synthesizer loaded; wait until it is and its clock runs."""
    page.evaluate("window.loadSound?.()")
    until(
        page,
        """async () => (await import('/web/js/sound/engine.js')).state.value === 'ready'
        && window.kantorSound.context.state === 'running'""",
    )
    page.evaluate(LISTEN)


LISTEN = """() => {
  if (window.level) return;
  const {context, output} = window.kantorSound;
  const ear = new AnalyserNode(context, {fftSize: 2048, smoothingTimeConstant: 0});
  output.connect(ear);
  const samples = new Float32Array(2048);
  window.ear = ear;
  window.level = () => {
    ear.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  };
}"""


def level(page):
    """The root mean square of what sounds now."""
    return page.evaluate("window.level()")


def louder(page, than=1e-3):
    """Wait until something is heard."""
    until(page, f"window.level() > {than}")


def silent(page, than=1e-4):
    """Wait until nothing is heard any more."""
    until(page, f"window.level() < {than}")
