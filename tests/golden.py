"""Writes the files anew that tests compare with, to be read again: sources of exports, pictures.

python -m tests.golden
"""

from tests.compiler.export import test_golden as exports
from tests.visualize.picture import test_golden as pictures

if __name__ == "__main__":
    exports.write()
    pictures.write()
