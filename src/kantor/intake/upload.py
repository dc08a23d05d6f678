"""What comes out of the intake: a file's bytes, or the reason why it was refused."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class Refused:
    """A file that cannot be used.

    Attributes
    ----------
    name : str
        For people: one printable line.
    reason : str
        One line: the fault and the remedy.
    sha256 : str
        Of the bytes read: all of them, or the beginning where there are too many.
    data : bytes or None
        The file; None where it is too large to keep or could not be read, and `reason` says so.
    """

    name: str
    reason: str
    sha256: str
    data: bytes | None


@dataclass(frozen=True)
class Upload:
    """A file of bearable size that may be anything.

    Attributes
    ----------
    name : str
        For people: one printable line such as ``tunes.zip/a/b.mid``, unlike that of any other
        upload of the same pass. Never a path to write to.
    sha256 : str
        Of `data`, in hexadecimal.
    data : bytes
    """

    name: str
    sha256: str
    data: bytes

    @classmethod
    def of(cls, name: str, data: bytes) -> Upload:
        """An upload with its hash."""
        return cls(name, sha256(data).hexdigest(), data)

    def refused(self, reason: str) -> Refused:
        """This upload as one that cannot be used."""
        return Refused(self.name, reason, self.sha256, self.data)


def refusal(name: str, reason: str, data: bytes | None, begun: bytes = b"") -> Refused:
    """Refuse a file; `begun` is what was read of one that is not kept."""
    kept = begun if data is None else data
    return Refused(name, reason, sha256(kept).hexdigest(), data)
