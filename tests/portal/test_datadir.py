"""The data folder: nobody else on the machine reads the database."""

from portal import datadir


def test_a_new_folder_and_its_database_are_private(tmp_path):
    datadir.make(tmp_path / "var", holds_database=True)
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o711
    assert (tmp_path / "var" / "portal.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_database_that_was_readable_is_made_private(tmp_path):
    (tmp_path / "portal.sqlite3").write_bytes(b"")
    (tmp_path / "portal.sqlite3").chmod(0o644)
    datadir.make(tmp_path, holds_database=True)
    assert (tmp_path / "portal.sqlite3").stat().st_mode & 0o777 == 0o600


def test_on_postgresql_there_is_no_file_to_make(tmp_path):
    datadir.make(tmp_path / "var", holds_database=False)
    assert not (tmp_path / "var" / "portal.sqlite3").exists()
