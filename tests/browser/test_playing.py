"""The page sounds: keys at once, pieces by the sound's clock, and what is changed meanwhile."""

import time
from itertools import pairwise
from statistics import median

import pytest
from playwright.sync_api import expect
from tests.browser.sounding import PIECE, bar, level, louder, ready, show, silent, until

pytestmark = pytest.mark.long


PIECE_NOW = "(await import('/web/js/state/piece.js')).piece.value"


def at(page):
    return page.evaluate("async () => (await import('/web/js/state/transport.js')).position.value")


def test_space_plays_and_stops(page):
    """Space plays the piece, the playhead moves by the sound's clock, and Space stops it."""
    show(page)
    ready(page)
    assert level(page) < 1e-4
    page.evaluate(
        """async () => {
        const {onFrame} = await import('/web/js/state/transport.js');
        window.frames = [];
        onFrame(step => window.frames.push([window.kantorSound.context.currentTime, step]));
    }"""
    )
    page.keyboard.press("Space")
    louder(page)
    until(page, "window.frames.at(-1)?.[1] > 24")  # the clocks may differ by 60 ms at either end
    frames = page.evaluate("window.frames")
    (first, start), (last, end) = frames[5], frames[-1]
    assert (end - start) / (last - first) == pytest.approx(8, rel=0.1)  # steps a second
    assert all(a[1] <= b[1] for a, b in pairwise(frames))
    page.keyboard.press("Space")
    bar(page).get_by_role("button", name="Play").wait_for()
    assert 24 < at(page) < 56
    silent(page)


def test_a_key_sounds_while_it_is_held(page):
    """A key of the keyboard on the screen sounds at once, and ends when it is released."""
    ready(page)
    key = page.locator(".keys").get_by_role("button", name="C4")
    box = key.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 10)
    page.mouse.down()
    louder(page)
    page.mouse.up()
    silent(page)


def test_keys_are_played_by_touch_keyboard_and_focus(page):
    """Computer keys play by their place, gliding goes on to the next key, Enter plays the focus."""
    ready(page)
    held = "async () => [...(await import('/web/js/sound/played.js')).held.value]"
    page.keyboard.down("z")
    assert page.evaluate(held) == [60]
    page.keyboard.down("s")
    assert page.evaluate(held) == [60, 61]
    page.keyboard.up("z")
    page.keyboard.up("s")
    assert page.evaluate(held) == []
    page.keyboard.press("]")
    page.keyboard.down("z")
    assert page.evaluate(held) == [72]
    page.keyboard.up("z")
    page.keyboard.press("[")
    first, second = (
        page.locator(".keys").get_by_role("button", name=name).bounding_box()
        for name in ("D4", "E4")
    )
    page.mouse.move(first["x"] + 10, first["y"] + first["height"] - 8)
    page.mouse.down()
    assert page.evaluate(held) == [62]
    page.mouse.move(second["x"] + 10, second["y"] + second["height"] - 8)
    assert page.evaluate(held) == [64]
    page.mouse.up()
    assert page.evaluate(held) == []
    page.locator(".keys").get_by_role("button", name="C4").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.down("Enter")
    assert page.evaluate(held) == [61]
    page.keyboard.up("Enter")
    assert page.evaluate(held) == []


def pitch(page):
    """The frequency of what sounds between 400 and 700 Hz, by autocorrelation."""
    return page.evaluate(
        """() => {
        const {sampleRate} = window.kantorSound.context;
        const samples = new Float32Array(2048);
        window.ear.getFloatTimeDomainData(samples);
        let [best, found] = [-Infinity, 0];
        for (let lag = Math.floor(sampleRate / 700); lag <= sampleRate / 400; lag++) {
          let sum = 0;
          for (let i = 0; i < 1900; i++) sum += samples[i] * samples[i + lag];
          if (sum > best) [best, found] = [sum, lag];
        }
        return sampleRate / found;
    }"""
    )


def sounds_at(page, frequency):
    """Wait until that is the pitch of what sounds."""
    end = time.monotonic() + 60
    while (found := pitch(page)) != pytest.approx(frequency, rel=0.03):
        assert time.monotonic() < end, f"sounds at {found} Hz, not at {frequency}"


def test_the_pitch_wheel_bends_and_springs_back(page):
    """Two semitones up at its end; back when it is let go."""
    ready(page)
    bent = "async () => (await import('/web/js/sound/played.js')).played(0xe0, 127, 127)"
    page.evaluate(
        """async () => {
        const {instrument} = await import('/web/js/sound/engine.js');
        instrument().programChange(15, 73);
        (await import('/web/js/sound/played.js')).press(72, 100);
    }"""
    )
    louder(page)
    straight = 440 * 2 ** (3 / 12)
    sounds_at(page, straight)
    page.evaluate(bent)
    sounds_at(page, straight * 2 ** (2 / 12))
    wheel = page.get_by_label("Pitch bend")
    box = wheel.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 6)
    page.mouse.down()
    page.mouse.up()
    expect(wheel).to_have_value("0", timeout=30_000)
    sounds_at(page, straight)


def test_changes_are_heard_while_it_plays(page):
    """Muted lines fall silent and removed notes end at once; solo and notes come back."""
    show(page)
    ready(page)
    page.keyboard.press("Space")
    louder(page)
    mute = """async muted => (await import('/web/js/state/piece.js')).change('mute',
      draft => draft.lines.forEach(line => { line.muted = muted; }), {quiet: true})"""
    page.evaluate(mute, True)
    silent(page, 3e-3)
    page.evaluate(mute, False)
    louder(page, 1e-2)
    page.evaluate(
        """async () => (await import('/web/js/state/piece.js')).change('empty',
        draft => draft.lines.forEach(line => { line.notes = []; }))"""
    )
    silent(page)
    assert bar(page).get_by_role("button", name="Stop").is_visible()


def test_a_loop_repeats_and_the_end_goes_back(page):
    """The playhead stays within the loop; without it, the end returns it to where it began."""
    show(page)
    ready(page)
    page.evaluate(
        """async () => {
        const {loop, onFrame, rate, seek, play} = await import('/web/js/state/transport.js');
        window.steps = [];
        onFrame(step => window.steps.push(step));
        loop.value = [4, 8]; rate.value = 1.2;
        await play();
    }"""
    )
    until(page, "window.steps.filter((step, i, all) => step < all[i - 1]).length >= 2")
    steps = page.evaluate("window.steps")
    assert min(steps) >= 4
    assert max(steps) <= 8
    page.evaluate(
        """async () => {
        const {loop, seek} = await import('/web/js/state/transport.js');
        loop.value = null; seek(60);
    }"""
    )
    bar(page).get_by_role("button", name="Play").wait_for()
    assert at(page) == 60


STRIKE = """async () => {
  const {context} = window.kantorSound;
  const samples = new Float32Array(512);
  const sounds = least => {
    window.ear.fftSize = 512;
    window.ear.getFloatTimeDomainData(samples);
    return samples.some(one => Math.abs(one) > least);
  };
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const {port1, port2} = new MessageChannel();
  const turn = () => new Promise(done => { port1.onmessage = done; port2.postMessage(0); });
  const {instrument} = await import('/web/js/sound/engine.js');
  instrument().setSystemParameter('reverbGain', 0);
  const key = document.querySelector('[data-pitch="72"]');
  const {x, bottom} = key.getBoundingClientRect();
  Element.prototype.setPointerCapture = () => {};
  const strike = kind => key.dispatchEvent(new PointerEvent(
    kind, {bubbles: true, pointerId: 1, clientX: x + 5, clientY: bottom - 8}));
  const times = [];
  for (let count = 0; count < 15; count++) {
    while (sounds(2e-5)) await wait(10);
    await wait(20 + 20 * Math.random());
    const before = performance.now();
    strike('pointerdown');
    while (!sounds(1e-4) && performance.now() - before < 500) await turn();
    times.push(performance.now() - before);
    strike('pointerup');
    instrument().stopAll(true);
  }
  window.ear.fftSize = 2048;
  return times;
}"""


def test_a_key_sounds_within_twenty_milliseconds(page):
    """From the pointer's event to samples of sound, in the median; the device's time comes atop."""
    ready(page)
    assert any(median(page.evaluate(STRIKE)) <= 20 for _ in range(3))


def test_a_recorded_melody_is_heard_between_as_played_and_on_the_grid(page):
    """At 0 % notes sound as they were played; what was written later sounds as written."""
    line = {**PIECE["lines"][0], "notes": [[0, 4, 72], [4, 8, 74], [8, 12, 76]]}
    played = {"line": 0, "notes": [[-0.4, 3, 72, 100], [4.6, 7, 74, 60]], "strength": 1}
    show(page, {**PIECE, "lines": [line], "played": played})
    heard = (
        """async () => (await import('/web/js/state/hearing.js')).hearing.value.lines[0].notes"""
    )
    assert page.evaluate(heard) == [[0, 4, 72, 80], [4, 8, 74, 80], [8, 12, 76, 80]]
    slider = page.get_by_label("From as played to on the grid")
    slider.fill("0")
    assert page.evaluate(heard) == [[-0.4, 3, 72, 100], [4.6, 7, 74, 60], [8, 12, 76, 80]]
    slider.fill("50")
    assert page.evaluate(heard)[1] == [4.3, 7.5, 74, 70]


def test_meter_and_key_of_the_piece_stand_in_the_transport(page):
    """The key can be set, and undone; the meter leads to where the source is read otherwise."""
    show(page, {**PIECE, "source": {**PIECE["source"], "kind": "sample", "name": "a tune"}})
    key = bar(page).get_by_label("Key")
    key.select_option("A minor")
    until(page, f"async () => {PIECE_NOW}.key.mode === 'minor'")
    page.keyboard.press("Control+z")
    until(page, f"async () => {PIECE_NOW}.key.mode === 'major'")
    assert key.input_value() == "0 major"
    bar(page).get_by_role("button", name="Meter 4/4").click()
    page.get_by_role("dialog").get_by_text("a tune").wait_for()


def test_a_page_from_elsewhere_says_why_it_is_silent(tab, studio):
    """By plain HTTP from another machine there is no synthesizer: the page offers recordings."""
    tab.add_init_script(
        """Object.defineProperty(window, 'isSecureContext', {value: false});
        Object.defineProperty(BaseAudioContext.prototype, 'audioWorklet', {value: undefined});"""
    )
    tab.goto(studio)
    tab.get_by_text("Listen to the recording instead").wait_for()
    tab.get_by_role("button", name="Connect keyboard").click()
    tab.get_by_text("only to pages of this machine").wait_for()
