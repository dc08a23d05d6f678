"""What is deleted is counted, and nothing else is deleted."""

from kantor.freeing import Freed, free


def test_a_folder_goes_with_all_in_it(tmp_path):
    """Counted file by file; a dry run counts the same."""
    folder = tmp_path / "folder"
    (folder / "a/b").mkdir(parents=True)
    for path, size in (("one", 10), ("a/two", 20), ("a/b/.three", 30)):
        (folder / path).write_bytes(bytes(size))
    assert free(folder, dry_run=True) == Freed(0, 3, 60)
    assert (folder / "a/b/.three").exists()
    assert free(folder) == Freed(0, 3, 60)
    assert not folder.exists()


def test_a_file_goes(tmp_path):
    """A second time there is nothing to count."""
    (tmp_path / "one").write_bytes(bytes(10))
    assert free(tmp_path / "one", dry_run=True) == free(tmp_path / "one") == Freed(0, 1, 10)
    assert free(tmp_path / "one") == Freed()


def test_where_a_link_leads_nothing_is_deleted(tmp_path):
    """Neither by a link itself nor by one in a folder."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    free(tmp_path / "folder")
    free(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/file").exists()
