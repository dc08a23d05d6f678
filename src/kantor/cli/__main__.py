"""``python -m kantor.cli``."""

import sys

from kantor.cli import app

sys.exit(app())
