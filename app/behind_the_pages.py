"""Work that takes a core for a while and no page may wait for: threads that stand back, and the queue before one."""

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import TypeVar, TypeVarTuple

from app.errors import TooBusy

Result = TypeVar("Result")
Values = TypeVarTuple("Values")

# How far such work stands back: with 10 a thread gets a tenth of a core that others want, and all of one that
# nobody else wants.
NICENESS = 10


def behind_the_pages() -> None:
    """Lets the current thread wait whenever a page could be made: the work of others must not be felt there.

    Programs that the thread starts stand back as far. Only Linux knows a priority for each thread; elsewhere nothing
    happens.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


# Pieces of one's own in a queue with which one still gets into the last quarter of it.
FEW = 2


class OneAtATime:
    """One thread of this process for work of one kind. At most `longest_queue` pieces are in work or wait; who comes
    beyond it is asked to come back after some seconds.

    Nobody fills a queue alone: the last quarter is for those for whom no more than a few pieces are in it.
    """

    def __init__(self, name: str, *, longest_queue: int, seconds_to_come_back: int) -> None:
        self.longest_queue = longest_queue
        self._name = name
        self._seconds_to_come_back = seconds_to_come_back
        self._waiting = 0
        self._waiting_for: Counter[Hashable] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether nobody else may wait."""
        return self._waiting >= self.longest_queue

    async def do(
        self, work: Callable[[*Values], Result], *values: *Values, whose: Hashable | None = None
    ) -> Result:
        """What the work gives, once it was its turn. `whose` says for whom it is, where that is known. Raises what it
        raises, and TooBusy."""
        if self.is_full or self._is_for_others(whose):
            raise TooBusy(self._seconds_to_come_back)
        self._waiting += 1
        self._waiting_for[whose] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *values)
        finally:
            self._waiting -= 1
            self._waiting_for[whose] -= 1
            # Whoever has nothing there any more is forgotten.
            self._waiting_for += Counter()

    def _is_for_others(self, whose: Hashable | None) -> bool:
        last_quarter = self._waiting >= self.longest_queue - self.longest_queue // 4
        return whose is not None and last_quarter and self._waiting_for[whose] > FEW

    @cached_property
    def _thread(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix=self._name, initializer=behind_the_pages)
