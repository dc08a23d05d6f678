"""Stage `register`: the generator, with what made it, as a version in the model registry."""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import experiments, files
from kantor.errors import ModelError, SetupError
from kantor.registry import RECEIPT, receipt_of, register
from kantor.settings import Register, load


def main() -> int:
    """Register what is in ``build/model/`` and say which version it is."""
    try:
        with files.full_disk_explained():
            params = load(Register, "register")
            if experiments.name():
                receipt_of(Path.cwd(), params).write(RECEIPT)
                print("register: no version of an experiment; `make register` makes one")
                return 0
            receipt = register(Path.cwd(), params)
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
