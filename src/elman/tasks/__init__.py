"""Floor 5: ready models."""

from elman.tasks.task import load as load
from elman.tasks.task import train as train
