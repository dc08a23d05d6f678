"""Zip files that no honest program writes."""

from __future__ import annotations

import io
import zipfile


def zipped(*members, packing=zipfile.ZIP_DEFLATED):
    """A zip file; each member is (name or ZipInfo, bytes)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def mode(name, kind):
    """A member that claims to be a link, a pipe or the like."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o644) << 16
    return info
