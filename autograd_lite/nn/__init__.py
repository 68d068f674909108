"""The package `nn` by the name of the project; when it is imported, `nn` takes its place."""

from autograd_lite._packages import alias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nn import *

alias(__name__)
