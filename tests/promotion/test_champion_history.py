"""The history is in the order in which it was made, and where a rollback leads by it alone."""

from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.errors import SetupError
from kantor.promotion import champion_history
from kantor.promotion.champion_history import Event, back, history, make
from kantor.promotion.promote import promote, rollback

THERE = range(1, 9)


def test_neither_a_clock_set_back_nor_a_deleted_version_changes_the_order(
    moving, client, monkeypatch
):
    """A move stamped two hours back is still the last one, and no move is made up."""
    promote(2, "try it", root=moving)
    slow = Mock(now=lambda zone: datetime.now(zone) - timedelta(hours=2))
    monkeypatch.setattr(champion_history, "datetime", slow)
    promote(3, "try it", root=moving)
    client.delete_model_version("kantor-bach", "2")
    assert [(move.before, move.after) for move in history(moving)] == [(1, 2), (2, 3)]
    assert rollback("worse", root=moving).after == 1


def test_two_machines_that_take_one_number_keep_both_moves(moving, client):
    """Neither overwrites the other; a tag that somebody wrote by hand is one line."""
    for after in (2, 3):
        move = make([], "promote", 1, after, "x", "ada")
        assert move.number == 1
        client.set_registered_model_tag("kantor-bach", move.tag, move.to_json())
    assert [move.after for move in history(moving) if move.at] == [2, 3]
    client.set_registered_model_tag("kantor-bach", "history.mine", "oops")
    with pytest.raises(SetupError, match="not a move of the champion: oops"):
        history(moving)


def test_an_event_fits_into_a_tag(moving, client):
    """However much there is to tell; nothing is left out that fits."""
    figures = {f"gain.figure{number}": 0.123456 for number in range(400)}
    many = [f"{number} (rolled back from on 2026-11-25)" for number in range(400)]
    event = make([], "rollback", 2, 1, "x" * 2_000, "ada", many, figures, many)
    small = make([event], "promote", 1, 2, "x", "ada", ["worse"], {"overlap": 0.9}, ["4 (deleted)"])
    for each in (event, small):
        assert len(each.to_json()) <= champion_history.LONGEST
        client.set_registered_model_tag("kantor-bach", each.tag, each.to_json())
    assert [move for move in history(moving) if move.at] == [event, small]
    assert (event.before, event.after, len(event.why)) == (2, 1, 1_000)
    assert event.overrode
    assert (small.figures, small.skipped) == ({"overlap": 0.9}, ("4 (deleted)",))


def move(what, before, after):
    return Event(what, "2026-11-25T08:00:00.000000Z", "ada", before, after, "x")


def moved(*steps):
    """Moves from ``"promote 2"``, ``"rollback"``, ``"retire 3"``, after version 1; the champion."""
    moves, now = [], 1
    for step in steps:
        what, _, version = step.partition(" ")
        if what == "retire":
            moves.append(move(what, int(version), None))
            continue
        after = int(version) if version else back(moves, THERE)[0]
        if after not in (None, now):
            moves.append(move(what, now, after))
            now = after
    return moves, now


PROMOTED = [f"promote {version}" for version in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("steps", "to", "skipped"),
    [
        ([], None, []),
        (PROMOTED, 4, []),
        ([*PROMOTED, "rollback"], 3, [5]),
        ([*PROMOTED, *["rollback"] * 4], None, [2, 3, 4, 5]),
        ([*PROMOTED, "rollback", "rollback", "promote 5"], 3, []),
        ([*PROMOTED, "rollback", "rollback", "promote 5", "rollback"], 2, [5, 4]),
        (["promote 3", "promote 4", "promote 5", "promote 4", "rollback"], 3, [4]),
        ([*PROMOTED, "retire 4"], 3, [4]),
        ([*PROMOTED, "rollback", "promote 6", "promote 5", "promote 7"], 5, []),
        (["elsewhere 3", "elsewhere 2"], 3, []),
        (["promote 2", "promote 3", "elsewhere 2"], 1, [3]),
        (["promote 2", "elsewhere 1", "elsewhere 2"], 1, []),
        (["promote 2", "promote 3", "rollback", "elsewhere 3"], 2, []),
    ],
)
def test_the_way_back(steps, to, skipped):
    """To the last good champion; who is passed over is named, the last champion first."""
    moves, _ = moved(*steps)
    assert back(moves, THERE)[0] == to
    assert [int(each.split()[0]) for each in back(moves, THERE)[1]] == skipped


def test_each_that_is_passed_over_has_its_reason():
    """Rolled back from, retired, deleted. From a champion that was deleted it leads as before."""
    moves, now = moved(*PROMOTED)
    assert back([*moves, move("elsewhere", now, None)], [1, 2, 3, 4])[0] == 4
    moves, _ = moved(*PROMOTED, "rollback", "retire 3")
    assert back(moves, [1, 3, 4, 5])[1] == (
        "5 (rolled back from on 2026-11-25)",
        "3 (retired on 2026-11-25)",
        "2 (deleted)",
    )


STEPS = st.lists(
    st.sampled_from(
        ["rollback", *(f"{m} {v}" for m in ("promote", "elsewhere", "retire") for v in THERE)]
    ),
    max_size=30,
)


@given(STEPS, st.sets(st.sampled_from(THERE)))
def test_rollbacks_in_a_row_lead_to_no_version_twice(steps, there):
    """After whatever history, they go back through good champions and come to an end."""
    moves, now = moved(*steps)
    visited = [now]
    while (to := back(moves, there)[0]) is not None:
        assert to in there
        assert to not in visited
        about = [one for one in moves if to in (one.before, one.after)]
        last = [one for one in about if one.after == to or one.what in ("rollback", "retire")]
        assert last[-1].after == to if last else to == 1
        visited.append(to)
        moves.append(move("rollback", visited[-2], to))
    assert len(visited) <= len(THERE)
