"""``python -m kantor.studio``: the front page of `make serve`."""

import sys

from kantor.studio.serving import main

sys.exit(main())
