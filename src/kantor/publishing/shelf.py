"""Files at an address: a folder on a disk, or what fsspec reaches by a URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kantor.errors import InputError, SetupError, one_line
from kantor.files import save
from kantor.intake.store import described, on_disk, without_secret
from kantor.locks import Busy, held

_LOCK = ".lock"
_PATIENCE = 60.0  # seconds for the one who writes at the moment


class Shelf:
    """The files right at an address; names are those of `kantor.publishing.Publication`.

    Parameters
    ----------
    address
        A path, relative to `root` where it is not absolute, or a URL such as ``s3://bucket/tunes``.

    Raises
    ------
    InputError
        If the address is of an unknown kind or needs a package that is not installed.
    """

    def __init__(self, address: str, root: Path) -> None:
        self.shown = without_secret(address)
        path = on_disk(address)
        self.folder = None if path is None else root / path.expanduser()
        if path is None:
            from fsspec.core import url_to_fs

            try:
                self._system, top = url_to_fs(address)
            except (ImportError, ValueError) as error:
                raise InputError(f"{self.shown}: {one_line(str(error))}") from None
            except Exception as error:
                raise self._refused(error) from None
            self._top = str(top).rstrip("/")

    def names(self) -> dict[str, str]:
        """The names of the files, each with what differs where its content does."""
        with self._explained():
            if self.folder is not None:
                files = [path for path in self.folder.iterdir() if path.is_file()]
                return {path.name: str(path.stat().st_mtime_ns) for path in files}
            self._system.invalidate_cache()
            listed: list[dict[str, Any]] = self._system.ls(self._top, detail=True)
            return {
                str(one["name"]).rpartition("/")[2]: described(one)
                for one in listed
                if one.get("type") == "file"
            }

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none of that name."""
        with self._explained():
            try:
                if self.folder is not None:
                    return (self.folder / name).read_bytes()
                return bytes(self._system.cat_file(f"{self._top}/{name}"))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file: on a disk whole or not at all, elsewhere as the store does it."""
        with self._explained():
            if self.folder is not None:
                save(self.folder / name, lambda file: file.write(content))
            else:
                self._system.pipe_file(f"{self._top}/{name}", content)

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        with self._explained():
            try:
                if self.folder is not None:
                    (self.folder / name).unlink()
                else:
                    self._system.rm_file(f"{self._top}/{name}")
            except FileNotFoundError:
                pass

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the place if need be; on a disk, let nobody else write meanwhile."""
        if self.folder is None:
            with self._explained():
                self._system.makedirs(self._top, exist_ok=True)
            yield
            return
        with self._explained():
            self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with held(self.folder / _LOCK, lambda _: None, _PATIENCE):
                yield
        except Busy:
            raise SetupError(f"{self.shown}: somebody else publishes there; try again") from None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Make one line of the errors that each store's library has of its own."""
        try:
            yield
        except (InputError, SetupError):
            raise
        except Exception as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> SetupError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return SetupError(f"gallery {self.shown}: cannot be used ({one_line(reason)})")
