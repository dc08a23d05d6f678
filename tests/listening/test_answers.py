"""The file of answers: whole lines or none; and the share that was right."""

import math
import os

import pytest

from kantor.errors import InputError
from kantor.listening import answers
from kantor.listening.answers import Answer

ONE = Answer(
    "2026-12-01T10:00:00+01:00", "Anna, 8b", "kantor-bach version 1", 1, 0, 7, "jsb/bwv360", 3,
    "bach-kantor", "A", 1, 4,
)  # fmt: skip


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # these three: Newcombe (1998), Statistics in Medicine 17, 857
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (10, 20, 0.2993, 0.7007),  # by hand: .5 -+ 1.96 sqrt(.0125 + .0024) / 1.1921
        (20, 20, 0.8389, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_interval_of_wilson(right, total, low, high):
    """As published, to four decimals."""
    assert answers.wilson(right, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("share", "count"), [(0.6, 200), (0.65, 90), (0.7, 50), (0.8, 20)])
def test_how_many_answers_are_needed(share, count):
    """As docs/listening.md has it: four of five tests have their interval above one half."""
    found = [right for right in range(count + 1) if answers.wilson(right, count)[0] > 0.5]
    chance = sum(
        math.comb(count, right) * share**right * (1 - share) ** (count - right) for right in found
    )
    assert 0.8 < chance < 0.87


def test_what_is_appended_is_read(tmp_path):
    """In the order of the columns, under one head; the folder is made."""
    path = tmp_path / "new" / "answers.csv"
    assert answers.read(path) == []
    answers.append(path, [ONE])
    answers.append(path, [ONE._replace(listener="Bo", right=0), ONE])
    assert [one.listener for one in answers.read(path)] == ["Anna, 8b", "Bo", "Anna, 8b"]
    assert answers.read(path)[0] == ONE
    assert path.read_text().splitlines()[:2] == [
        "time,listener,model,candidates,seed,pair,piece,first_bar,order,answer,right,plays",
        '2026-12-01T10:00:00+01:00,"Anna, 8b",kantor-bach version 1,1,0,7,jsb/bwv360,3,'
        "bach-kantor,A,1,4",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name,age\n", "no file of answers; name another"),
        (",".join(Answer._fields) + "\nnow,Bo,m,1,0,x,p,1,o,A,1,2\n", "line 2: damaged"),
        (",".join(Answer._fields) + "\nnow,Bo\n", "line 2: damaged"),
        (b"\xff\xfe", "not UTF-8 text"),
    ],
)
def test_another_file_is_refused(tmp_path, text, fault):
    """One line names the file, the fault and the remedy."""
    path = tmp_path / "other.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=fault) as error:
        answers.read(path)
    assert str(path) in str(error.value)
    assert "name another" in str(error.value)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    """Half a line is taken back."""
    path = tmp_path / "answers.csv"
    answers.append(path, [ONE])
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        answers.append(path, [ONE])
    assert path.read_bytes() == before
