"""Uploads: music files of unknown origin, hostile until read.

A folder, a zip file or an object store is walked one file at a time. Nothing is unpacked to disk,
no name from outside becomes a path, no link is followed, and every amount is counted while it is
read, whatever headers promise. What cannot be used is refused with its reason and kept.
"""

from kantor.intake.limits import Limits, parse_upload, read_limits
from kantor.intake.opening import check, uploads
from kantor.intake.quarantine import quarantine
from kantor.intake.upload import Known, Refused, Upload

__all__ = ["Known", "Limits", "Refused", "Upload", "check", "parse_upload", "quarantine"]
__all__ += ["read_limits", "uploads"]
