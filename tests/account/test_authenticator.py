"""An authenticator for customers: set up, recovery codes, remove (security.md, Sign-in)."""

import pytest

from tables.engine import DB
from tests import people
from tests.authenticator import code_of
from tests.browser_like import Person, SeenPage, mails, visit

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"
PAGES = (
    "/account/security/authenticator",
    "/account/security/authenticator/remove",
    "/account/security/recovery-codes",
)


def codes_on(page: SeenPage) -> list[str]:
    return [one.text_content() for one in page.tree.iterfind(".//main//li/code")]


async def set_up(person: Person) -> tuple[str, list[str]]:
    """Sets up an authenticator as a person does; the secret and the recovery codes."""
    page = await person.get("/account/security/authenticator")
    secret = page.tree.find(".//main//code").text_content().replace(" ", "")
    # The code of the step before, so that the next code is a new one.
    page = await person.fill(page, {"code": code_of(secret, -30)})
    assert page.h1 == "Your recovery codes", page.main
    return secret, codes_on(page)


async def test_a_customer_sets_up_an_authenticator_and_signs_in_with_it() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    secret, codes = await set_up(person)
    assert len(codes) == 10
    assert "In use" in (await person.get("/account/security")).main
    other = await visit("shop")
    page = await other.sign_in(ines.login, ines.password)
    assert page.path == "/sign-in/second-factor"
    assert (await other.fill(page, {"code": code_of(secret)})).path == "/account"
    (mail,) = await mails("security_changed", ines.email)
    assert "A second factor was set up" in mail.text


async def test_the_picture_is_a_qr_code_in_an_svg() -> None:
    person = await (await people.shopper()).signed_in()
    page = await person.get("/account/security/authenticator")
    assert page.tree.find(".//main//img").get("src").startswith("data:image/svg+xml")


async def test_a_wrong_first_code_takes_nothing_into_use() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await person.get("/account/security/authenticator")
    page = await person.fill(page, {"code": "000000"})
    assert page.status == 422
    assert "code" in page.errors
    assert (await (await visit("shop")).sign_in(ines.login, ines.password)).path == "/account"


async def test_the_key_of_an_authenticator_in_use_is_never_shown_again() -> None:
    person = await (await people.shopper()).signed_in()
    secret, _codes = await set_up(person)
    page = await person.get("/account/security/authenticator")
    assert page.path == "/account/security"
    assert secret not in page.html.replace(" ", "")


async def test_a_key_that_was_shown_long_ago_is_not_offered_again() -> None:
    person = await (await people.shopper()).signed_in()
    first = (await person.get("/account/security/authenticator")).tree.find(".//main//code").text_content()
    again = (await person.get("/account/security/authenticator")).tree.find(".//main//code").text_content()
    assert again == first
    await DB.execute("UPDATE second_factors SET created_at = now() - interval '61 minutes'")
    later = (await person.get("/account/security/authenticator")).tree.find(".//main//code").text_content()
    assert later != first


@pytest.mark.parametrize("path", PAGES)
async def test_each_change_asks_who_one_is_before_it_asks_anything_else(path: str) -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    if not path.endswith("/authenticator"):
        await set_up(person)
    await DB.execute(LONG_AGO)
    page = await person.get(path)
    assert page.path.startswith("/sign-in/again?")
    page = await person.fill(page, {"password": ines.password})
    assert page.path == path


async def test_a_form_that_waited_too_long_comes_back_after_the_password() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await set_up(person)
    page = await person.get("/account/security/authenticator/remove")
    await DB.execute(LONG_AGO)
    page = await person.post(
        "/account/security/authenticator/remove",
        token=page.csrf_token,
        headers={"Referer": "http://localhost:8000/account/security/authenticator/remove"},
    )
    assert page.h1 == "Is it you?"
    assert await DB.fetch_value("SELECT count(*) FROM second_factors") == 1
    page = await person.fill(page, {"password": ines.password})
    assert page.h1 == "Remove authenticator"


async def test_recovery_codes_can_be_kept_as_a_text_file() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    _secret, _codes = await set_up(person)
    # Whoever takes some time over reading them is not asked again.
    await DB.execute(LONG_AGO)
    page = await person.fill(person.last, {}, form="code")
    assert page.response.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.response.headers["content-disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert page.response.headers["cache-control"] == "no-store"


async def test_the_file_holds_own_codes_and_nothing_else() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    _secret, foreign = await set_up(await omar.signed_in())
    person = await ines.signed_in()
    _secret, own = await set_up(person)
    page = await person.post(
        "/account/security/recovery-codes/file", {"code": [own[0], foreign[0], "evil content"]}
    )
    assert own[0] in page.html
    assert foreign[0] not in page.html
    assert "evil" not in page.html
    page = await person.post("/account/security/recovery-codes/file", {"code": ["evil content"]})
    assert page.path == "/account/security"


async def test_new_recovery_codes_end_the_old_ones_and_are_told_by_mail() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    _secret, old = await set_up(person)
    page = await person.get("/account/security/recovery-codes")
    assert "10 recovery codes are left" in page.main
    page = await person.post("/account/security/recovery-codes")
    new = codes_on(page)
    assert len(new) == 10
    assert not set(new) & set(old)
    other = await visit("shop")
    page = await other.sign_in(ines.login, ines.password)
    assert (await other.fill(page, {"code": old[0]})).status == 422
    assert (await other.fill(page, {"code": new[0]})).path == "/account"
    texts = [one.text for one in await mails("security_changed", ines.email)]
    assert "New recovery codes were made" in texts[1]
    assert "with a recovery code" in texts[2]


async def test_few_codes_left_are_a_warning() -> None:
    person = await (await people.shopper()).signed_in()
    await set_up(person)
    await DB.execute(
        "UPDATE recovery_codes SET used_at = now() WHERE id <> (SELECT id FROM recovery_codes LIMIT 1)"
    )
    assert "Only 1 recovery code is left" in (await person.get("/account/security")).main


async def test_removing_ends_nothing_else_and_is_told_by_mail() -> None:
    ines = await people.shopper()
    person, other = await ines.signed_in(), await ines.signed_in()
    _secret, _codes = await set_up(person)
    page = await person.get("/account/security/authenticator/remove")
    page = await person.post("/account/security/authenticator/remove")
    assert "The authenticator is removed." in page.text
    for one in (person, other):
        assert (await one.get("/account")).path == "/account"
    assert await DB.fetch_value("SELECT count(*) FROM recovery_codes") == 0
    assert (await (await visit("shop")).sign_in(ines.login, ines.password)).path == "/account"
    assert "was removed" in (await mails("security_changed", ines.email))[-1].text
    # Twice is as good as once, and told once.
    await person.post("/account/security/authenticator/remove")
    assert len(await mails("security_changed", ines.email)) == 2


async def test_a_removed_authenticator_does_not_come_back_with_its_old_key() -> None:
    person = await (await people.shopper()).signed_in()
    old, _codes = await set_up(person)
    await person.post("/account/security/authenticator/remove")
    new, _codes = await set_up(person)
    assert new != old


async def test_a_reset_by_mail_skips_no_customers_second_factor() -> None:
    ines = await people.shopper()
    secret, _codes = await set_up(await ines.signed_in())
    person = await visit("shop")
    await person.fill(await person.get("/forgotten-password"), {"email": ines.email})
    (mail,) = await mails("password_reminder")
    # With a second factor eight characters are enough (security.md, Passwords).
    await person.fill(await person.get(mail.link), {"password": "kvTm3qRz"})
    page = await person.sign_in(ines.login, "kvTm3qRz")
    assert page.path == "/sign-in/second-factor"
    assert (await person.get("/account")).path == "/sign-in/second-factor"
    assert (
        await person.fill(await person.get("/sign-in/second-factor"), {"code": code_of(secret)})
    ).path == "/account"


async def test_without_a_second_factor_eight_characters_are_too_few() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    await person.fill(await person.get("/forgotten-password"), {"email": ines.email})
    (mail,) = await mails("password_reminder")
    assert (await person.fill(await person.get(mail.link), {"password": "kvTm3qRz"})).status == 422


async def test_an_unconfirmed_authenticator_does_not_shorten_the_password() -> None:
    ines = await people.shopper()
    await (await ines.signed_in()).get("/account/security/authenticator")
    person = await visit("shop")
    await person.fill(await person.get("/forgotten-password"), {"email": ines.email})
    (mail,) = await mails("password_reminder")
    assert (await person.fill(await person.get(mail.link), {"password": "kvTm3qRz"})).status == 422


async def test_a_wrong_code_of_the_second_factor_stands_in_the_history() -> None:
    ines = await people.shopper()
    secret, _codes = await set_up(await ines.signed_in())
    person = await visit("shop")
    page = await person.sign_in(ines.login, ines.password)
    page = await person.fill(page, {"code": "000000"})
    await person.fill(page, {"code": code_of(secret)})
    page = await person.get("/account/security")
    words = " ".join(" ".join(page.tree.find(".//main").itertext()).split())
    assert "Wrong code Second factor" in words
    assert "Signed in Second factor" in words
    assert "Second factor asked for Password" in words


async def test_staff_manage_their_authenticator_in_the_back_office() -> None:
    admin = await people.staff_member()
    person = await admin.signed_in()
    page = await person.get("/security/authenticator")
    secret = page.tree.find(".//main//code").text_content().replace(" ", "")
    page = await person.fill(page, {"code": code_of(secret)})
    assert page.h1 == "Your recovery codes"
    page = await person.get("/security/authenticator/remove")
    assert "set up a new one" in page.main
    await person.post("/security/authenticator/remove")
    assert await DB.fetch_value("SELECT count(*) FROM second_factors") == 0
