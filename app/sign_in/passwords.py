"""Passwords: hashing, checking, and which ones are refused (security.md, Passwords)."""

import asyncio
import itertools
import os
import re
import threading
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.behind_the_pages import behind_the_pages
from app.errors import TooBusy
from app.forms import Invalid, Secret
from app.languages import gettext as _
from app.memory import give_back_memory

Result = TypeVar("Result")

SHORTEST = 15
SHORTEST_WITH_SECOND_FACTOR = 8
LONGEST = 1024
# An OWASP profile of argon2id: 19 MiB, two passes, one lane.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16)
# A hash of a password that nobody knows: unknown logins cost the same as known ones.
NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$QdgL6COXGxg+YSZ3tX5bMA$7yW8I735gGziwnv6J/iZ2fJsR00R0ZDB9jruO7Ax3rY"
)
# Hashes in work or waiting per process; beyond it people are asked to come back in a moment.
LONGEST_QUEUE = 200
# While many wait, a thread makes so many hashes in a row and tells of them together. Each hash overwrites what the
# processor keeps at hand of the program, so that going on with one request after each costs twice the time that going
# on with several at once does. Nobody waits much longer for it: those who wait among many come forward sooner.
IN_A_ROW = 3
SECONDS_TO_COME_BACK = 3
# Seconds without any hash after which the memory that hashes worked in is given back. Until then it is kept, since
# fetching it anew costs the next hash a tenth of its time.
QUIET_SECONDS = 1.0
# Seconds that the threads wait for each other then; a hash that comes in this moment waits as well.
TIDY_TOGETHER_WITHIN = 0.1

# What people type without lifting the hand, on English and German keyboards, and what everybody can count up.
_ROWS = (
    "12345678901",
    "qwertyuiop",
    "qwertzuiopü",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
)
_COMMON = Path(__file__).parent / "common_passwords.txt"


@dataclass(frozen=True, kw_only=True)
class NewPassword(Secret):
    """A password that somebody chooses."""

    shortest: int = SHORTEST

    def value(self, raw: str) -> str:
        """Refuses passwords that are too short, too long or common."""
        problem = password_problem(raw, (), self.shortest)
        if problem is not None:
            raise Invalid(problem)
        return raw


def shortest_password(*, has_second_factor: bool) -> int:
    """How many characters a password has at least: fewer where it does not open the account alone (security.md)."""
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST


def password_problem(password: str, about: Sequence[str], shortest: int = SHORTEST) -> str | None:
    """Why a password is refused, as a sentence for the person, or None.

    `about` is what others know of the person: names, e-mail, company, shop. No composition rules: length and
    not being guessable is what counts (NIST SP 800-63B, 3.1.1.2).
    """
    if len(password) > LONGEST:
        return _("Please use at most %(n)s characters.", n=LONGEST)
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) < shortest:
        return _("Please use at least %(n)s characters. Several words in a row are fine.", n=shortest)
    folded = normal.casefold()
    is_guessed = any(guess in common_passwords() for guess in _guesses(folded))
    if is_guessed or len(set(folded)) < 4 or _is_a_row(folded):
        return _("This password is one of the first that others would guess. Please choose another one.")
    if _is_made_of(folded, about):
        return _("Please do not use your name, e-mail, company or the shop's name as your password.")
    return None


def _guesses(folded: str) -> set[str]:
    """The password itself, without what people put around a word, and the word that it repeats."""
    letters = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    together = re.sub(r"[\W_]+", "", folded)
    repeated = re.fullmatch(r"(.+?)\1+", together)
    guesses = {folded, letters, together}
    return guesses | ({repeated[1]} if repeated else set())


def _is_a_row(folded: str) -> bool:
    """Whether a password only goes along the keyboard, the alphabet or the digits: such are tried early."""
    typed = re.sub(r"[\W_]+", "", folded)
    steps = list(itertools.pairwise(typed))
    beside = sum(any(a + b in row or b + a in row for row in _ROWS) for a, b in steps)
    # One in five may jump, where a row ends and the next one begins.
    return bool(steps) and beside * 5 >= len(steps) * 4


def _is_made_of(folded: str, about: Sequence[str]) -> bool:
    rest = folded
    words = {
        word
        for text in about
        for word in re.split(r"[\W_]+", unicodedata.normalize("NFKC", text).casefold())
        if len(word) >= 3
    }
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    # What is left beside the known words must be a password of its own worth.
    return rest != folded and len(re.sub(r"[\W\d_]+", "", rest)) < 6


@cache
def common_passwords() -> frozenset[str]:
    """The 30,000 most common passwords in lower case."""
    return frozenset(_COMMON.read_text(encoding="utf-8").casefold().splitlines())


_slots = os.cpu_count() or 1


def share_cores(processes: int) -> None:
    """Tells how many processes hash on this machine, before the first hash is made: each takes its part.

    All of them together have as many slots as there are cores (security.md, Passwords): argon2 is all work and no
    waiting, so that more would only slow down the pages, and each slot holds 19 MiB.
    """
    global _slots
    _slots = slots_of_each((os.cpu_count() or 1), processes)


def slots_of_each(cores: int, processes: int) -> int:
    """How many hashes one of so many processes makes at once: its part of the cores, rounded up."""
    return max(1, -(-cores // processes))


@cache
def _hashing_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_slots, thread_name_prefix="argon2", initializer=behind_the_pages)


_waiting = 0
# What waits for a thread, the oldest first.
_queue: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
# What gives the memory back once it is quiet.
_tidying: asyncio.TimerHandle | None = None


async def hash_password(password: str) -> str:
    """The argon2id hash of a password (16 ms of one core, in a thread). Raises app.errors.TooBusy."""
    return await _in_thread(HASHER.hash, _normal(password))


async def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether a password is that of a hash. Costs exactly one hash whatever it is given, also None.

    Raises app.errors.TooBusy.
    """
    if len(password) > LONGEST:
        # Longer than any password can be: not hashed in full, but the answer takes as long as all others.
        password, password_hash = "", None
    matches = await _in_thread(_verify, password_hash or NOBODYS_HASH, _normal(password))
    return matches and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(password_hash)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    # One password is one password on every keyboard: composed and decomposed letters are the same (NFKC).
    return unicodedata.normalize("NFKC", password)


async def _in_thread(work: Callable[..., Result], *values: str) -> Result:
    global _waiting, _tidying  # the queue is this process's own: it guards this process's cores
    if _waiting >= LONGEST_QUEUE:
        raise TooBusy(SECONDS_TO_COME_BACK)
    _waiting += 1
    if _tidying is not None:
        _tidying.cancel()
        _tidying = None
    loop = asyncio.get_running_loop()
    answer: Future[Result] = Future()
    _queue.append((answer, partial(work, *values)))
    _hashing_threads().submit(_work_off)
    try:
        return await asyncio.wrap_future(answer)
    finally:
        _waiting -= 1
        if not _waiting:
            _tidying = loop.call_later(QUIET_SECONDS, _tidy)


def _work_off() -> None:
    """Makes the oldest hash that waits, and where the queue is long some more, then tells of all at once.

    Each thread leaves as much to the others. A hash that nobody waits for any more is not made.
    """
    done: list[Callable[[], None]] = []
    for _turn in range(max(1, min(IN_A_ROW, len(_queue) // (2 * _slots)))):
        try:
            answer, work = _queue.popleft()
        except IndexError:
            # Another thread made it in its row.
            break
        if answer.set_running_or_notify_cancel():
            done.append(_outcome(answer, work))
    for tell in done:
        tell()


def _outcome(answer: Future[Any], work: Callable[[], Any]) -> Callable[[], None]:
    try:
        return partial(answer.set_result, work())
    except BaseException as error:  # whoever waits gets it, as from a thread of its own
        return partial(answer.set_exception, error)


def _tidy() -> None:
    """Lets every thread of the hashes give back what it has worked in."""
    threads = _hashing_threads()
    # Each waits for the others, so that none does it twice in place of another one.
    together = threading.Barrier(_slots)

    def give_back() -> None:
        with suppress(threading.BrokenBarrierError):
            together.wait(TIDY_TOGETHER_WITHIN)
        give_back_memory()

    for _thread in range(_slots):
        threads.submit(give_back)
