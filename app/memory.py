"""Memory of this process: it comes in large pages, and what a burst of work has left behind goes back to the machine.

The C library keeps what was freed for the next request of its size, for each thread by itself. A password hash works
in 19 MiB, so that each thread which has ever made one would hold that much for good, in every worker.
"""

import ctypes
import os
import sys
import threading
from contextlib import suppress
from functools import cache

# mallopt(3): the free memory at the end of a thread's heap beyond which `free` gives it back, in bytes.
_M_TRIM_THRESHOLD = -1
_EVERYTHING = 128 * 1024
_NOTHING = 64 * 1024 * 1024
# Freeing so much makes glibc look at the end of the heap (its threshold for that is 64 KiB).
_BYTES_TO_LOOK = 256 * 1024

_one_at_a_time = threading.Lock()

# Where glibc looks for wishes when a program starts, and the wish for large pages: madvise(2), MADV_HUGEPAGE.
_WISHES = "GLIBC_TUNABLES"
_LARGE_PAGES = "glibc.malloc.hugetlb=1"
# An option without effect of a program that has begun again. The wish does not tell: glibc takes it out of the
# environment of programs with more rights than their user.
_AGAIN = "begun-again"


def begin_again_with_large_pages() -> None:
    """Replaces this program by itself with memory in large pages, unless its environment wishes something of glibc.

    A password hash jumps about in 19 MiB. In pages of 4 KiB a processor that others use too spends a quarter of the
    time on looking up where they are. Only a program that starts can wish for it, so this one starts once more, which
    takes some hundredths of a second; the programs that it starts itself inherit nothing of it.
    """
    if sys.platform != "linux" or not sys.executable or _glibc() is None:
        return
    if _AGAIN in sys._xoptions:
        if os.environ.get(_WISHES) == _LARGE_PAGES:
            del os.environ[_WISHES]
    elif _WISHES not in os.environ:
        os.environ[_WISHES] = _LARGE_PAGES
        # Where nothing may start a program, this one goes on as it is.
        with suppress(OSError):
            os.execv(sys.executable, [sys.orig_argv[0], "-X", _AGAIN, *sys.orig_argv[1:]])
        del os.environ[_WISHES]


def give_back_memory() -> None:
    """Returns what the current thread has freed to the system, in well under a millisecond.

    `malloc_trim` would do so for the main thread only. Where the C library is not glibc nothing happens.
    """
    library = _glibc()
    if library is None:
        return
    # The threshold counts for all threads: what others free in this moment is given back too.
    with _one_at_a_time:
        library.mallopt(_M_TRIM_THRESHOLD, _EVERYTHING)
        library.free(library.malloc(_BYTES_TO_LOOK))
        library.mallopt(_M_TRIM_THRESHOLD, _NOTHING)


@cache
def _glibc() -> ctypes.CDLL | None:
    with suppress(OSError, AttributeError):
        # The program itself, which has the C library loaded; only glibc tells its version.
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  # raises AttributeError elsewhere
        library.malloc.restype = ctypes.c_void_p
        library.malloc.argtypes = [ctypes.c_size_t]
        library.free.argtypes = [ctypes.c_void_p]
        library.free.restype = None
        return library
    return None
