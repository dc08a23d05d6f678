"""Names of results are ours, whatever the sources are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.batch.jobs import listed, stem
from kantor.errors import InputError
from kantor.intake import Limits

KEYS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.text(min_size=1).filter(lambda name: "\0" not in name), KEYS)
def test_a_stem_is_a_safe_name(name, key):
    """No separators, no dots, not too long for any file system, and the key tells it apart."""
    made = stem(name, key)
    assert not set(made) & set("/\\.:\0\n")
    assert len(made.encode()) <= 200
    assert made.endswith(f"-{key[:12]}")


def test_a_person_knows_the_melody_again():
    """The name of the file, without the folders it was in."""
    assert stem("tunes.zip/a/Wachet auf.mid", "ab" * 32) == "Wachet_auf-abababababab"


def test_a_place_that_is_not_there_is_named_before_any_file(tmp_path):
    """A batch with a mistyped place does not begin, wherever the place stands among the others."""
    (tmp_path / "a.mid").write_bytes(b"no melody")
    places = [str(tmp_path), str(tmp_path / "tuns")]
    with pytest.raises(InputError, match=r"tuns: no such file or directory; name a folder"):
        next(listed(places, Limits(settle=0)))
