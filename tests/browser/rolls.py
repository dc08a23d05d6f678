"""Pieces for the tests of the roll, and where their notes stand on the screen."""

import httpx
from tests.browser.pieces import OPEN

STAGE = "(await import('/web/js/state/stage.js'))"
PIECE = "(await import('/web/js/state/piece.js'))"
SOPRANO = [[0, 4, 67], [4, 8, 69], [8, 12, 71], [12, 16, 72], [16, 24, 74], [24, 32, 72]]
ALTO = [[0, 4, 62], [4, 8, 62], [8, 16, 64], [16, 20, 65], [20, 24, 64]]


def made(studio, bars=8, notes=(SOPRANO, ALTO)):
    """The id of a new piece in 4/4 with a given soprano; the other lines are composed."""
    form = {"bars": bars, "write": True}
    piece = httpx.post(f"{studio}/api/pieces", json={"form": form}).raise_for_status().json()
    for line, its in zip(piece["lines"], notes, strict=False):
        line["notes"] = its
    for line in piece["lines"]:
        line["given"], line["locked"] = [], []
    piece["lines"][0]["given"] = [[0, piece["steps"]]]
    kept(studio, piece)
    return piece["id"]


def kept(studio, piece):
    """Save a piece that was read before."""
    headers = {"if-match": f'"{piece["revision"]}"'}
    httpx.put(f"{studio}/api/pieces/{piece['id']}", json=piece, headers=headers).raise_for_status()


def opened(page, studio, **options):
    """Open a new piece on the page, which is at Studio already; its id."""
    page.set_default_timeout(30_000)
    id = made(studio, **options)
    page.evaluate(OPEN, id)
    page.locator(".roll_scroll").wait_for()
    return id


def line(page, index):
    """A line as the page has it."""
    return page.evaluate(f"async (index) => {PIECE}.piece.value.lines[index]", index)


def saved_line(page, studio, id, index):
    """A line as the server has it, once the page has saved."""
    page.evaluate(f"async () => {PIECE}.saved()")
    return httpx.get(f"{studio}/api/pieces/{id}").raise_for_status().json()["lines"][index]


def selected(page):
    return page.evaluate(f"async () => {PIECE}.selection.value")


def spot(page, step, pitch):
    """Where a step and a pitch are on the screen, in the middle of the row."""
    where = page.evaluate(
        f"""async ([step, pitch]) => {{
        const box = document.querySelector('.roll_picture').getBoundingClientRect();
        const {{ zoom, row, yOf }} = {STAGE};
        return [box.left + step * zoom.value, box.top + yOf(pitch) + row.value / 2];
    }}""",
        [step, pitch],
    )
    return tuple(where)


def drag(page, start, end):
    """Drag the mouse from one place to another, in several moves."""
    page.mouse.move(*start)
    page.mouse.down()
    for part in (0.3, 0.7, 1):
        page.mouse.move(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))
    page.mouse.up()


def try_take(page, notes):
    """Put a take of these notes on trial, as if it had been composed."""
    page.evaluate(
        f"""async notes => {{
        const {{ takes, piece }} = {PIECE};
        const {{ steps, revision }} = piece.value;
        takes.value = [{{ number: 7, made: '2026-01-01T00:00:00+00:00', seed: 1, index: 0, notes,
            steps, model: {{ name: 'kantor-bach', version: 1 }}, temperature: null, plainness: 0,
            candidates: 1, region: null, revision, critic: null, character: '' }}];
        (await import('/web/js/state/hearing.js')).preview.value = 7; }}""",
        notes,
    )
