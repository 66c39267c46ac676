"""Small sums in torch, away from whatever the caller has switched on: fake tensors, autocast, no_grad, a device."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def aside(function: Callable[[], Result]) -> Result:
    """The result of a function run in a thread of its own: torch's modes and settings are the thread's.

    Example:
        >>> with torch.no_grad():
        ...     aside(torch.is_grad_enabled)
        True
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # raised again below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
