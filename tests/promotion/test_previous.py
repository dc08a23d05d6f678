"""Where a rollback leads, as a function of the history alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.promotion.history import Event
from kantor.promotion.previous import back

THERE = range(1, 9)


def move(what, before, after):
    return Event(what, "2026-11-25T08:00:00.000000Z", "ada", before, after, "x")


def history(*steps):
    """Moves from ``"promote 2"``, ``"rollback"``, ``"retire 3"``; version 1 was champion first."""
    found, now = [], 1
    for step in steps:
        what, _, version = step.partition(" ")
        if what == "retire":
            found.append(move(what, int(version), None))
            continue
        after = int(version) if version else back(found, THERE)[0]
        if after not in (None, now):
            found.append(move(what, now, after))
            now = after
    return found, now


PROMOTED = [f"promote {version}" for version in (2, 3, 4, 5)]
AGAIN = ["promote 4", "promote 5", "promote 4"]


@pytest.mark.parametrize(
    ("steps", "to", "skipped"),
    [
        ([], None, []),
        (PROMOTED, 4, []),
        ([*PROMOTED, "rollback"], 3, [5]),
        ([*PROMOTED, *["rollback"] * 4], None, [2, 3, 4, 5]),
        ([*PROMOTED, "rollback", "rollback", "promote 5"], 3, []),
        ([*PROMOTED, "rollback", "rollback", "promote 5", "rollback"], 2, [5, 4]),
        (["promote 3", *AGAIN, "rollback"], 3, [4]),
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
    found, _ = history(*steps)
    assert back(found, THERE)[0] == to
    assert [int(each.split()[0]) for each in back(found, THERE)[1]] == skipped


def test_each_that_is_passed_over_has_its_reason():
    """Rolled back from, retired, deleted."""
    found, _ = history(*PROMOTED, "rollback", "retire 3")
    assert back(found, [1, 3, 4, 5])[1] == (
        "5 (rolled back from on 2026-11-25)",
        "3 (retired on 2026-11-25)",
        "2 (deleted)",
    )


def test_a_champion_that_was_deleted_is_left():
    """There is none then; the way back is that from where it was."""
    found, now = history(*PROMOTED)
    assert back([*found, move("elsewhere", now, None)], [1, 2, 3, 4])[0] == 4


STEPS = st.lists(
    st.one_of(
        st.just("rollback"),
        st.builds(
            "{} {}".format, st.sampled_from(["promote", "elsewhere"]), st.sampled_from(THERE)
        ),
        st.builds("retire {}".format, st.sampled_from(THERE)),
    ),
    max_size=30,
)


@given(STEPS, st.sets(st.sampled_from(THERE)))
def test_rollbacks_in_a_row_lead_to_no_version_twice(steps, there):
    """After whatever history, they go back through good versions and come to an end."""
    found, now = history(*steps)
    visited = [now]
    while (to := back(found, there)[0]) is not None:
        assert to in there
        assert to not in visited
        visited.append(to)
        found.append(move("rollback", visited[-2], to))
    assert len(visited) <= len(THERE)


@given(STEPS)
def test_it_leads_to_no_version_that_is_not_good(steps):
    """Neither rolled back from nor retired since it was champion last; always one that was."""
    found, now = history(*steps)
    to = back(found, THERE)[0]
    if to is None:
        return
    assert to != now
    about = [event for event in found if to in (event.before, event.after)]
    last = [event for event in about if event.after == to or event.what in ("rollback", "retire")]
    assert not last or last[-1].after == to
    assert to == 1 or any(event.after == to for event in found)


@given(STEPS, st.sampled_from(THERE))
def test_what_was_promoted_is_what_it_leads_from(steps, version):
    """After a promotion it leads to the champion before, unless that was retired."""
    found, now = history(*steps)
    if version == now or any(event.before == now for event in found if event.what == "retire"):
        return
    assert back([*found, move("promote", now, version)], THERE)[0] == now
