"""The check against breached passwords: off by default, one second, failing open (security.md, Passwords)."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from app.applications import application_by_id
from app.back_office.staff import StaffMemberRefused, add_staff_member
from app.main import build
from app.sign_in import breached_passwords
from app.sign_in.password_mails import reset_link
from tables.engine import DB
from tests import people
from tests.browser_like import mails, patron, visit
from tests.registration.filling_in import PERSON

pytestmark = pytest.mark.usefixtures("database")

# Nobody would guess it, and it has been seen all the same.
SEEN = "seven green bottles hanging"
SENTENCE = "This password is known from a data breach, so others try it early. Please choose another one."


class Outside:
    """A check that knows one password, and does as it is told."""

    id = "outside"

    def __init__(self, *, hangs: bool = False, fails: bool = False) -> None:
        self.hangs = hangs
        self.fails = fails
        self.asked: list[str] = []

    async def known_with(self, digits: str) -> list[str]:
        self.asked.append(digits)
        if self.hangs:
            await asyncio.sleep(60)
        if self.fails:
            raise ConnectionError(f"nobody at home for {digits}")
        return ["0" * 35, hashlib.sha1(SEEN.encode()).hexdigest()[5:]]


class InstalledAs:
    """What an installed package says of itself."""

    def __init__(self, check: object) -> None:
        self.name, self.value, self._check = "outside", "tests", check

    def load(self) -> object:
        return self._check


@contextmanager
def installed(check: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(breached_passwords, "entry_points", lambda group: [InstalledAs(check)])
    breached_passwords.installed_check.cache_clear()
    yield
    monkeypatch.undo()
    breached_passwords.installed_check.cache_clear()


async def register(password: str) -> str:
    """The error at the password, "" where it is accepted."""
    person = await visit("shop")
    page = await person.fill(await person.get("/register"), {**PERSON, "password": password}, form="email")
    return page.errors.get("password", "") if page.path.startswith("/register/i") else ""


async def reset(password: str) -> str:
    ines = await people.shopper()
    patron()  # links are known once the application is built
    async with DB.transaction():
        link = await reset_link(ines.user_id, application_by_id("shop"), 60)
    person = await visit("shop")
    page = await person.fill(await person.get(link), {"password": password})
    return page.errors.get("password", "") if page.path != "/sign-in" else ""


async def change(password: str) -> str:
    person = await (await people.shopper()).signed_in()
    typed = {"current_password": people.PASSWORD, "password": password}
    page = await person.fill(await person.get("/account/password"), typed)
    return page.errors.get("password", "")


async def accept_invitation(password: str) -> str:
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite")
    await person.fill(page, {"email": "nora@alfki.example", "roles": "buyer"}, form="email")
    (mail,) = await mails("invitation")
    nora = await visit("business")
    typed = {"first_name": "Nora", "last_name": "Newman", "password": password}
    page = await nora.fill(await nora.get(mail.link), typed, form="password")
    return page.errors.get("password", "") if "Please sign in." not in page.text else ""


async def add_staff(password: str) -> str:
    patron()
    try:
        await add_staff_member(
            email="anna@example.com", login="anna", first_name="Anna", last_name="Admin", password=password
        )
    except StaffMemberRefused as refused:
        return str(refused)
    return ""


CHOSEN: dict[str, Callable[[str], Awaitable[str]]] = {
    "registration": register,
    "reset": reset,
    "change": change,
    "invitation": accept_invitation,
    "staff": add_staff,
}


async def passwords_kept() -> int:
    """How many people have the password that was seen, by the hashes that were made since the cast was."""
    rows = await DB.fetch("SELECT password_hash AS kept FROM users WHERE password_hash IS NOT NULL")
    from app.sign_in.passwords import password_matches

    return sum([await password_matches(row["kept"], SEEN) for row in rows])


@pytest.mark.parametrize("where", CHOSEN)
async def test_a_password_from_a_breach_is_refused_wherever_one_is_chosen(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Outside()
    with installed(check, monkeypatch):
        assert await CHOSEN[where](SEEN) == SENTENCE
    assert check.asked == [hashlib.sha1(SEEN.encode()).hexdigest()[:5].upper()], (
        "five digits are all that it hears"
    )
    assert await passwords_kept() == 0


@pytest.mark.parametrize("where", CHOSEN)
async def test_without_a_check_nobody_is_asked(where: str) -> None:
    assert await CHOSEN[where](SEEN) == ""
    assert await passwords_kept() == 1


@pytest.mark.parametrize("check", [Outside(hangs=True), Outside(fails=True)], ids=["late", "failing"])
async def test_a_check_that_is_late_or_fails_lets_the_password_pass_and_the_log_tells_so(
    check: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert breached_passwords.ANSWER_WITHIN == 1
    monkeypatch.setattr(breached_passwords, "ANSWER_WITHIN", 0.05)
    with capture_logs() as logs, installed(check, monkeypatch):
        assert await change(SEEN) == ""
    assert await passwords_kept() == 1
    (told,) = [one for one in logs if one["event"] == "no answer about a new password"]
    assert told["reason"] in ("TimeoutError", "ConnectionError")
    assert SEEN not in str(logs)
    assert hashlib.sha1(SEEN.encode()).hexdigest()[:5].upper() not in str(told)


def test_a_wrongly_installed_check_lets_no_process_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        installed("no check", monkeypatch),
        pytest.raises(breached_passwords.BreachedPasswordCheckError, match="is no check of passwords"),
    ):
        build()


async def test_another_password_with_the_same_first_digits_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(Outside(), monkeypatch):
        assert await change("eight brown bottles hanging") == ""


async def test_what_is_refused_for_another_reason_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    check = Outside()
    with installed(check, monkeypatch):
        assert "at least 15 characters" in await change("window table")
    assert check.asked == []


async def test_breaches_know_a_password_in_the_form_in_which_it_would_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(Outside(), monkeypatch):
        assert await change(SEEN.replace("s", "\N{MATHEMATICAL BOLD SMALL S}")) == SENTENCE
