"""Playing in by MIDI keyboards, whatever a browser answers, and recording."""

import json
import time

import pytest
from tests.browser.sounding import PIECE, bar, louder, ready, show, silent, until

pytestmark = pytest.mark.long

PREVIEW = "(await import('/web/js/state/opened.js')).preview.value"

FAKE = """
class Input extends EventTarget {
  constructor(id, name) {
    super();
    Object.assign(this, {id, name, state: 'connected', type: 'input'});
  }
  send(...bytes) {
    const event = new Event('midimessage');
    Object.assign(event, {data: new Uint8Array(bytes)});
    Object.defineProperty(event, 'target', {value: this});
    this.onmidimessage?.(event);
  }
}
window.piano = new Input('one', 'Fake Piano');
window.midi = {inputs: new Map(), asked: []};
window.plug = state => {
  window.piano.state = state;
  if (state === 'connected') window.midi.inputs.set('one', window.piano);
  else window.midi.inputs.delete('one');
  window.midi.onstatechange?.({port: window.piano});
};
navigator.requestMIDIAccess = async options => {
  window.midi.asked.push(options ?? null);
  if (window.refuse) throw new DOMException('no', window.refuse);
  return window.midi;
};
"""


@pytest.fixture
def keys(tab, studio):
    """The page with a fake MIDI system."""
    tab.add_init_script(FAKE)
    tab.goto(studio)
    ready(tab)
    return tab


def connect(page):
    page.evaluate("window.plug('connected')")
    page.get_by_role("button", name="Connect keyboard").click()
    page.get_by_text("Fake Piano").wait_for()


def held(page):
    return page.evaluate("async () => [...(await import('/web/js/sound/played.js')).held.value]")


def posted(page):
    """Let the server make a piece of whatever is posted; what was posted."""
    sent = []

    def answer(route):
        if route.request.method == "POST":
            sent.append(json.loads(route.request.post_data))
            route.fulfill(status=201, json=PIECE)
        else:
            route.fallback()

    page.route("**/api/pieces", answer)
    return sent


def phase(page):
    return page.evaluate("async () => (await import('/web/js/state/recorder.js')).phase.value")


def test_a_midi_keyboard_sounds_and_is_released_when_unplugged(keys):
    """Notes and wheels sound, velocity 0 ends a note, and pulling the plug leaves none hanging."""
    connect(keys)
    assert keys.evaluate("window.midi.asked") == [None]  # and nothing of sysex
    keys.evaluate("window.piano.send(0x93, 60, 100)")
    louder(keys)
    assert held(keys) == [60]
    keys.evaluate("window.piano.send(0x93, 60, 0)")
    assert held(keys) == []
    silent(keys)
    keys.evaluate("window.piano.send(0x90, 64, 100); window.piano.send(0xb0, 64, 127)")
    keys.evaluate("window.plug('disconnected')")
    assert held(keys) == []
    silent(keys)
    keys.get_by_text("No keyboard yet").wait_for()
    keys.evaluate("window.plug('connected')")
    keys.get_by_text("Fake Piano").wait_for()
    keys.evaluate("window.piano.send(0x90, 67, 100)")
    louder(keys)


def test_every_refusal_is_answered(keys):
    """Without permission, a MIDI system or Web MIDI the page says what to do, and stays usable."""
    for done, told in (
        ("window.refuse = 'NotAllowedError'", "Allow MIDI devices for this page"),
        ("window.refuse = 'InvalidStateError'", "MIDI system does not answer"),
        ("navigator.requestMIDIAccess = null", "Safari never has"),
    ):
        keys.evaluate(done)
        keys.get_by_role("button", name="Connect keyboard").click()
        keys.get_by_text(told).wait_for()
        assert keys.get_by_role("button", name="Connect keyboard").is_enabled()


def test_a_recording_with_the_metronome_becomes_a_piece(keys):
    """The count-in is not recorded, a note just before the first beat is; all bytes are sent."""
    sent = posted(keys)
    connect(keys)
    bar(keys).get_by_label("Tempo").fill("240")
    bar(keys).get_by_label("Tempo").press("Tab")
    keys.evaluate("window.piano.send(0x90, 50, 80); window.piano.send(0x80, 50, 0)")  # not yet
    bar(keys).get_by_role("button", name="Record", exact=True).click()
    keys.get_by_text("Count-in").wait_for()
    keys.evaluate("window.piano.send(0x90, 51, 80); window.piano.send(0x80, 51, 0)")  # too early
    louder(keys)  # the clicks
    keys.evaluate(
        """async () => {
        const {elapsed} = await import('/web/js/state/recorder.js');
        const at = seconds => new Promise(done => {
          const look = () => elapsed() >= seconds ? done() : setTimeout(look, 1); look(); });
        await at(-0.06);
        window.piano.send(0x90, 60, 80);
        await at(0.2);
        window.piano.send(0x80, 60, 0);
        window.piano.send(0xb0, 1, 33);
        await at(0.25);
        window.piano.send(0x90, 62, 90);
    }"""
    )
    keys.get_by_text("Recording, bar 1").wait_for()
    keys.keyboard.press("Space")
    keys.get_by_label("Bar and beat").wait_for()
    assert len(sent) == 1
    recording = sent[0]["recording"]
    assert (recording["tempo"], recording["meter"], recording["key"]) == (240, "4/4", None)
    assert recording["click"] is True
    assert recording["downbeat"] == 0
    kinds = [event[1:] for event in recording["events"]]
    assert kinds == [[0x90, 60, 80], [0x80, 60, 0], [0xB0, 1, 33], [0x90, 62, 90], [0x80, 62, 0]]
    times = [event[0] for event in recording["events"]]
    assert times == sorted(times)
    assert -0.08 < times[0] < 0
    assert 0.2 <= times[1] < 0.3


def test_a_recording_survives_a_lost_server(keys):
    """Without an answer the recording stays in the browser, can be heard, and is sent later."""
    keys.route("**/api/pieces", lambda route: route.abort())
    connect(keys)
    bar(keys).get_by_role("button", name="Count in a bar").click()
    bar(keys).get_by_role("button", name="Metronome").click()
    bar(keys).get_by_role("button", name="Record", exact=True).click()
    keys.get_by_text("Recording, bar").wait_for()
    keys.evaluate("window.piano.send(0x90, 60, 80)")
    keys.wait_for_timeout(150)
    keys.evaluate("window.piano.send(0x80, 60, 0)")
    bar(keys).get_by_role("button", name="Stop recording").click()
    keys.get_by_text("A recording is kept in this browser").wait_for()
    keys.reload()
    ready(keys)
    bar(keys).get_by_role("button", name="Hear it as played").click()
    louder(keys)
    keys.unroute("**/api/pieces")
    sent = posted(keys)
    bar(keys).get_by_role("button", name="Write it down").click()
    keys.get_by_label("Bar and beat").wait_for()
    assert sent[0]["recording"]["click"] is False
    assert keys.evaluate("localStorage.getItem('recording')") is None


FOUR_BARS = """async () => {
  const {elapsed} = await import('/web/js/state/recorder.js');
  const at = seconds => new Promise(done => {
    const look = () => elapsed() >= seconds ? done() : setTimeout(look, 1); look(); });
  const key = (kind, code) => document.body.dispatchEvent(
    new KeyboardEvent(kind, {code, key: code.at(-1).toLowerCase(), bubbles: true}));
  const codes = 'ZCBBNNBBVVCCXXZZ'.split('').map(letter => `Key${letter}`);
  for (const [index, code] of codes.entries()) {
    await at(index * 0.25);
    key('keydown', code);
    await at(index * 0.25 + 0.15);
    key('keyup', code);
  }
}"""


def test_four_bars_are_played_harmonised_and_heard(page):
    """From the start screen by computer keys alone; the raw take is there after a reload too."""
    ready(page)
    begun = time.monotonic()
    bar(page).get_by_label("Tempo").fill("240")
    bar(page).get_by_label("Tempo").press("Tab")
    bar(page).get_by_role("button", name="Record", exact=True).click()
    page.evaluate(FOUR_BARS)
    page.keyboard.press("Space")
    page.get_by_role("button", name="Compose 3 takes").click()
    page.locator(".takes > li").nth(2).wait_for()
    for number in "23":  # the first is in the piece
        page.keyboard.press(number)
        until(page, f"async () => {PREVIEW} === {number}")
        page.keyboard.press("Space")
        louder(page)
        page.keyboard.press("Space")
        silent(page)
    assert time.monotonic() - begun < 60
    page.reload()
    ready(page)
    page.get_by_role("button", name="Hear the raw take").click()
    louder(page)
    page.get_by_role("button", name="Stop the raw take").click()
    silent(page)


def test_the_count_in_can_be_called_off(keys):
    """Stopping during the count-in records nothing and sends nothing."""
    sent = posted(keys)
    bar(keys).get_by_role("button", name="Record", exact=True).click()
    bar(keys).get_by_role("button", name="Cancel").click()
    assert phase(keys) == "idle"
    assert sent == []
    silent(keys)


def test_recording_beside_an_open_piece_asks_first(keys):
    """R makes a new piece only after a question; the recording starts with the old one's tempo."""
    show(keys)
    keys.keyboard.press("r")
    assert phase(keys) == "idle"
    keys.get_by_role("dialog").get_by_role("button", name="Record a new piece").click()
    keys.get_by_text("Count-in").wait_for()
    assert bar(keys).get_by_label("Tempo").input_value() == str(PIECE["tempo"])
    keys.keyboard.press("Space")
    until(keys, "async () => (await import('/web/js/state/recorder.js')).phase.value === 'idle'")
