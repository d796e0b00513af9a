"""People join a company by invitation; nobody joins by somebody else's, or gets more than the inviter has."""

import asyncio
import re

import pytest

from app.company_users.invitations import delete_old_invitations
from app.company_users.invitations_pasting import AT_MOST, pasted_people
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.company_users.managing import own_role
from tests.people import PASSWORD, Known

pytestmark = pytest.mark.usefixtures("database")

NEW = {"first_name": "Nora", "last_name": "Newman", "password": "a quiet harbour at dawn"}


async def invited(email: str = "nora@alfki.example", **fields: object) -> tuple[Known, Person, str]:
    """Maria has invited somebody: she, her browser, and the link of the mail."""
    maria = await people.company()
    person = await maria.signed_in()
    await send(person, email, **fields)
    return maria, person, (await mails("invitation", email))[-1].link


async def send(person: Person, email: str, **fields: object) -> SeenPage:
    page = await person.get("/account/users/invite")
    return await person.fill(page, {"email": email, "roles": "buyer", **fields}, form="email")


async def roles_of(email: str) -> list[list[str]]:
    rows = await DB.fetch(
        'SELECT m.roles FROM memberships m JOIN users u ON u.id = m."user" WHERE u.email = $1'
        " ORDER BY m.created_at",
        email,
    )
    return [row["roles"] for row in rows]


async def test_an_administrator_invites_and_somebody_new_joins_with_a_password_of_their_own() -> None:
    _maria, person, link = await invited(first_name="Nora", order_limit="250")
    assert "nora@alfki.example is invited by mail." in person.last.text
    nora = await visit("business")
    page = await nora.get(link)
    assert page.h1 == "Join Alfreds Futterkiste"
    assert page.typed("first_name") == "Nora"
    page = await nora.fill(page, NEW, form="password")
    assert "Welcome to Alfreds Futterkiste. Please sign in." in page.text
    page = await nora.sign_in("nora@alfki.example", NEW["password"])
    assert page.status == 200
    assert "Alfreds Futterkiste" in page.text
    assert await roles_of("nora@alfki.example") == [["buyer"]]
    assert await DB.fetch_value("SELECT order_limit FROM memberships WHERE order_limit IS NOT NULL") == 25000
    assert await DB.fetch_value("SELECT count(*) FROM consents WHERE kind = 'terms'") == 1
    assert "Accepted" in (await person.get("/account/users/invitations")).main


async def test_opening_the_link_changes_nothing() -> None:
    _maria, _person, link = await invited()
    nora = await visit("business")
    for _again in range(3):
        assert (await nora.get(link)).status == 200
    assert await roles_of("nora@alfki.example") == []


async def test_an_invitation_works_once_also_for_two_at_once() -> None:
    _maria, _person, link = await invited()
    visitors = [await visit("business"), await visit("business")]
    opened = [await one.get(link) for one in visitors]
    answers = await asyncio.gather(
        *(one.fill(page, NEW, form="password") for one, page in zip(visitors, opened, strict=True))
    )
    assert len(await roles_of("nora@alfki.example")) == 1
    assert sorted(one.status for one in answers)[0] == 200
    page = await (await visit("business")).get(link)
    assert page.status == 410
    assert "accepted already" in page.main


async def test_a_revoked_and_an_expired_invitation_are_refused_in_plain_words() -> None:
    _maria, person, link = await invited()
    page = await person.get("/account/users/invitations")
    revoke = next(one.get("action") for one in page.tree.iterfind(".//form") if "revoke" in one.get("action"))
    assert "is taken back" in (await person.post(revoke)).text
    nora = await visit("business")
    page = await nora.get(link)
    assert (page.status, page.h1) == (410, "This invitation no longer works")
    assert "taken back" in page.main
    await DB.execute("UPDATE invitations SET revoked_at = NULL, expires_at = now()")
    page = await nora.get(link)
    assert page.status == 410
    assert "has expired" in page.main


async def test_an_expired_invitation_works_again_once_it_is_sent_again() -> None:
    _maria, person, link = await invited()
    resend = re.search(
        r"/business/account/users/invitations/[^/]+/resend",
        (await person.get("/account/users/invitations")).html,
    )
    assert resend is not None
    assert "sent a moment ago" in (await person.post(resend[0])).text
    await DB.execute("UPDATE invitations SET expires_at = now(), sent_at = now() - interval '8 days'")
    assert "is invited by mail" in (await person.post(resend[0])).text
    assert len(await mails("invitation")) == 2
    assert (await (await visit("business")).get(link)).status == 200


async def test_the_list_says_which_invitations_do_not_work_any_more_and_sending_again_mends_them() -> None:
    maria, person, link = await invited(roles="approver")
    ann = await people.colleague(maria, "ann@alfki.example", ("account_administrator",))
    hint = "the link works when you send it again"
    assert hint not in (await person.get("/account/users/invitations")).main
    office = await own_role(maria, "Office", "manage_users", "purchase")
    await DB.execute("UPDATE memberships SET roles = $1 WHERE id = $2", [office], maria.membership_id)
    await DB.execute("UPDATE invitations SET sent_at = now() - interval '1 hour'")
    other = await ann.signed_in()
    page = await other.get("/account/users/invitations")
    assert hint in page.main
    assert (await (await visit("business")).get(link)).status == 410
    resend = next(one.get("action") for one in page.tree.iterfind(".//form") if "resend" in one.get("action"))
    await other.post(resend)
    assert hint not in (await other.get("/account/users/invitations")).main
    assert (await (await visit("business")).get(link)).status == 200


async def test_an_invitation_from_somebody_who_was_demoted_since_is_refused() -> None:
    maria, _person, link = await invited(roles="account_administrator")
    nora = await visit("business")
    page = await nora.get(link)
    await DB.execute("UPDATE memberships SET roles = '{buyer}' WHERE id = $1", maria.membership_id)
    answer = await nora.fill(page, NEW, form="password")
    assert answer.status == 410
    assert "may not invite people in this way any more" in answer.main
    assert await roles_of("nora@alfki.example") == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE memberships SET is_active = false",
        "UPDATE users SET is_active = false",
        "DELETE FROM memberships",
        "UPDATE customers SET is_active = false",
        "UPDATE customers SET approval_status = 'rejected'",
    ],
)
async def test_an_invitation_is_refused_once_inviter_or_company_may_not_act(change: str) -> None:
    _maria, _person, link = await invited()
    nora = await visit("business")
    page = await nora.get(link)
    await DB.execute(change)
    assert (await nora.fill(page, NEW, form="password")).status == 410
    assert await roles_of("nora@alfki.example") == []


async def test_nobody_invites_with_more_than_they_have() -> None:
    maria = await people.company()
    await DB.execute(
        "INSERT INTO company_roles (id, customer, name, permissions, created_at)"
        " VALUES ('00000000-0000-7000-8000-000000000001', $1, 'People', '{manage_users}', now())",
        maria.customer_id,
    )
    helper = await people.colleague(
        maria, "hanna@alfki.example", ("00000000-0000-7000-8000-000000000001", "buyer")
    )
    person = await helper.signed_in()
    page = await person.get("/account/users/invite")
    assert "Account administrator" not in page.main
    for role in ("account_administrator", "approver", "no-such-role"):
        answer = await person.post("/account/users/invite", {"email": "nora@alfki.example", "roles": role})
        assert answer.status == 422
        assert "nobody grants more than they have" in answer.errors["roles"]
    assert await mails("invitation") == []
    assert (await send(person, "nora@alfki.example")).status == 200


async def test_a_known_person_signs_in_first_and_joins_by_a_button_with_the_same_login() -> None:
    quick = await people.company("horst@quick.example", company_name="QUICK-Stop")
    _maria, _person, link = await invited("horst@quick.example")
    horst = await visit("business")
    page = await horst.get(link)
    assert "Please sign in first" in page.main
    assert page.tree.find(".//main//input[@name='password']") is None
    refused = await horst.post("/invitations", {"token": link.split("token=")[1], **NEW})
    assert refused.status == 403
    assert len(await roles_of("horst@quick.example")) == 1
    sign_in = next(one for one in page.links if "/sign-in?" in one)
    page = await horst.fill(await horst.get(sign_in), {"login": quick.login, "password": PASSWORD})
    assert page.h1 == "Join Alfreds Futterkiste"
    page = await horst.fill(page, {}, form="token")
    assert "You now act for Alfreds Futterkiste." in page.text
    assert await roles_of("horst@quick.example") == [["account_administrator"], ["buyer"]]


async def test_the_second_factor_is_not_skipped_by_an_invitation() -> None:
    quick = await people.company("horst@quick.example", company_name="QUICK-Stop")
    _maria, _person, link = await invited("horst@quick.example")
    await DB.execute(
        'INSERT INTO second_factors (id, "user", secret_encrypted, confirmed_at, last_time_step, created_at)'
        " VALUES (gen_random_uuid(), $1, 'not used here', now(), 0, now())",
        quick.user_id,
    )
    horst = await visit("business")
    sign_in = next(one for one in (await horst.get(link)).links if "/sign-in?" in one)
    page = await horst.fill(await horst.get(sign_in), {"login": quick.login, "password": PASSWORD})
    assert "/sign-in/second-factor" in page.path
    answer = await horst.post("/invitations", {"token": link.split("token=")[1]})
    assert answer.status == 403
    assert len(await roles_of("horst@quick.example")) == 1


async def test_an_invitation_for_somebody_else_is_refused_and_stays_open_for_them() -> None:
    await people.company("horst@quick.example", company_name="QUICK-Stop")
    thief = await people.company("eve@other.example", company_name="Other Ltd")
    _maria, _person, link = await invited("horst@quick.example")
    eve = await thief.signed_in()
    page = await eve.get(link)
    assert (page.status, "sent to another e-mail" in page.main) == (403, True)
    assert (await eve.post("/invitations", {"token": link.split("token=")[1]})).status == 403
    assert await DB.fetch_value("SELECT accepted_at FROM invitations") is None
    assert len(await roles_of("eve@other.example")) == 1


async def test_a_token_that_nobody_made_is_refused() -> None:
    await invited()
    page = await (await visit("business")).get("/invitations?token=nonsense")
    assert page.status == 410
    assert "link is incomplete" in page.main


async def test_members_and_invited_people_are_not_invited_twice() -> None:
    _maria, person, _link = await invited()
    assert "invited already" in (await send(person, "NORA@alfki.example")).errors["email"]
    assert "acts for your company already" in (await send(person, "maria@alfki.example")).errors["email"]
    assert len(await mails("invitation")) == 1


async def test_many_people_are_pasted_with_and_without_names() -> None:
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite/several")
    typed = 'Nora Newman <nora@alfki.example>, paul@alfki.example;"Anders, Ute" <ute@alfki.example>\nmaria@alfki.example'
    page = await person.fill(page, {"people": typed})
    assert "3 people are invited by mail." in page.text
    assert "Known already, and not invited again: maria@alfki.example." in page.text
    assert {one.to for one in await mails("invitation")} == {
        "nora@alfki.example",
        "paul@alfki.example",
        "ute@alfki.example",
    }
    rows = await DB.fetch("SELECT first_name, last_name FROM invitations ORDER BY email")
    assert [tuple(row.values()) for row in rows] == [("Nora", "Newman"), ("", ""), ("Ute", "Anders")]


async def test_rows_that_were_copied_from_a_spreadsheet_are_people() -> None:
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite/several")
    typed = "Nora\tNewman\tnora@alfki.example\t\r\npaul@alfki.example\tPaul\r\n\tute@alfki.example\r\n"
    page = await person.fill(page, {"people": typed})
    assert "3 people are invited by mail." in page.text
    rows = await DB.fetch("SELECT first_name, last_name, email FROM invitations ORDER BY email")
    assert [tuple(row.values()) for row in rows] == [
        ("Nora", "Newman", "nora@alfki.example"),
        ("", "Paul", "paul@alfki.example"),
        ("", "", "ute@alfki.example"),
    ]
    page = await person.fill(
        await person.get("/account/users/invite/several"), {"people": "A\ta@x.example\tb@x.example"}
    )
    assert page.status == 422
    assert "A a@x.example b@x.example" in page.main


async def test_of_too_many_pasted_people_no_more_are_read_than_tell_so() -> None:
    """Pages wait while they are read, and a body has room for hundreds of thousands."""
    assert len(pasted_people("a\n" * 300)) == AT_MOST + 1
    assert pasted_people("," * 900_000) == []
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite/several")
    page = await person.fill(page, {"people": "somebody, " * 4_000})
    assert page.errors == {"people": "Please paste at most 100 people at a time, or upload a file."}


async def test_a_broken_entry_is_named_and_nobody_is_invited() -> None:
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite/several")
    page = await person.fill(page, {"people": "nora@alfki.example\nno address at all"})
    assert page.status == 422
    assert "no address at all" in page.main
    assert page.typed("people").strip().endswith("no address at all")
    assert await mails("invitation") == []


async def test_invitations_of_another_company_are_as_missing_ones() -> None:
    _maria, _person, _link = await invited()
    key = await DB.fetch_value("SELECT id FROM invitations")
    stranger = await (await people.company("eve@other.example", company_name="Other Ltd")).signed_in()
    assert "nora@" not in (await stranger.get("/account/users/invitations")).text
    for one in (key, "00000000-0000-7000-8000-00000000dead"):
        for action in ("resend", "revoke"):
            answer = await stranger.post(f"/account/users/invitations/{one}/{action}")
            assert answer.status == 404
    assert await DB.fetch_value("SELECT revoked_at FROM invitations") is None


async def test_the_mail_never_carries_a_link_in_a_name() -> None:
    maria = await people.company(first_name="Win at evil.example", company_name="Prize //evil.example")
    await send(await maria.signed_in(), "nora@alfki.example")
    mail = (await mails("invitation"))[0]
    assert "evil.example" not in mail.text


async def test_invitations_that_were_answered_or_expired_long_ago_are_forgotten() -> None:
    _maria, person, _link = await invited()
    await send(person, "ute@alfki.example")
    await DB.execute(
        "UPDATE invitations SET expires_at = now() - interval '181 days' WHERE email = 'ute@alfki.example'"
    )
    assert await delete_old_invitations() == 1
    assert await DB.fetch_value("SELECT email FROM invitations") == "nora@alfki.example"


async def test_where_people_choose_user_names_a_known_email_may_get_another_login(
    user_name_mode: None,
) -> None:
    _maria, _person, link = await invited("maria@alfki.example.org")
    await people.company("maria@alfki.example.org", login="maria.2", company_name="QUICK-Stop")
    nora = await visit("business")
    page = await nora.get(link)
    page = await nora.fill(page, {**NEW, "login": "maria.2"}, form="password")
    assert page.errors == {"login": "This user name is taken. Please choose another one."}
    page = await nora.fill(page, {**NEW, "login": "maria.3"}, form="password")
    assert "Welcome to Alfreds Futterkiste." in page.text
    assert (await nora.sign_in("maria.3", NEW["password"])).status == 200
