"""Inviting somebody who may more than order asks once more who one is (security.md, Sign-in)."""

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails
from tests.company_users.managing import membership, own_role
from tests.people import PASSWORD, Known
from tests.sign_in.software_passkey import SoftwarePasskey, add

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"
WHY = "Before you give these roles, please prove that it is you."
INVITE, SEVERAL, FILE = "/account/users/invite", "/account/users/invite/several", "/account/users/import"
NORA = {"email": "nora@alfki.example", "first_name": "Nora", "last_name": "Newman"}


async def found_open() -> tuple[Known, Person]:
    """A company's administrator, and the browser that they left some minutes ago."""
    maria = await people.company()
    person = await maria.signed_in()
    await DB.execute(LONG_AGO)
    return maria, person


async def invited() -> dict[str, list[str]]:
    return {row["email"]: row["roles"] for row in await DB.fetch("SELECT email, roles FROM invitations")}


@pytest.mark.parametrize("role", ["account_administrator", "approver"])
async def test_inviting_with_more_than_ordering_asks_for_the_password_and_keeps_what_was_typed(
    role: str,
) -> None:
    _maria, person = await found_open()
    typed = {**NORA, "roles": ["buyer", role], "order_limit": "250"}
    page = await person.fill(await person.get(INVITE), typed, form="email")
    assert page.status == 422
    assert page.errors == {"current_password": WHY}
    assert await invited() == {}
    assert {name: page.typed(name) for name in NORA} == NORA
    assert page.typed("order_limit") == "250"
    assert ticked(page) == {"buyer", role}
    for wrong, sentence in (("not my password at all", "This is not your password."), ("", WHY)):
        page = await person.fill(page, {"current_password": wrong, "roles": ["buyer", role]})
        assert page.errors["current_password"].startswith(sentence)
        assert "not my password at all" not in page.html
    assert await invited() == {}
    page = await person.fill(page, {"current_password": PASSWORD, "roles": ["buyer", role]})
    assert "nora@alfki.example is invited by mail." in page.text
    assert {key: set(roles) for key, roles in (await invited()).items()} == {NORA["email"]: {"buyer", role}}
    page = await person.fill(await person.get(INVITE), {**typed, "email": "otto@alfki.example"}, form="email")
    assert "otto@alfki.example is invited by mail." in page.text, "the proof holds for five minutes"


async def test_buyers_and_viewers_are_invited_without_a_proof() -> None:
    maria, person = await found_open()
    harmless = await own_role(maria, "Apprentice", "purchase")
    for number, role in enumerate(("buyer", "viewer", harmless)):
        email = f"n{number}@alfki.example"
        page = await person.fill(await person.get(INVITE), {"email": email, "roles": role}, form="email")
        assert f"{email} is invited by mail." in page.text


async def test_roles_of_the_company_are_looked_at_by_what_they_permit() -> None:
    maria, person = await found_open()
    role = await own_role(maria, "Helper", "purchase", "manage_users")
    page = await person.fill(await person.get(INVITE), {**NORA, "roles": role}, form="email")
    assert page.errors == {"current_password": WHY}
    assert await invited() == {}


async def test_inviting_several_asks_as_well_and_keeps_what_was_pasted() -> None:
    _maria, person = await found_open()
    typed = {"people": "Nora <nora@alfki.example>\notto@alfki.example", "roles": "account_administrator"}
    page = await person.fill(await person.get(SEVERAL), typed, form="people")
    assert page.errors == {"current_password": WHY}
    assert await invited() == {}
    assert page.form(with_field="people").find(".//textarea").text_content().strip() == typed["people"]
    page = await person.fill(page, {"current_password": PASSWORD})
    assert "2 people are invited by mail." in page.text
    assert set(await invited()) == {"nora@alfki.example", "otto@alfki.example"}


async def test_who_has_no_password_proves_it_elsewhere_and_sends_the_same_form_again() -> None:
    _maria, person = await found_open()
    await DB.execute("UPDATE users SET password_hash = NULL")
    page = await person.fill(await person.get(INVITE), {**NORA, "roles": "approver"}, form="email")
    assert (page.status, page.errors) == (422, {"": WHY})
    assert "Prove it in a new tab" in page.main
    assert any(one.startswith("/business/sign-in/again?next=") for one in page.links)
    again = await person.fill(page, {})
    assert again.errors == {"": WHY}
    # As a passkey does it (tests/sign_in/test_passkeys.py).
    await DB.execute("UPDATE sessions SET authenticated_at = now()")
    assert "nora@alfki.example is invited by mail." in (await person.fill(page, {})).text


async def test_a_file_is_taken_only_from_who_has_just_proved_who_they_are() -> None:
    _maria, person = await found_open()
    page = await person.get(FILE)
    assert page.h1 == "Is it you?"
    page = await person.fill(page, {"password": PASSWORD})
    assert page.path == f"/business{FILE}"
    await DB.execute(LONG_AGO)
    content = b"email,roles\nnora@alfki.example,Account administrator\n"
    page = await person.fill(page, {}, form="file", files={"file": ("people.csv", content)}, follow=False)
    assert page.status == 303
    assert "/business/sign-in/again" in page.response.headers["location"]
    assert await DB.fetch_value("SELECT count(*) FROM user_imports") == 0
    assert await mails("invitation") == []


async def asked_to_join() -> tuple[Known, Person]:
    """The browser of an administrator, left some minutes ago, whose company a shopper has asked to join."""
    maria = await people.company()
    admin = await maria.signed_in()
    await admin.fill(await admin.get("/account/users/joining"), {}, form="is_on")
    ines = await (await people.shopper("ines@alfki.example")).signed_in()
    await ines.fill(await ines.get("/account/companies"), {"comment": "Ines"}, form="comment")
    await DB.execute(LONG_AGO)
    return maria, admin


async def members(of: Known) -> list[set[str]]:
    rows = await DB.fetch("SELECT roles FROM memberships WHERE customer = $1 ORDER BY id", of.customer_id)
    return [set(row["roles"]) for row in rows]


async def pressed(person: Person, page: SeenPage, ending: str) -> SeenPage:
    """Sends the form of a page that leads to an address with this ending, as it stands."""
    form = page.form(action=ending)
    hidden = {one.get("name"): one.get("value") for one in form.iterfind(".//input[@type='hidden']")}
    came_from = {"Referer": str(page.response.url)}
    return await person.post(form.get("action"), hidden, headers=came_from)


def ticked(page: SeenPage) -> set[str | None]:
    boxes = page.tree.iterfind(".//input[@name='roles']")
    return {one.get("value") for one in boxes if one.get("checked") is not None}


async def test_letting_somebody_join_who_may_more_than_order_asks_too_and_keeps_what_was_ticked() -> None:
    maria, admin = await asked_to_join()
    roles = ["approver", "account_administrator"]
    page = await admin.fill(await admin.get("/account/users/joining"), {"roles": roles}, form="roles")
    assert (page.status, page.errors) == (422, {"current_password": WHY})
    assert ticked(page) == set(roles)
    assert len(await members(maria)) == 1
    page = await admin.fill(
        page, {"roles": roles, "current_password": "not my password at all"}, form="roles"
    )
    assert page.errors["current_password"].startswith("This is not your password.")
    assert len(await members(maria)) == 1
    page = await admin.fill(page, {"roles": roles, "current_password": PASSWORD}, form="roles")
    assert "acts for your company now." in page.text
    assert (await members(maria))[1:] == [set(roles)]


async def test_letting_a_buyer_join_needs_no_proof() -> None:
    maria, admin = await asked_to_join()
    await admin.fill(await admin.get("/account/users/joining"), {"roles": ["buyer"]}, form="roles")
    assert (await members(maria))[1:] == [{"buyer"}]


@pytest.mark.parametrize(("role", "asks"), [("account_administrator", True), ("buyer", False)])
async def test_letting_a_colleague_act_again_asks_as_inviting_them_would(role: str, asks: bool) -> None:
    maria, person = await found_open()
    colleague = await people.colleague(maria, "nora@alfki.example", (role,))
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", colleague.membership_id)
    page = await person.get(f"/account/users/{colleague.user_id}")
    page = await pressed(person, page, "/enable")
    assert (page.h1 == "Is it you?") is asks
    assert (await membership(colleague))["is_active"] is not asks
    assert len(await mails("choose_password", to=colleague.email)) == (0 if asks else 1)
    if asks:
        page = await person.fill(page, {"password": PASSWORD})
        assert page.path == f"/business/account/users/{colleague.user_id}"
        await pressed(person, page, "/enable")
        assert (await membership(colleague))["is_active"] is True


@pytest.mark.parametrize(("role", "asks"), [("account_administrator", True), ("buyer", False)])
async def test_sending_an_invitation_again_asks_as_inviting_would(role: str, asks: bool) -> None:
    maria = await people.company()
    person = await maria.signed_in()
    await person.fill(await person.get(INVITE), {**NORA, "roles": role}, form="email")
    await DB.execute("UPDATE invitations SET expires_at = now(), sent_at = now() - interval '8 days'")
    await DB.execute(LONG_AGO)
    page = await person.get("/account/users/invitations")
    page = await pressed(person, page, "/resend")
    assert (page.h1 == "Is it you?") is asks
    renewed = "SELECT expires_at > now() FROM invitations"
    assert await DB.fetch_value(renewed) is not asks
    assert len(await mails("invitation")) == (1 if asks else 2)
    if asks:
        page = await person.fill(page, {"password": PASSWORD})
        assert page.path == "/business/account/users/invitations"
        await pressed(person, page, "/resend")
        assert await DB.fetch_value(renewed) is True


async def test_too_many_wrong_passwords_lose_nothing_that_was_typed() -> None:
    _maria, person = await found_open()
    typed = {**NORA, "roles": "approver", "order_limit": "250"}
    page = await person.fill(await person.get(INVITE), typed, form="email")
    await DB.execute("UPDATE attempt_counters SET attempts = 20, window_started_at = now()")
    page = await person.fill(page, {"current_password": PASSWORD})
    assert page.status == 422
    assert page.errors["current_password"].startswith("There were too many tries in a short time.")
    assert {name: page.typed(name) for name in NORA} == NORA
    assert (page.typed("order_limit"), ticked(page)) == ("250", {"approver"})
    assert await invited() == {}
    await DB.execute("UPDATE attempt_counters SET attempts = 0")
    page = await person.fill(page, {"current_password": PASSWORD})
    assert "nora@alfki.example is invited by mail." in page.text


async def test_who_has_a_passkey_as_well_may_prove_it_with_that_in_a_new_tab() -> None:
    _maria, person = await found_open()
    await DB.execute("UPDATE sessions SET authenticated_at = now()")
    await add(person, SoftwarePasskey())
    await DB.execute(LONG_AGO)
    page = await person.fill(await person.get(INVITE), {**NORA, "roles": "approver"}, form="email")
    assert page.errors == {"current_password": WHY}
    assert "Prove it in a new tab" in page.main
