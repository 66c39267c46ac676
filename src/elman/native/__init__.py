"""Floor 1: the tile machine in C++, which runs programs over tiles of rows and chunks of time; no torch in it."""

from elman.native.library import available as available
from elman.native.library import instruction_set as instruction_set
from elman.native.library import unavailable_reason as unavailable_reason
from elman.native.machine import Machine as Machine
