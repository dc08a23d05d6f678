"""Pieces on the disk: nothing is lost, nothing half written, nobody overwrites another's work."""

import json
import threading

import pytest

from kantor.studio.document import ModelReference, Piece, Take, now
from kantor.studio.problems import Problem
from kantor.studio.starts import FormOrder, form_piece
from kantor.studio.store import Store


@pytest.fixture
def store(tmp_path):
    """An empty store, which is closed in the end."""
    store = Store(tmp_path / "studio")
    yield store
    store.close()


def empty(**form):
    return form_piece(FormOrder(**form))


def take_of(piece, seed=1):
    notes = [[(0, 4, 60)] for _ in piece.lines]
    return Take(
        number=1,
        made=now(),
        model=ModelReference(name="kantor-bach", version=1),
        seed=seed,
        index=0,
        temperature=None,
        candidates=1,
        region=None,
        revision=0,
        steps=piece.steps,
        notes=notes,
    )


def test_a_piece_comes_back_as_it_was_kept(store):
    """With its next revision, and the files for other programs beside it."""
    piece = store.create(empty(bars=4))
    lines = [piece.lines[0].model_copy(update={"notes": [(0, 4, 70)]}), *piece.lines[1:]]
    kept = store.save(piece.model_copy(update={"lines": lines}), 0)
    assert (kept.revision, store.get(piece.id)) == (1, kept)
    store.close()
    names = {file.name for file in store.folder(piece.id).iterdir()}
    assert names == {"piece.json", "piece.mid", "piece.musicxml"}
    again = Piece.model_validate(json.loads((store.folder(piece.id) / "piece.json").read_text()))
    assert again == kept


def test_a_stale_revision_is_refused(store):
    """And the refusal says which revision there is."""
    piece = store.create(empty())
    store.save(piece, 0)
    with pytest.raises(Problem) as refused:
        store.save(piece, 0)
    assert (refused.value.status, refused.value.more) == (412, {"revision": 1})


def test_of_two_writers_one_wins(store):
    """Of many that save at once from one revision, exactly one is kept."""
    piece = store.create(empty())
    results, start = [], threading.Barrier(8)

    def write(number):
        start.wait()
        try:
            results.append(store.save(piece.model_copy(update={"title": str(number)}), 0).title)
        except Problem as problem:
            results.append(problem.status)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    titles = [result for result in results if result != 412]
    assert len(titles) == 1
    assert store.get(piece.id).title == titles[0]


def test_history_only_grows(store):
    """A client that knows only a part of it loses nothing."""
    piece = store.create(empty())
    store.note(piece.id, "3 takes composed")
    kept = store.save(piece.model_copy(update={"history": []}), 0)
    assert [event.what for event in kept.history] == ["8 empty bars", "3 takes composed"]


def test_takes_are_numbered(store):
    """Within the piece, from 1, and each has a MIDI file."""
    piece = store.create(empty())
    store.add_takes(piece.id, [take_of(piece), take_of(piece, 2)])
    (third,) = store.add_takes(piece.id, [take_of(piece, 3)])
    store.close()
    assert third.number == 3
    assert [take.seed for take in store.takes(piece.id)] == [1, 2, 3]
    assert store.take(piece.id, 2).seed == 2
    assert (store.folder(piece.id) / "takes/take-0003.mid").read_bytes().startswith(b"MThd")


def test_deleted_pieces_wait_in_the_bin(store):
    """They can be restored, with all their files; or deleted for good."""
    piece = store.create(empty(), {"source.mid": b"bytes"})
    store.add_takes(piece.id, [take_of(piece)])
    store.remove(piece.id)
    assert store.listed() == []
    assert [one.id for one in store.binned()] == [piece.id]
    with pytest.raises(Problem):
        store.get(piece.id)
    assert store.restore(piece.id) == piece
    assert (store.folder(piece.id) / "source.mid").read_bytes() == b"bytes"
    store.remove(piece.id)
    store.erase(piece.id)
    assert store.binned() == []
    with pytest.raises(Problem):
        store.restore(piece.id)


def test_a_copy_has_everything(store):
    """Source and takes too; the piece that it was copied from stays as it is."""
    piece = store.create(empty(), {"source.mid": b"bytes"})
    store.add_takes(piece.id, [take_of(piece)])
    copied = store.duplicate(piece.id)
    assert copied.id != piece.id
    assert copied.title == f"{piece.title} (copy)"
    assert store.takes(copied.id) == store.takes(piece.id)
    assert (store.folder(copied.id) / "source.mid").read_bytes() == b"bytes"
    assert store.get(piece.id) == piece


def test_search_is_for_titles(store):
    """In any letter case."""
    for title in ("Sally Gardens", "Über Land", "Rain"):
        store.create(empty().model_copy(update={"title": title}))
    assert [one.title for one in store.listed("SALLY")] == ["Sally Gardens"]
    assert [one.title for one in store.listed("über")] == ["Über Land"]
    assert len(store.listed()) == 3


@pytest.mark.parametrize("content", ["{", "[]", '{"title": "Tune", "steps": 0}'])
def test_a_damaged_piece_is_named(store, content):
    """In one line, in the list too, which has the others as ever."""
    whole, broken = store.create(empty()), store.create(empty())
    (store.folder(broken.id) / "piece.json").write_text(content)
    listed = {one.id: one.fault for one in store.listed()}
    assert listed[whole.id] == ""
    assert f"{broken.id}/piece.json is damaged" in listed[broken.id]
    assert "\n" not in listed[broken.id]
    with pytest.raises(Problem, match="is damaged"):
        store.get(broken.id)
    store.remove(broken.id)
    assert len(store.listed()) == 1


@pytest.mark.parametrize("id", ["", "..", "../../etc", "a" * 15, "A" * 16, "a" * 15 + "/", ".bin"])
def test_only_ids_lead_to_folders(store, id):
    """Anything else is no piece."""
    for ask in (store.get, store.folder, store.remove, store.restore, store.erase, store.takes):
        with pytest.raises(Problem) as refused:
            ask(id)
        assert refused.value.status == 404


def test_what_a_killed_studio_left_is_written(store):
    """When the next one starts."""
    piece = store.create(empty())
    store.close()
    midi = store.folder(piece.id) / "piece.mid"
    midi.unlink()
    again = Store(store.root)
    again.start()
    again.close()
    assert midi.is_file()
