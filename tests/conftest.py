"""What every test relies on: the installed packages, and hypothesis profiles.

The profile `ci` repeats the same examples each time; HYPOTHESIS_PROFILE=long searches for new ones.
"""

import os
import sys

from hypothesis import settings

# `python -m pytest` puts the current folder first, and the packages that lie there.
if sys.path[0] in ("", os.getcwd()):
    del sys.path[0]

settings.register_profile("ci", deadline=None, derandomize=True, database=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
