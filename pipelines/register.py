"""Stage `register`: the generator, with what made it, as a version in the model registry."""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import files
from kantor.errors import ModelError, SetupError
from kantor.registry import RECEIPT, register
from kantor.settings import Register, load


def main() -> int:
    """Register what is in ``build/model/`` and say which version it is."""
    try:
        with files.full_disk_explained():
            receipt = register(Path.cwd(), load(Register, "register"))
            receipt.write(RECEIPT)
    except (ModelError, SetupError, OSError) as error:
        print(f"register: {error}", file=sys.stderr)
        return 1
    what = "is new" if receipt.created else "was made of the same inputs before"
    names = ", ".join(receipt.aliases)
    print(f"register: {receipt.model} version {receipt.version} ({names}) {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
