"""Who came into a company by its pages, and lived there, leaves nothing that names them (domain.md 13)."""

import asyncio
import uuid

import pytest

from app.applications import application_by_id
from app.company_users.invitation_import import work_off_imports
from app.mail.sender import send_due_mails
from app.personal_data.deletion import forget_finished_orders, forget_user
from app.personal_data.held_data import held_data
from app.personal_data.requests import purge_finished_requests
from app.visitor import Visitor
from tables.engine import DB
from tests.browser_like import Person, mails, visit
from tests.checkout.ordering import open_shop, order
from tests.company_users.test_invitation_import import upload
from tests.other_connection import other_connection, until_somebody_waits
from tests.people import Known, colleague, company, shopper
from tests.personal_data.test_deletion import delete, tables_that_hold
from tests.requisitions.asking import ask
from tests.requisitions.asking import company as company_that_buys
from tests.requisitions.test_budgets import limit
from tests.requisitions.test_standing_in import STAND_IN, appoint

pytestmark = pytest.mark.usefixtures("database")

EMAIL = "xaverine@quendolin.example"
PASSWORD = "a quiet harbour at dawn"
HOME = {
    "first_name": "Xaverine",
    "last_name": "Quendolin",
    "street": "Heimlichweg 7",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
    "phone": "+49 30 7654321",
}
MOVED = {"street": "Verborgenstieg 8", "phone": "+49 30 7654322"}
# What names somebody of these tests, wherever it stands.
WORDS = ("quendolin", "xaverine", "heimlichweg", "verborgenstieg", "765432", EMAIL)


async def invited_singly(boss: Person) -> None:
    """Invited, invited again, taken back, and invited once more."""
    invitee = {"email": EMAIL, "first_name": "Xaverine", "last_name": "Quendolin", "roles": "buyer"}
    for again, order_limit in enumerate(("500", "")):
        page = await boss.get("/account/users/invite")
        await boss.fill(page, invitee | {"order_limit": order_limit}, form="email")
        await DB.execute("UPDATE invitations SET sent_at = now() - interval '1 hour'")
        page = await boss.get("/account/users/invitations")
        forms = [str(one.get("action")) for one in page.tree.iterfind(".//form")]
        [resend] = [one for one in forms if one.endswith("/resend")]
        await boss.post(resend)
        if not again:
            [revoke] = [one for one in forms if one.endswith("/revoke")]
            await boss.post(revoke)


async def invited_by_file(boss: Person) -> None:
    lines = f"email,first_name,last_name\nute@alfki.example,Ute,Anders\n{EMAIL},Xaverine,Quendolin\n"
    await upload(boss, lines.encode())
    await work_off_imports()


async def joined(maria: Known) -> tuple[Known, Person]:
    """Accepts the newest invitation; who they are, and their browser."""
    person = await visit("business")
    page = await person.get((await mails("invitation", EMAIL))[-1].link)
    await person.fill(
        page, {"first_name": "Xaverine", "last_name": "Quendolin", "password": PASSWORD}, form="password"
    )
    row = await DB.fetch_row(
        'SELECT u.id AS user_id, m.id AS membership_id FROM users u JOIN memberships m ON m."user" = u.id'
        " WHERE u.email = $1",
        EMAIL,
    )
    assert row is not None
    known = Known(
        EMAIL,
        EMAIL,
        PASSWORD,
        row["user_id"],
        maria.customer_id,
        row["membership_id"],
        maria.number,
        "business",
    )
    await person.sign_in(EMAIL, PASSWORD)
    return known, person


async def lived(known: Known, person: Person) -> None:
    """Changes the profile, has a home address and another, orders to it, and asks for more than the limit."""
    page = await person.get("/account/profile")
    await person.fill(page, {"last_name": "Quendolin-Meyer", "phone": "+49 30 7654329"})
    page = await person.fill(await person.get("/account/addresses/new"), HOME)
    assert "Heimlichweg 7" in page.main
    key = await DB.fetch_value("SELECT id FROM addresses WHERE membership = $1", known.membership_id)
    for kind in ("billing", "shipping"):
        await person.post(f"/account/addresses/{key}/prefer", {"kind": kind})
    shared = await DB.fetch_value("SELECT id FROM addresses WHERE membership IS NULL")
    number = await order(person, billing_choice=str(shared), shipping_choice=str(key))
    await DB.execute("UPDATE orders SET state = 'shipped', invoice_number = 'R1' WHERE number = $1", number)
    await person.fill(await person.get(f"/account/addresses/{key}"), MOVED)
    await limit(known.membership_id, 2000)
    await ask(person, approval_comment="For Xaverine")
    await person.fill(await person.get("/account/addresses/new"), {**HOME, "street": "Heimlichweg 9"})
    newest = await DB.fetch_value("SELECT id FROM addresses WHERE street = 'Heimlichweg 9'")
    await person.post(f"/account/addresses/{newest}/delete")


@pytest.mark.parametrize("invited", [invited_singly, invited_by_file])
async def test_nothing_is_left_that_names_somebody_who_came_by_invitation(invited) -> None:  # type: ignore[no-untyped-def]
    await open_shop()
    maria = await company()
    await invited(await maria.signed_in())
    known, person = await joined(maria)
    await lived(known, person)
    await send_due_mails(100)
    await delete(known)
    await DB.execute("UPDATE personal_data_requests SET finished_at = now() - interval '31 days'")
    await purge_finished_requests()
    left = {word: await tables_that_hold(word) for word in WORDS}
    assert left == {word: set() for word in WORDS}


async def test_an_invitation_is_in_the_copy_of_who_accepted_it() -> None:
    maria = await company()
    await invited_singly(await maria.signed_in())
    known, _person = await joined(maria)
    held = await held_data(known.user_id, known.email)
    told = [one for one in held["audit_entries"] if one["action"] == "user invited"]
    assert [one["after"]["email"] for one in told] == [EMAIL, EMAIL]
    assert {one["kind"] for one in held["outbox_mails"]} >= {"invitation"}


async def test_an_entry_that_names_a_longer_email_stays_as_it_is() -> None:
    maria = await company()
    boss = await maria.signed_in()
    for email in ("anna-" + EMAIL, EMAIL + ".org", EMAIL):
        page = await boss.get("/account/users/invite")
        await boss.fill(page, {"email": email, "roles": "buyer"}, form="email")
    known, _person = await joined(maria)
    await delete(known)
    rows = await DB.fetch(
        "SELECT after ->> 'email' AS email FROM audit_entries WHERE action = 'user invited'"
    )
    assert {row["email"] for row in rows} == {"anna-" + EMAIL, EMAIL + ".org", None}
    assert {row["email"] for row in await DB.fetch("SELECT email FROM invitations")} == {
        "anna-" + EMAIL,
        EMAIL + ".org",
    }


async def test_addresses_that_were_recorded_without_their_owner_go_with_who_entered_them() -> None:
    """Entries were written so until they named the owner of a personal address."""
    maria = await company()
    paul = await colleague(maria, EMAIL)
    entry = """INSERT INTO audit_entries (id, happened_at, action, actor_id, actor_name, customer_id, before, after)
               VALUES (gen_random_uuid(), now(), 'address added', $1, 'Somebody', $2, '{}', $3)"""
    home, office = '{"street": "Heimlichweg 7"}', '{"street": "Am Hof 1"}'
    await DB.execute(entry, paul.user_id, maria.customer_id, home)
    await DB.execute(entry, maria.user_id, maria.customer_id, office)
    await delete(paul)
    assert await tables_that_hold("Heimlichweg") == set()
    assert await tables_that_hold("Am Hof") == {"audit_entries"}


async def test_what_somebody_changed_of_a_shared_address_stays_with_the_company() -> None:
    maria = await company()
    ann = await colleague(maria, EMAIL, ("account_administrator",))
    person = await ann.signed_in()
    for street, own in (("Am Hof 1", {}), ("Heimlichweg 7", {"is_personal": "on"})):
        await person.fill(await person.get("/account/addresses/new"), {**HOME, "street": street, **own})
    rows = await DB.fetch("SELECT user_id, after FROM audit_entries WHERE action = 'address added'")
    owners = {"Am Hof" in row["after"]: row["user_id"] for row in rows}
    assert owners == {True: None, False: ann.user_id}
    await delete(ann)
    assert await tables_that_hold("Heimlichweg") == set()
    assert await tables_that_hold("Am Hof") == {"addresses", "audit_entries"}


async def test_who_stood_in_and_was_named_in_a_note_is_forgotten_there_too() -> None:
    of = await company_that_buys()
    ute = await colleague(of.admin, "ute@alfki.example")
    await DB.execute(
        "UPDATE users SET first_name = 'Ute', last_name = 'Quendolin' WHERE id = $1", ute.user_id
    )
    anna, _page = await appoint(of, ute.email)
    await anna.post(f"{STAND_IN}/end")
    await DB.execute(
        "INSERT INTO audit_entries (id, happened_at, action, customer_id, before, after, reason)"
        " VALUES (gen_random_uuid(), now(), 'customer approved', $1, '{}', '{}', 'Ute Quendolin has phoned'),"
        "        (gen_random_uuid(), now(), 'customer approved', $2, '{}', '{}', 'asked by ute@alfki.example.')",
        of.admin.customer_id,
        uuid.uuid4(),
    )
    assert (
        await DB.fetch_value("SELECT user_id FROM audit_entries WHERE action = 'stand-in ended'")
        == ute.user_id
    )
    await delete(ute)
    for word in ("Quendolin", "ute@alfki.example"):
        assert "audit_entries" not in await tables_that_hold(word)


async def test_a_file_of_people_counts_only_whom_it_still_holds() -> None:
    maria = await company()
    boss = await maria.signed_in()
    await invited_by_file(boss)
    known, _person = await joined(maria)
    await delete(known)
    row = await DB.fetch_row("SELECT id, lines, lines_done FROM user_imports")
    assert (row["lines"], row["lines_done"]) == (1, 1)
    page = await boss.get(f"/account/users/import/{row['id']}")
    assert "All lines are worked off" in page.main
    results = await boss.client.get(boss.address(f"/account/users/import/{row['id']}/results"))
    assert results.status_code == 200
    assert "ute@alfki.example" in results.text
    assert "xaverine" not in results.text


async def test_nobody_is_invited_by_a_file_who_is_forgotten_while_it_is_worked_off(database: str) -> None:
    boss = await (await company()).signed_in()
    known = await shopper(EMAIL)
    shop = application_by_id("shop")
    assert shop is not None
    visitor = Visitor(application=shop, language="en")

    async def forget() -> None:
        async with DB.transaction():
            await forget_user(known.user_id, visitor)

    lines = f"email,first_name,last_name\nute@alfki.example,Ute,Anders\n{EMAIL},Xaverine,Quendolin\n"
    await upload(boss, lines.encode())
    async with other_connection(database) as other:
        invited = other.transaction()
        await invited.start()
        # The worker has read its lines, and waits for what becomes of this invitation.
        await other.execute(
            "INSERT INTO invitations (id, customer, application, email, email_canonical, created_at, sent_at,"
            " expires_at) SELECT gen_random_uuid(), customer, 'business', 'ute@alfki.example', 'ute@alfki.example',"
            " now(), now(), now() FROM companies"
        )
        worker = asyncio.create_task(work_off_imports())
        began = await until_somebody_waits(worker)
        forgetting = asyncio.create_task(forget())
        await until_somebody_waits(forgetting, since=began)
        await invited.rollback()
        await asyncio.gather(worker, forgetting)
    row = await DB.fetch_row("SELECT state, lines, lines_done FROM user_imports")
    assert (row["state"], row["lines"], row["lines_done"]) == ("done", 1, 1)
    assert [one["email"] for one in await DB.fetch("SELECT email FROM invitations")] == ["ute@alfki.example"]
    assert [one.to for one in await mails("invitation")] == ["ute@alfki.example"]
    assert await tables_that_hold(EMAIL) == set()


@pytest.mark.parametrize(("state", "billed_to"), [("shipped", "Heimlichweg 7"), ("cancelled", "")])
async def test_where_an_open_order_went_to_somebodys_home_goes_once_it_is_done(
    state: str, billed_to: str
) -> None:
    await open_shop()
    paul = await colleague(await company(), EMAIL)
    person = await paul.signed_in()
    await person.fill(await person.get("/account/addresses/new"), HOME)
    home = str(await DB.fetch_value("SELECT id FROM addresses WHERE membership IS NOT NULL"))
    await order(person, billing_choice=home, shipping_choice=home)
    await delete(paul)
    assert await streets() == ("Heimlichweg 7", "Heimlichweg 7")
    assert await forget_finished_orders() == 0
    await DB.execute("UPDATE orders SET state = $1", state)
    assert await forget_finished_orders() == 1
    # What was shipped gets an invoice yet.
    assert await streets() == ("", billed_to)
    assert await forget_finished_orders() == 0


async def test_a_cancelled_order_keeps_the_companys_address_and_nobodys_name() -> None:
    await open_shop()
    paul = await colleague(await company(), EMAIL)
    await order(await paul.signed_in())
    await DB.execute("UPDATE orders SET state = 'cancelled'")
    await delete(paul)
    assert await streets() == ("Obere Str. 57", "Obere Str. 57")
    row = await DB.fetch_row("SELECT billing_address || shipping_address AS address FROM orders")
    assert '"first_name": ""' in row["address"]
    # What the company shares afterwards changes nothing more.
    await DB.execute("UPDATE addresses SET street = 'Am Hof 1'")
    assert await forget_finished_orders() == 0


async def streets() -> tuple[str, str]:
    """Where the one order went, and its invoice."""
    row = await DB.fetch_row(
        "SELECT shipping_address ->> 'street' AS shipped, billing_address ->> 'street' AS billed FROM orders"
    )
    return row["shipped"], row["billed"]
