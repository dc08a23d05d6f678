"""Names of results are ours, whatever the sources are called."""

from hypothesis import given
from hypothesis import strategies as st

from kantor.batch.listing import stem

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
