"""Names from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.intake import names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/b.mid", "a/b.mid"),
        ("Ände ß 歌.mid", "Ände ß 歌.mid"),
        ("a\nb\t.mid", "a\\x0ab\\x09.mid"),
        ("\x1b[2Jred.mid", "\\x1b[2Jred.mid"),
        ("dim\u202e3pm.mid", "dim\\u202e3pm.mid"),
        ("\udcff\udcfe.mid", "\\xff\\xfe.mid"),
        ("back\\slash", "back\\\\slash"),
        ("-rf", "./-rf"),
        ("", "unnamed"),
        ("  ", "unnamed2"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_odd_characters_are_shown_as_escapes(name: str, shown: str) -> None:
    """Control, direction and undecodable characters cannot reach a terminal or a log."""
    assert names.shown(name) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_whatever_the_name_one_short_printable_line_comes_out(name: str) -> None:
    """Any sequence of code points, lone surrogates included."""
    shown = names.shown(name)
    assert shown.isprintable()
    assert 0 < len(shown) <= names.LONGEST + 2


def test_long_names_that_differ_at_their_end_stay_apart() -> None:
    """A cut name carries a hash of the whole."""
    first, second = names.shown("a" * 255 + "1"), names.shown("a" * 255 + "2")
    assert first != second
    assert len(first) <= names.LONGEST


def test_no_two_uploads_of_a_pass_have_one_name() -> None:
    """Equal names are numbered, also where only case or composition of letters differs."""
    given_names = names.Names()
    found = [given_names.unique(name) for name in ("a", "A", "a", "a (2)", "é", "e\u0301")]
    assert len({name.casefold() for name in found}) == 6
    assert found[:2] == ["a", "A (2)"]


@pytest.mark.parametrize(
    ("name", "faulty"),
    [
        *((name, True) for name in ("../a", "a/../../b", "..\\a", "/etc/a", "\\a", "C:\\a", "c:a")),
        *((name, False) for name in ("a..b/c.mid", "a/b", "...", "5: air.mid")),
    ],
)
def test_names_that_lead_elsewhere_have_a_fault(name: str, faulty: bool) -> None:
    """Climbing, absolute, and on a drive; dots and colons alone are none."""
    assert bool(names.fault_of(name)) == faulty


def test_what_systems_leave_behind_is_known() -> None:
    """Hidden files, resource forks, thumbnails; and what is not finished."""
    junk = ("__MACOSX/._a.mid", ".DS_Store", "a/.hidden/b.mid", "Thumbs.db", "a/desktop.ini")
    assert all(map(names.is_junk, junk))
    assert not any(map(names.is_junk, ("a.mid", "../a.mid", "a/b.mid")))
    assert names.is_unfinished("a.mid.PART")
    assert not names.is_unfinished("part.mid")
