"""A batch's folder is for a person: it has names that are known, and can be moved as it is."""

import shutil

from hypothesis import given
from hypothesis import strategies as st
from tests.batch import tunes
from tests.batch.tunes import compose

from kantor.batch import jobs
from kantor.batch.placing import Names
from kantor.formats.reading import read


def test_files_are_called_as_the_melody(tmp_path, out):
    """In the folder `music` of a folder that says when and from where; no key, no hash."""
    inbox = tunes.fill(tmp_path / "My inbox", 0)
    for folder in ("a", "b"):
        (inbox / folder).mkdir(parents=True)
        (inbox / folder / "Ode to Joy.mid").write_bytes(tunes.tune(ord(folder)))
    summary = compose(inbox, out, formats=("mid", "musicxml"))
    names = sorted(path.name for path in (summary.folder / "music").iterdir())
    kinds = ("mid", "musicxml")
    assert names == [f"Ode_to_Joy{second}.{kind}" for second in ("-2", "") for kind in kinds]
    assert tunes.TIMES.sub(b"", summary.folder.name.encode()) == b"My_inbox_0001"
    assert sorted(one.name for one in out.iterdir() if one.name[0] not in ".l") == [
        summary.folder.name
    ]
    several = compose(inbox, out, takes=2)
    assert sorted(path.name for path in (several.folder / "music").glob("*Joy-t*")) == [
        "Ode_to_Joy-take1.mid",
        "Ode_to_Joy-take2.mid",
    ]


def test_a_folder_is_whole_and_takes_no_room_twice(inbox, out, monkeypatch):
    """Links where the disk knows them, copies elsewhere; what was composed before is there too."""
    first = compose(inbox, out)
    again = compose(inbox, out)
    (one, other) = (summary.folder / "music" / "tune003.mid" for summary in (first, again))
    assert one.stat().st_nlink == 3
    assert one.samefile(other)

    def no_links(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", no_links)
    copied = compose(inbox, out).folder / "music" / "tune003.mid"
    assert copied.read_bytes() == one.read_bytes()
    assert copied.stat().st_nlink == 1
    shutil.rmtree(out / ".store")
    assert len(list(first.folder.glob("music/*.mid"))) == 11
    assert read(one).parts


def test_a_file_that_was_deleted_is_not_named(inbox, out, monkeypatch):
    """As when somebody clears the store while a batch ends."""
    monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(FileNotFoundError()))
    assert {row["files"] for row in tunes.rows(compose(inbox, out))} == {""}


@given(st.lists(st.sampled_from(["a.mid", "A.mid", "a-2.mid", "x/a.mid", "b.mid", "..mid"])))
def test_no_two_names_are_alike(sources):
    """Even where case does not count; a name that is given once stays as it is."""
    names = Names()
    given_names = [names.of(source) for source in sources]
    assert len({name.casefold() for name in given_names}) == len(sources)
    if sources and sources[0] != "..mid":
        assert given_names[0] == sources[0].rpartition("/")[2].removesuffix(".mid")


def test_places_are_told_in_words():
    """A folder, a file, an address; several by the first."""
    assert jobs.source_of('["/data/inbox"]') == "inbox"
    assert jobs.source_of('["tunes/more.zip", "b", "c"]') == "more and 2 more"
    assert jobs.source_of('["s3://bucket/in box/"]') == "in box"
    assert jobs.folder_name(12, '["s3://bucket"]', "2026-12-03T03:00:00+00:00").endswith(
        "_bucket_0012"
    )
