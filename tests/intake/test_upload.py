"""Names from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.intake.upload import LONGEST, Names, name_fault, shown


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a/b.mid", "a/b.mid"),
        ("Ände ß 歌.mid", "Ände ß 歌.mid"),
        ("a\nb\t.mid", "a\\nb\\t.mid"),
        ("\x1b[2Jred.mid", "\\x1b[2Jred.mid"),
        ("dim\u202e3pm.mid", "dim\\u202e3pm.mid"),
        ("\udcff.mid", "\\udcff.mid"),
        ("back\\slash", "back\\\\slash"),
        ("-rf", "./-rf"),
        ("", "unnamed"),
        ("  ", "unnamed2"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_odd_characters_are_shown_as_escapes(name, line):
    """Control, direction and undecodable characters cannot reach a terminal or a log."""
    assert shown(name) == line


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_whatever_the_name_one_short_printable_line_comes_out(name):
    """Any sequence of code points, lone surrogates included; long ones keep a hash of the whole."""
    assert shown(name).isprintable()
    assert 0 < len(shown(name)) <= LONGEST + 2
    assert shown("a" * 255 + name) != shown("a" * 255 + name + "b")


def test_no_two_uploads_of_a_pass_have_one_name():
    """Equal names are numbered, also where only case or composition of letters differs."""
    given_names = Names()
    unique = [given_names.unique(name) for name in ("a", "A", "a", "a (2)", "é", "e\u0301")]
    assert len({name.casefold() for name in unique}) == 6
    assert unique[:2] == ["a", "A (2)"]


@pytest.mark.parametrize(
    ("name", "faulty"),
    [
        *((name, True) for name in ("../a", "a/../../b", "..\\a", "/etc/a", "\\a", "C:\\a", "c:a")),
        *((name, False) for name in ("a..b/c.mid", "a/b", "...", "5: air.mid")),
    ],
)
def test_names_that_lead_elsewhere_have_a_fault(name, faulty):
    """Climbing, absolute, and on a drive; dots and colons alone are none."""
    assert bool(name_fault(name)) == faulty
