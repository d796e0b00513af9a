"""The second factor of staff (security.md, Sign-in)."""

import asyncio
from collections.abc import Callable

import pytest

from tables.engine import DB
from tests import people
from tests.authenticator import code_of
from tests.browser_like import Person, SeenPage, mails, visit

OLD_KEY, NEW_KEY = "old-k8Xw2vQz6Rm4Tn1Yb7Lc3Hd9Jf5-0123456789", "new-k8Xw2vQz6Rm4Tn1Yb7Lc3Hd9Jf5-0123456789"

pytestmark = pytest.mark.usefixtures("database")


async def set_up(person: Person) -> tuple[str, list[str]]:
    """Sets up a second factor as a person does; the secret and the recovery codes."""
    page = await person.get("/sign-in/second-factor/set-up")
    secret = page.tree.find(".//main//code").text_content().replace(" ", "")
    # The code of the step before, so that the next code is a new one.
    page = await person.fill(page, {"code": code_of(secret, -30)})
    assert page.h1 == "Your recovery codes"
    return secret, [one.text_content() for one in page.tree.iterfind(".//main//li/code")]


async def with_password(known: people.Known) -> tuple[Person, SeenPage]:
    person = await visit("back-office")
    return person, await person.sign_in(known.login, known.password)


async def test_in_development_staff_may_go_on_without_a_second_factor() -> None:
    admin = await people.staff_member()
    _person, page = await with_password(admin)
    assert (page.status, page.path) == (200, "/back-office/")


async def test_a_staff_member_sets_up_an_authenticator_and_signs_in_with_it() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    secret, codes = await set_up(person)
    assert len(codes) == 10
    person, page = await with_password(admin)
    assert page.path == "/back-office/sign-in/second-factor"
    page = await person.fill(page, {"code": code_of(secret)})
    assert (page.status, page.path) == (200, "/back-office/")


async def test_the_picture_is_a_qr_code_in_an_svg() -> None:
    person, _page = await with_password(await people.staff_member())
    page = await person.get("/sign-in/second-factor/set-up")
    assert page.tree.find(".//main//img").get("src").startswith("data:image/svg+xml")


async def test_staff_who_proved_some_time_ago_who_they_are_prove_it_again_before_setting_one_up() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    page = await person.get("/sign-in/second-factor/set-up")
    assert page.h1 == "Is it you?"
    page = await person.fill(page, {"password": admin.password})
    assert page.h1 == "Set up the second factor"


async def test_between_password_and_code_nothing_else_opens() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    await set_up(person)
    person, _page = await with_password(admin)
    for path in ("/", "/customers", "/sign-in/second-factor/set-up"):
        assert (await person.get(path)).path == "/back-office/sign-in/second-factor"
    assert await DB.fetch_value(
        "SELECT extract(epoch FROM expires_at - now()) < 601 FROM sessions WHERE signed_in_at IS NULL"
    )


async def test_the_session_gets_a_new_id_with_the_code() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    secret, _codes = await set_up(person)
    person, page = await with_password(admin)
    pending = person.cookie("session")
    await person.fill(page, {"code": code_of(secret)})
    assert person.cookie("session") != pending


async def test_a_code_works_once_also_in_parallel() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    secret, _codes = await set_up(person)
    waiting = [await with_password(admin) for _ in range(5)]
    code = code_of(secret)
    answers = await asyncio.gather(*(one.fill(page, {"code": code}) for one, page in waiting))
    assert sorted(one.status for one in answers) == [200, 422, 422, 422, 422]


async def test_a_recovery_code_lets_in_once_and_is_told_by_mail() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    _secret, codes = await set_up(person)
    person, page = await with_password(admin)
    assert (await person.fill(page, {"code": codes[0].lower()})).path == "/back-office/"
    person, page = await with_password(admin)
    assert (await person.fill(page, {"code": codes[0]})).status == 422
    assert (await person.fill(page, {"code": codes[1]})).path == "/back-office/"
    assert len(await mails("security_changed", admin.email)) == 3


@pytest.mark.parametrize("seconds", [-90, 90])
async def test_codes_of_other_times_are_refused(seconds: int) -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    secret, _codes = await set_up(person)
    person, page = await with_password(admin)
    page = await person.fill(page, {"code": code_of(secret, seconds)})
    assert page.status == 422
    assert "code" in page.errors


async def test_ten_wrong_codes_lock_the_second_factor() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    secret, _codes = await set_up(person)
    person, page = await with_password(admin)
    for _ in range(10):
        await person.fill(page, {"code": "000000"})
    assert (await person.fill(page, {"code": code_of(secret)})).status == 422


async def test_the_secret_is_stored_encrypted() -> None:
    person, _page = await with_password(await people.staff_member())
    secret, codes = await set_up(person)
    stored = str(await DB.fetch("SELECT * FROM second_factors")) + str(
        await DB.fetch("SELECT * FROM recovery_codes")
    )
    assert secret not in stored
    assert not [one for one in codes if one in stored]


async def test_an_authenticator_in_use_outlives_the_key_that_it_was_set_up_with(
    restarted_with: Callable[..., None],
) -> None:
    admin = await people.staff_member()
    restarted_with(PATRON_SECRET_KEYS=OLD_KEY)
    person, _page = await with_password(admin)
    secret, _codes = await set_up(person)
    restarted_with(PATRON_SECRET_KEYS=f"{NEW_KEY},{OLD_KEY}")
    person, page = await with_password(admin)
    page = await person.fill(page, {"code": code_of(secret)})
    assert page.path == "/back-office/"
    restarted_with(PATRON_SECRET_KEYS=NEW_KEY)
    person, page = await with_password(admin)
    page = await person.fill(page, {"code": code_of(secret, 30)})
    assert page.path == "/back-office/"


async def test_whose_key_is_gone_gets_in_by_a_recovery_code(restarted_with: Callable[..., None]) -> None:
    admin = await people.staff_member()
    restarted_with(PATRON_SECRET_KEYS=OLD_KEY)
    person, _page = await with_password(admin)
    secret, codes = await set_up(person)
    restarted_with(PATRON_SECRET_KEYS=NEW_KEY)
    person, page = await with_password(admin)
    page = await person.fill(page, {"code": code_of(secret)})
    assert (page.status, set(page.errors)) == (422, {"code"})
    page = await person.fill(page, {"code": codes[0]})
    assert page.path == "/back-office/"


async def test_an_authenticator_that_was_only_begun_is_begun_anew_when_its_key_is_gone(
    restarted_with: Callable[..., None],
) -> None:
    admin = await people.staff_member()
    restarted_with(PATRON_SECRET_KEYS=OLD_KEY)
    person, _page = await with_password(admin)
    await person.get("/sign-in/second-factor/set-up")
    restarted_with(PATRON_SECRET_KEYS=NEW_KEY)
    person, _page = await with_password(admin)
    await set_up(person)


async def test_an_unconfirmed_authenticator_locks_nobody_out() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    await person.get("/sign-in/second-factor/set-up")
    _person, page = await with_password(admin)
    assert page.path == "/back-office/"


async def test_in_production_staff_must_set_up_a_second_factor_first(in_production: None) -> None:
    admin = await people.staff_member()
    person = await visit("back-office", host="https://shop.example")
    page = await person.get("/sign-in")
    page = await person.post(
        "/sign-in",
        {"login": admin.login, "password": admin.password},
        headers={"Origin": "https://shop.example"},
    )
    assert page.path == "/back-office/sign-in/second-factor/set-up"
    assert "Skip for now" not in page.text
    page = await person.get("/customers")
    assert page.path == "/back-office/sign-in/second-factor/set-up"
    secret = page.tree.find(".//main//code").text_content().replace(" ", "")
    page = await person.post(
        "/sign-in/second-factor/set-up", {"code": code_of(secret)}, headers={"Origin": "https://shop.example"}
    )
    assert page.h1 == "Your recovery codes"
    assert (await person.get("/customers")).status == 200


async def test_a_reset_by_mail_does_not_skip_the_second_factor() -> None:
    admin = await people.staff_member()
    person, _page = await with_password(admin)
    secret, _codes = await set_up(person)
    person = await visit("back-office")
    await person.fill(await person.get("/forgotten-password"), {"email": admin.email})
    (mail,) = await mails("password_reminder")
    # With a second factor eight characters are enough (security.md, Passwords).
    await person.fill(await person.get(mail.link), {"password": "kvTm3qRz"})
    page = await person.sign_in(admin.login, "kvTm3qRz")
    assert page.path == "/back-office/sign-in/second-factor"
    assert (await person.fill(page, {"code": code_of(secret)})).path == "/back-office/"
