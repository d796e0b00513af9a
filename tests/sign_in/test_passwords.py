"""Passwords: parameters, form, what is refused (security.md, Passwords)."""

import asyncio
import os
import platform
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given
from hypothesis import strategies as st

from app.sign_in import passwords
from app.sign_in.passwords import (
    HASHER,
    NOBODYS_HASH,
    common_passwords,
    hash_password,
    password_matches,
    password_problem,
    slots_of_each,
)


async def test_hashes_are_argon2id_with_the_agreed_parameters() -> None:
    for one in (await hash_password("some password of mine"), NOBODYS_HASH):
        found = extract_parameters(one)
        assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 19456, 2, 1)
        assert (found.salt_len, found.hash_len) == (16, 32)


async def test_nobody_s_hash_fits_no_password_that_is_tried() -> None:
    assert not await password_matches(None, "")
    assert not await password_matches(None, "password")


async def test_a_password_is_compared_after_nfkc() -> None:
    stored = await hash_password(unicodedata.normalize("NFD", "Grüße aus Köln am Rhein"))
    assert await password_matches(stored, unicodedata.normalize("NFC", "Grüße aus Köln am Rhein"))


@pytest.mark.parametrize(
    ("cores", "processes", "slots"), [(2, 1, 2), (2, 2, 1), (2, 4, 1), (8, 2, 4), (8, 3, 3)]
)
def test_all_processes_together_hash_on_as_many_cores_as_there_are(
    cores: int, processes: int, slots: int
) -> None:
    assert slots_of_each(cores, processes) == slots


async def test_what_hashes_have_worked_in_goes_back_to_the_machine() -> None:
    await asyncio.gather(*(hash_password("some password of mine") for _ in range(8)))
    held = _resident_megabytes()
    # One hash works in 19 MiB. Only the C library of Linux keeps them, and gives them back after a quiet moment.
    expected = 15 if platform.libc_ver()[0] == "glibc" else -1
    async with asyncio.timeout(60):
        while held - _resident_megabytes() < expected:
            await asyncio.sleep(0.05)


def _resident_megabytes() -> float:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0


async def test_nothing_is_truncated() -> None:
    stored = await hash_password("a" * 1023 + "b")
    assert not await password_matches(stored, "a" * 1023 + "c")
    assert await password_matches(stored, "a" * 1023 + "b")


def test_at_least_twenty_thousand_common_passwords_are_known() -> None:
    assert len(common_passwords()) >= 20_000


@pytest.mark.parametrize(
    "good",
    [
        "correct horse battery staple",
        "Grüße aus Köln am Rhein",
        "🌊🌊⛵🐟🦀 fünf am Strand",
        "kjh3-9sdf_qwe8.asd",
        "we were there, as popes are",
        "314159265358979",
    ],
)
def test_long_passwords_of_any_characters_are_fine(good: str) -> None:
    assert password_problem(good, ["Maria", "Anders", "maria@example.com", "Patron"]) is None


@pytest.mark.parametrize(
    "row",
    [
        "123456789012345678",
        "9876 5432 1098 7654",
        "qwertyuiopasdfgh",
        "Qwertzuiopü123456",
        "abcdefghijklmnopqrst",
        "poiuytrewq!098765",
    ],
)
def test_a_row_of_keys_letters_or_digits_is_refused_however_long(row: str) -> None:
    problem = password_problem(row, [])
    assert problem is not None
    assert "first that others would guess" in problem


def test_the_length_is_counted_in_code_points() -> None:
    assert password_problem("🌊" * 7 + "⛵🐟🦀🐙🦞🐚", []) is not None  # 13
    assert password_problem("🌊⛵🐟🦀🐙🦞🐚🐠🦐🦑🐡🐬🐳🦭🏖", []) is None  # 15


@given(st.text(max_size=1100))
def test_every_text_is_judged_without_failing(text: str) -> None:
    password_problem(text, ["Maria", "maria@example.com"])


async def test_hashing_leaves_the_event_loop_free() -> None:
    """Whatever hashes are in work, other things go on: the loop turns many times meanwhile."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.gather(*(hash_password("some password of mine") for _ in range(8)))
    counting.cancel()
    assert turns > 100


class CountingHasher:
    """The hasher of Patron, which notes what it hashes and has no memory for one password."""

    def __init__(self) -> None:
        self.hashed: list[str] = []

    def hash(self, password: str) -> str:
        self.hashed.append(password)
        if password == TOO_MUCH:
            raise MemoryError
        return HASHER.hash(password)


TOO_MUCH = "the one without memory"


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    counting = CountingHasher()
    monkeypatch.setattr(passwords, "HASHER", counting)
    return counting


async def test_of_many_who_wait_each_gets_the_answer_to_their_own_password() -> None:
    stored = [await hash_password(f"the password of number {number}") for number in range(4)]
    asked = [(number % 4, number % 3 == 0) for number in range(40)]
    answers = await asyncio.gather(
        *(
            password_matches(stored[whose], f"the password of number {whose if is_right else 'none'}")
            for whose, is_right in asked
        )
    )
    assert answers == [is_right for _, is_right in asked]


async def test_a_hash_that_fails_in_a_row_fails_for_nobody_else(hasher: CountingHasher) -> None:
    wanted = [f"password {number}" for number in range(20)]
    wanted[9] = TOO_MUCH
    answers = await asyncio.gather(*(hash_password(one) for one in wanted), return_exceptions=True)
    assert [number for number, one in enumerate(answers) if isinstance(one, BaseException)] == [9]
    assert isinstance(answers[9], MemoryError)
    assert all(HASHER.verify(str(one), wanted[at]) for at, one in enumerate(answers) if at != 9)


async def test_a_hash_that_nobody_waits_for_any_more_is_not_made(hasher: CountingHasher) -> None:
    wanted = [asyncio.ensure_future(hash_password(f"password {number}")) for number in range(40)]
    await asyncio.sleep(0)
    for one in wanted[20:]:
        one.cancel()
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert all(isinstance(one, str) for one in answers[:20])
    # Those that a thread had begun before the end of the waiting are finished.
    assert len(hasher.hashed) <= 20 + slots_of_each(os.cpu_count() or 1, 1) * passwords.IN_A_ROW
    # Nothing is left that a later hash would wait for.
    assert HASHER.verify(await hash_password("the next one"), "the next one")


async def test_hashes_that_wait_among_many_are_told_of_together(
    hasher: CountingHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going on with several sign-ins at once costs much less than with one after each hash."""
    one_thread = ThreadPoolExecutor(1)
    monkeypatch.setattr(passwords, "_hashing_threads", lambda: one_thread)
    monkeypatch.setattr(passwords, "_slots", 1)
    told: list[int] = []

    async def ask(number: int) -> None:
        await hash_password(f"password {number}")
        told.append(len(hasher.hashed))

    await asyncio.gather(*(ask(number) for number in range(60)))
    one_thread.shutdown()
    # How many were hashed when somebody was told: with one at a time another number nearly each time.
    assert len(set(told)) <= 45
