"""The history is in the order in which it was made, whatever clocks say and versions become of."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kantor.errors import SetupError
from kantor.promotion import history as events
from kantor.promotion.history import Event, history
from kantor.promotion.promote import promote, rollback

OLD = "history.2026-11-25T0{hour}:00:00.000000Z"


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock that stamps moves so many hours wrong."""

    class Clock(datetime):
        hours = 0

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=cls.hours)

    monkeypatch.setattr(events, "datetime", Clock)

    def turn(hours):
        Clock.hours = hours

    return turn


def moves(root):
    return [(e.what, e.before, e.after) for e in history(root=root)]


def test_a_clock_that_is_set_back_changes_no_order(moving, clock, rule):
    """A move stamped two hours back is still the last one, and no move is made up."""
    promote(2, "try it", root=moving, rule=rule)
    clock(-2)
    promote(3, "try it", root=moving, rule=rule)
    assert moves(moving) == [("promote", 1, 2), ("promote", 2, 3)]
    assert rollback("worse", root=moving).after == 2


def test_a_deleted_version_leaves_its_moves(moving, client, rule):
    """What it replaced and what replaced it is in the history as before."""
    promote(2, "try it", root=moving, rule=rule)
    promote(3, "try it", root=moving, rule=rule)
    client.delete_model_version("kantor-bach", "2")
    assert moves(moving) == [("promote", 1, 2), ("promote", 2, 3)]
    assert rollback("worse", root=moving).after == 1


def old(hour, before, after):
    """A move as releases before the numbers kept it: a tag of its version."""
    at = OLD.format(hour=hour).removeprefix(events.TAG)
    fields = {"what": "promote", "at": at, "by": "ada", "before": before, "after": after}
    return str(after), events.TAG + at, json.dumps(fields | {"why": "x", "overrode": []})


def test_moves_without_a_number_are_read_and_kept(moving, client, rule):
    """They come first, by time, and go to the model with the next move: it outlives versions."""
    for tag in (old(2, 2, 3), old(1, 1, 2)):
        client.set_model_version_tag("kantor-bach", *tag)
    client.set_registered_model_alias("kantor-bach", "champion", "3")
    assert moves(moving) == [("promote", 1, 2), ("promote", 2, 3)]
    assert rollback("worse", root=moving).number == 1
    client.delete_model_version("kantor-bach", "3")
    assert moves(moving) == [("promote", 1, 2), ("promote", 2, 3), ("rollback", 3, 2)]


def test_two_machines_that_take_one_number_keep_both_moves():
    """Their tags differ, so that neither overwrites the other."""
    one, other = (events.make("promote", 7, 1, after, "x", "ada") for after in (2, 3))
    assert one.tag.split(".")[1] == other.tag.split(".")[1] == "000007"
    assert one.tag != other.tag
    found = events.in_order([other.to_json(), one.to_json()], 3)
    assert [e.after for e in found if e.at] == [2, 3]


def test_a_damaged_event_is_one_line():
    """A tag that somebody wrote by hand."""
    with pytest.raises(SetupError, match="not an event of the history: oops"):
        Event.from_json("oops")


def test_an_event_fits_into_a_tag():
    """However much there is to tell; who, from where, to where and why are always there."""
    figures = {f"gain.figure{number}": 0.123456 for number in range(400)}
    many = [f"{number} (rolled back from on 2026-11-25)" for number in range(400)]
    event = events.make("rollback", 1, 2, 1, "x" * 2_000, "ada", many, figures, many)
    assert len(event.to_json()) <= events.LONGEST
    assert Event.from_json(event.to_json()) == event
    assert (event.before, event.after, len(event.why)) == (2, 1, events.LONGEST_REASON)
    assert event.overrode


def test_a_small_event_keeps_everything():
    """Nothing is left out that fits."""
    event = events.make(
        "promote", 1, 1, 2, "x", "ada", ["worse"], {"overlap": 0.9}, ["4 (deleted)"]
    )
    assert event.figures == {"overlap": 0.9}
    assert Event.from_json(event.to_json()) == event
    assert datetime.fromisoformat(event.at) <= datetime.now(UTC)
