"""Workers begin with what they need in memory."""

import os
import subprocess
import sys

SCRIPT = """
import os, sys
from kantor import forking

if __name__ == "__main__":
    forking.begin("fractions")
    with forking.context("fractions").Pool(1) as pool:
        print(pool.apply(eval, ("'fractions' in __import__('sys').modules",)))
        print(pool.apply(os.getppid) != os.getpid())
    print("numpy" in sys.modules)
"""


def test_what_is_needed_was_imported_elsewhere(tmp_path):
    """In a process of its own, which is not this one; here nothing heavy is."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout.split() == ["True", "True", "False"]
