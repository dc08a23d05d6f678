"""Takes: composed for a piece as it is kept, what is given or locked unchanged, nobody left out."""

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from kantor.compose.composer import compose
from kantor.ensemble import SATB
from kantor.studio.composing_worker import load
from kantor.studio.context import FOLDER
from kantor.studio.document import Source
from kantor.studio.model_preview import melody
from kantor.studio.scores import notes_by_line, piece_of, request_of
from kantor.studio.store import Store


@pytest.fixture
def store(root):
    """The pieces of Studio's repository."""
    return Store(root / FOLDER)


@pytest.fixture
def piece(store):
    """A melody of eight bars, given to the soprano."""
    return new_piece(store)


def new_piece(store, times=1):
    request = melody(SATB)
    piece = piece_of(request.score, request.mask, Source(kind="form"))
    line, steps = piece.lines[0], piece.steps
    notes = [
        (start + time * steps, end + time * steps, pitch)
        for time in range(times)
        for start, end, pitch in line.notes
    ]
    lines = [
        line.model_copy(update={"notes": notes, "given": [(0, steps * times)]}),
        *piece.lines[1:],
    ]
    longer = {"steps": steps * times, "bar_lines": list(range(0, steps * times, 16))}
    return store.create(piece.model_copy(update={"lines": lines, **longer}))


def ask(client, piece, **wish):
    return client.post(
        f"/api/pieces/{piece.id}/takes", json=wish, headers={"if-match": f'"{piece.revision}"'}
    )


def cells(notes, steps):
    """What sounds in each step, and where a note begins."""
    row = [None] * steps
    for start, end, pitch in notes:
        row[start:end] = [(pitch, step == start) for step in range(start, end)]
    return row


def test_three_takes_keep_the_melody(client, piece):
    """They are kept, numbered, and say what made them."""
    answer = ask(client, piece)
    takes = answer.json()
    assert answer.status_code == 201
    assert [take["number"] for take in takes] == [1, 2, 3]
    assert [take["index"] for take in takes] == [0, 1, 2]
    for take in takes:
        assert [tuple(note) for note in take["notes"][0]] == piece.lines[0].notes
        assert all(take["notes"])
        assert take["model"] == {"name": "kantor-bach", "version": 1}
        assert isinstance(take["critic"], float)
        assert take["character"]
    assert len({json.dumps(take["notes"]) for take in takes}) == 3
    assert client.get(f"/api/pieces/{piece.id}/takes").json() == takes


def test_takes_follow_from_seed_and_piece(client, piece, root):
    """As the composer makes them; asked again without a seed there are others."""
    first, again, other = (ask(client, piece, **wish).json() for wish in ({}, {"seed": 0}, {}))
    assert [take["notes"] for take in first] == [take["notes"] for take in again]
    assert [take["seed"] for take in first + other] == [0, 0, 0, 1, 1, 1]
    (folder,) = (root / "mlartifacts/models").glob("*/artifacts/data/model")
    composed = compose([request_of(piece)], load(str(folder), ""), 1, 3)[0]
    wanted = json.loads(json.dumps([notes_by_line(score) for score in composed]))
    assert [take["notes"] for take in other] == wanted
    (plain,) = ask(client, piece, takes=1, seed=0, plainness=1).json()
    assert (plain["plainness"], first[0]["plainness"]) == (1, 0)
    assert plain["notes"] != first[0]["notes"]


def test_a_region_changes_nothing_around_it(client, piece, store):
    """Only the named lines and steps; locked cells within it stay as well."""
    take = ask(client, piece, takes=1).json()[0]
    lines = [
        line.model_copy(update={"notes": [tuple(note) for note in notes]})
        for line, notes in zip(piece.lines, take["notes"], strict=True)
    ]
    lines[2] = lines[2].model_copy(update={"locked": [(36, 40)]})
    adopted = store.save(piece.model_copy(update={"lines": lines}), piece.revision)
    region = {"start": 32, "end": 48, "lines": [1, 2]}
    takes = ask(client, adopted, region=region, seed=7).json()
    changed = 0
    for one in takes:
        assert one["region"] == region
        for line in range(4):
            before, after = (cells(each["notes"][line], piece.steps) for each in (take, one))
            free = set(range(32, 48)) if line in (1, 2) else set()
            free -= set(range(36, 40)) if line == 2 else set()
            for step in set(range(piece.steps)) - free:
                now, then = after[step], before[step]
                if step - 1 in free and now is not None:  # a held note may begin anew here
                    now, then = now[0], then[0]
                assert now == then
            changed += sum(before[step] != after[step] for step in free)
    assert changed


def test_a_region_may_end_within_a_note(client, piece, store):
    """What is left of the note begins anew; all else around stays."""
    held = [(0, piece.steps, 64)]
    lines = [piece.lines[0], piece.lines[1].model_copy(update={"notes": held}), *piece.lines[2:]]
    saved = store.save(piece.model_copy(update={"lines": lines}), piece.revision)
    answer = ask(client, saved, region={"start": 32, "end": 48, "lines": [1]})
    assert answer.status_code == 201, answer.text
    for take in answer.json():
        assert take["notes"][1][-1] == [48, piece.steps, 64]


def test_what_cannot_be_composed_is_refused(client, piece, store):
    """In one line each, with the status that says whose turn it is."""
    for wish, status, word in (
        ({"region": {"start": 0, "end": 16, "lines": "alto"}}, 422, "region.lines must be"),
        ({"takes": 0}, 422, "takes"),
        ({"temperature": 99}, 422, "temperature"),
        ({"plainness": 2}, 422, "plainness"),
        ({"unknown": 1}, 422, "unknown"),
        ({"model": {"name": "kantor-bach", "version": 9}}, 409, "not registered"),
    ):
        answer = ask(client, piece, **wish)
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text
    path = f"/api/pieces/{piece.id}/takes"
    stale = client.post(path, json={}, headers={"if-match": '"7"'})
    assert (stale.status_code, stale.json()["revision"]) == (412, 0)
    assert (
        client.post(
            "/api/pieces/abcdefghijkmnpqr/takes", json={}, headers={"if-match": '"0"'}
        ).status_code
        == 404
    )
    two = piece_of(melody(SATB.only(0, 1)).score, melody(SATB.only(0, 1)).mask, piece.source)
    other = ask(client, store.create(two))
    assert (other.status_code, "soprano, alto" in other.json()["detail"]) == (409, True)
    huge = ask(client, new_piece(store, 100), takes=8, candidates=16)
    assert (huge.status_code, "too much" in huge.json()["detail"]) == (422, True)
    assert client.get(path).json() == []


@pytest.mark.parametrize(
    ("start", "end", "lines", "told"),
    [
        (0, 32, [0], "bars 1 to 2, soprano: all of it is given or locked; release or unlock"),
        (16, 32, [9], "bar 2: there is no voice 9; the voices are 0 soprano, 1 alto, 2 tenor, 3"),
        (16, 32, [-1], "bar 2: there is no voice -1; the voices are"),
        (16, 32, [1, 2, 1], "bar 2, alto: the voice is selected twice"),
        (112, 400, [1, 2], "bar 8, alto, tenor: the selection ends behind the piece, whose last"),
        (40, 40, [2], "bar 3, tenor: the selection is empty: it ends where it begins"),
        (40, 8, [2], "bar 3, tenor: the selection ends before it begins"),
        (79_000, 80_000, [2], "bar 8, tenor: the selection ends behind the piece, whose last"),
    ],
)
def test_a_region_at_fault_is_named(client, piece, start, end, lines, told):
    """By bar and voice, in one line; nothing is composed."""
    answer = ask(client, piece, region={"start": start, "end": end, "lines": lines})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(told), answer.text
    assert client.get(f"/api/pieces/{piece.id}/takes").json() == []


@pytest.mark.alone
def test_without_a_model_composing_says_how_to_get_one(client, piece, root):
    """409, and the line names Training."""
    (root / "mlflow.db").unlink()
    for folder in (root / "mlartifacts").iterdir():
        folder.rename(root / folder.name)
    (root / "build/registered.json").unlink(missing_ok=True)
    answer = ask(client, piece)
    assert (answer.status_code, "Training" in answer.json()["detail"]) == (409, True)


def test_the_critic_chooses_among_candidates(client, piece):
    """A take of four candidates is judged no worse than the first of them alone."""
    alone = ask(client, piece, seed=3).json()
    chosen = ask(client, piece, seed=3, candidates=4).json()
    pairs = list(zip(alone, chosen, strict=True))
    assert all(best["critic"] >= one["critic"] for one, best in pairs)
    assert any(best["notes"] != one["notes"] for one, best in pairs)


def test_twenty_at_once_get_what_each_gets_alone(client, piece):
    """Composed together or not, a take depends on its own request only."""
    seeds = range(100, 120)
    with ThreadPoolExecutor(20) as people:
        answers = list(people.map(lambda seed: ask(client, piece, seed=seed), seeds))
    assert [answer.status_code for answer in answers] == [201] * 20
    notes = {answer.json()[0]["seed"]: answer.json()[0]["notes"] for answer in answers}
    for seed in (100, 119):
        assert ask(client, piece, seed=seed).json()[0]["notes"] == notes[seed]


def test_a_long_piece_keeps_nobody_waiting(client, piece, store):
    """And a second long one begins after the first; who goes away leaves the way free."""
    long = new_piece(store, 14)
    with ThreadPoolExecutor(3) as people:
        under = [people.submit(ask, client, long, seed=seed) for seed in (1, 2)]
        time.sleep(0.3)
        assert ask(client, piece).status_code == 201
        assert not any(one.done() for one in under)
        assert [one.result().status_code for one in under] == [201, 201]


def test_a_client_that_goes_away_gets_no_takes(client, piece, store):
    """What it asked for ends at once, and others are answered."""
    long = new_piece(store, 200)
    url = f"{client.base_url}/api/pieces/{long.id}/takes"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json={"takes": 8}, headers={"if-match": '"0"'}, timeout=1)
    began = time.monotonic()
    assert ask(client, new_piece(store, 14), takes=1).status_code == 201
    assert time.monotonic() - began < 60
    assert client.get(f"/api/pieces/{long.id}/takes").json() == []
    assert ask(client, piece).status_code == 201


def test_a_full_queue_says_when_to_come_again(client, piece, store, monkeypatch):
    """429; who goes away leaves the place to others, and the server answers meanwhile."""
    monkeypatch.setattr("kantor.studio.composing_queue.MOST_WAITING", 3)
    long = new_piece(store, 125)

    def go_away(seed):
        try:
            return httpx.post(
                f"{client.base_url}/api/pieces/{long.id}/takes",
                json={"takes": 8, "seed": seed},
                headers={"if-match": '"0"'},
                timeout=3,  # long before a thousand bars are composed
            )
        except httpx.ReadTimeout:
            return None

    with ThreadPoolExecutor(10) as people:
        answers = list(people.map(go_away, range(10)))
    refused = [answer for answer in answers if answer is not None]
    assert refused
    assert answers.count(None) >= 4
    for answer in refused:
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1"), answer.text
    began = time.monotonic()
    while (answer := ask(client, piece)).status_code == 429:  # until it sees that they went away
        time.sleep(float(answer.headers["retry-after"]))
        assert time.monotonic() - began < 30
    assert answer.status_code == 201
    assert ask(client, new_piece(store, 14), takes=1).status_code == 201
    assert client.get(f"/api/pieces/{long.id}/takes").json() == []


@pytest.mark.alone
def test_a_process_that_is_killed_is_replaced(client, piece, store):
    """Its request is composed all the same."""
    ask(client, piece)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(client, new_piece(store, 12))))
    thread.start()
    time.sleep(0.5)
    workers = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.ppid() != os.getpid() and not child.children()
    ]
    assert len(workers) >= 2
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
    thread.join(30)
    assert [answer.status_code for answer in answers] == [201]
    assert ask(client, piece).status_code == 201
