"""Makes the modules here, and the engine's `torch_rules`, importable; pytest's import mode does
not.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "engine")]
