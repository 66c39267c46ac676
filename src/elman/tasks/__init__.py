"""Floor 5: ready models."""

from elman.tasks.task import TASKS as TASKS
from elman.tasks.task import find_task as find_task
from elman.tasks.task import load as load
from elman.tasks.task import part as part
from elman.tasks.task import train as train
