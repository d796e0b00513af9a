"""Programs that run beside a serving process: what takes much memory, or reads what strangers have made, ends with
them."""

import os

# All that they are told of this process's environment: none of its secrets.
_TOLD = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


def environment_beside() -> dict[str, str]:
    """The environment of such a program."""
    return {name: os.environ[name] for name in _TOLD if name in os.environ}
