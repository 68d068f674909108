"""The package `visualize` by the name of the project; when it is imported, `visualize` takes its
place.
"""

from autograd_lite._packages import alias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from visualize import *

alias(__name__)
