"""Who is forgotten is forgotten where others are told of, and only that: notes, mails, archives (domain.md 13)."""

import uuid
from collections.abc import Sequence

import pytest

from app.mail.sender import retry_mail
from app.personal_data import deletion, forgotten_emails, forgotten_entries, held_data, known_as, mentions
from app.personal_data.deletion import forget_finished_orders
from app.personal_data.known_as import KnownAs
from tables.engine import DB
from tests.browser_like import mails, visit
from tests.checkout.ordering import open_shop, order
from tests.databases import known_to_the_planner
from tests.people import colleague, company, shopper, staff_member
from tests.personal_data.asking import carry_out, confirm_link, staff
from tests.personal_data.test_deletion import delete
from tests.personal_data.test_requests import changed_email

pytestmark = pytest.mark.usefixtures("database")

FIRST, SECOND = "xaverine@first.example", "xaverine@second.example"
MANY = 20_000
ENTRY = """
    INSERT INTO audit_entries (id, happened_at, action, user_id, customer_id, before, after, reason)
    VALUES ($1, now(), 'customer approved', $2, $3, '{}', '{"number": "4711"}', $4)
"""
MAIL = """
    INSERT INTO outbox_mails (id, message_id, application, kind, language, user_id, to_email, to_name, subject,
                              text_body, html_body, unsubscribe_link, created_at, due_at, attempts, last_error)
    VALUES ($1, $1::uuid::text, 'shop', 'order_placed', 'en', $2, $3, '', $4, $5, $5, '', now(), now(), 0, '')
"""


async def noted(
    reason: str, *, user_id: uuid.UUID | None = None, customer_id: uuid.UUID | None = None
) -> uuid.UUID:
    """An entry with this reason."""
    key = uuid.uuid4()
    await DB.execute(ENTRY, key, user_id, customer_id, reason)
    return key


async def entry(key: uuid.UUID) -> tuple[str, str]:
    """What an entry says: what stood afterwards, and why."""
    row = await DB.fetch_row(
        "SELECT after ->> 'number' AS number, reason FROM audit_entries WHERE id = $1", key
    )
    assert row is not None
    return row["number"], row["reason"]


async def mailed(email: str, subject: str, text: str = "", *, user_id: uuid.UUID | None = None) -> uuid.UUID:
    """A mail in the outbox."""
    key = uuid.uuid4()
    await DB.execute(MAIL, key, user_id, email, subject, text)
    return key


async def given_up(key: uuid.UUID) -> uuid.UUID:
    await DB.execute("UPDATE outbox_mails SET gave_up_at = now() WHERE id = $1", key)
    return key


async def sent(key: uuid.UUID) -> uuid.UUID:
    await DB.execute(
        "UPDATE outbox_mails SET sent_at = now(), text_body = '', html_body = '' WHERE id = $1", key
    )
    return key


async def forget_a_guest(email: str) -> None:
    guest = await visit("shop")
    await guest.fill(await guest.get("/personal-data-requests"), {"email": email, "kind": "delete"})
    await confirm_link()
    assert "The data is deleted." in (await carry_out(await staff())).text


async def test_a_reason_that_names_the_person_goes_and_the_facts_about_somebody_else_stay() -> None:
    maria = await company()
    anna = await colleague(maria, FIRST)
    await DB.execute("UPDATE users SET first_name = 'Anna', last_name = 'Li' WHERE id = $1", anna.user_id)
    await noted("", user_id=anna.user_id, customer_id=maria.customer_id)
    named = await noted("Anna Li has phoned", customer_id=maria.customer_id)
    mailed_by = await noted(f"asked by {FIRST}.", user_id=maria.user_id)
    longer = await noted("Hanna Lindner has phoned", customer_id=maria.customer_id)
    elsewhere = await noted("Anna Li has phoned", customer_id=uuid.uuid4())
    await delete(anna)
    assert await entry(named) == ("4711", "")
    assert await entry(mailed_by) == ("4711", "")
    assert await entry(longer) == ("4711", "Hanna Lindner has phoned")
    assert await entry(elsewhere) == ("4711", "Anna Li has phoned"), "another one may have the same name"


async def test_a_guests_name_goes_from_notes_that_are_about_nobody_else() -> None:
    await open_shop()
    await order(await visit("shop"), email=FIRST)
    await DB.execute("UPDATE orders SET buyer_name = 'Anna Li'")
    named = await noted("ANNA LI has phoned")
    longer = await noted("Hanna Lindner has phoned")
    about = await noted("Anna Li has phoned", user_id=(await shopper()).user_id)
    await forget_a_guest(FIRST)
    assert await entry(named) == ("4711", "")
    assert await entry(longer) == ("4711", "Hanna Lindner has phoned")
    assert await entry(about) == ("4711", "Anna Li has phoned")


async def test_no_empty_mail_can_be_sent_again_after_somebody_was_forgotten() -> None:
    known = await shopper(FIRST, first_name="Anna", last_name="Li")
    lost = await given_up(await mailed("boss@example.com", "Order of Anna Li", "Anna Li has ordered"))
    out = await sent(await mailed("boss@example.com", "Order of Anna Li"))
    other = await given_up(await mailed("boss@example.com", "Order of Hanna Lindner", "She has ordered"))
    waiting = await mailed("boss@example.com", "Order of Anna Li", "Anna Li has ordered")
    await delete(known)
    left = {row["id"]: row for row in await DB.fetch("SELECT id, subject, text_body FROM outbox_mails")}
    assert lost not in left
    assert left[out]["subject"] == ""
    assert (left[other]["subject"], left[other]["text_body"]) == ("Order of Hanna Lindner", "She has ordered")
    assert left[waiting]["text_body"] == "Anna Li has ordered", "what is not out yet arrives whole"
    assert await retry_mail(lost) is False
    assert await retry_mail(other) is True


async def test_what_was_given_up_and_sent_all_the_same_is_not_sent_again() -> None:
    key = await sent(await given_up(await mailed("boss@example.com", "Order")))
    assert await retry_mail(key) is False


async def test_mails_of_a_user_who_was_deleted_are_whose_email_they_went_to() -> None:
    known = await shopper(FIRST)
    gone = await sent(await mailed(FIRST.title(), "Yours", user_id=uuid.uuid4()))
    heir = await shopper("other@example.com")
    others = await sent(await mailed(FIRST, "Not yours", user_id=heir.user_id))
    held = await held_data.held_data(known.user_id, known.email)
    subjects = {one["subject"] for one in held["outbox_mails"]}
    assert "Yours" in subjects
    assert "Not yours" not in subjects
    await delete(known)
    left = {row["id"] for row in await DB.fetch("SELECT id FROM outbox_mails")}
    assert gone not in left
    assert others in left


async def test_archives_that_were_made_for_an_earlier_email_go_and_their_links_end() -> None:
    await open_shop()
    await order(await visit("shop"), email=FIRST)
    guest = await visit("shop")
    await guest.fill(await guest.get("/personal-data-requests"), {"email": FIRST, "kind": "export"})
    await confirm_link()
    await carry_out(await (await staff_member("desk@example.com", privileges=("personal_data",))).signed_in())
    link = (await mails("data_archive_ready", FIRST))[-1].link
    known = await shopper(FIRST, login=FIRST)
    await changed_email(await known.signed_in(), known, SECOND)
    known.email = known.login = SECOND
    # Whoever has the e-mail since asks for what is theirs.
    other = await visit("shop")
    await other.fill(await other.get("/personal-data-requests"), {"email": FIRST, "kind": "export"})
    assert (await (await visit("shop")).get(link)).status == 200
    await DB.execute(
        "UPDATE personal_data_requests SET due_at = now() + interval '1 year' WHERE state = 'asked'"
    )
    await delete(known)
    left = await DB.fetch(
        "SELECT kind, state, email, archive FROM personal_data_requests ORDER BY requested_at"
    )
    assert [(row["kind"], row["state"], row["email"]) for row in left] == [
        ("export", "asked", FIRST),
        ("delete", "carried_out", SECOND),
    ]
    assert (await (await visit("shop")).get(link)).status == 410


async def test_an_order_keeps_an_address_that_the_company_shared_before_it_moved() -> None:
    await open_shop()
    maria = await company()
    boss = await maria.signed_in()
    paul = await colleague(maria, FIRST)
    await order(await paul.signed_in())
    done = await order(await paul.signed_in())
    await DB.execute("UPDATE orders SET state = 'shipped', invoice_number = 'R1' WHERE number = $1", done)
    key = await DB.fetch_value("SELECT id FROM addresses WHERE membership IS NULL")
    page = await boss.get(f"/account/addresses/{key}")
    await boss.fill(page, {"street": "Neuer Wall 1"})
    assert await DB.fetch_value("SELECT street FROM addresses WHERE id = $1", key) == "Neuer Wall 1"
    await delete(paul)
    await DB.execute("UPDATE orders SET state = 'shipped', invoice_number = 'R2' WHERE number <> $1", done)
    assert await forget_finished_orders() == 1
    rows = await DB.fetch("SELECT shipping_address::text AS address FROM orders")
    for row in rows:
        assert "Obere Str. 57" in row["address"]
        assert "Anders" not in row["address"]
    assert await forget_finished_orders() == 0


async def test_what_is_written_between_search_and_deletion_is_found_as_well() -> None:
    await open_shop()
    known = await shopper(FIRST)
    person = await deletion.find_mentions(known.user_id, known.email)
    later = await noted(f"asked by {FIRST}")
    found = await mentions.mentions_until_now(person.known, person, is_guest=False)
    assert list(found.reasons) == [later]
    as_now = KnownAs(emails=[*person.known.emails, SECOND], until=[*person.known.until, None])
    before = await noted(f"asked by {SECOND}")
    found = await mentions.mentions_until_now(as_now, person, is_guest=False)
    assert set(found.reasons) == {later, before}, "known as something else, all is read anew"


async def test_the_search_goes_on_over_any_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = await shopper(FIRST)
    keys = {await noted(f"asked by {FIRST}, {n}") for n in range(25)}
    mail_keys = {await mailed("boss@example.com", f"About {FIRST}") for _ in range(25)}
    for name in ("_ENTRIES", "_MAILS"):
        sql = getattr(mentions, name).replace(f"LIMIT {mentions.READ_AT_ONCE}", "LIMIT 10")
        monkeypatch.setattr(mentions, name, sql)
    found = await deletion.find_mentions(known.user_id, known.email)
    assert set(found.reasons) == keys
    assert set(found.mails) >= mail_keys


async def many_rows() -> None:
    """Orders, entries and mails of so many others."""
    await DB.execute(
        "INSERT INTO orders (id, number, application, email, email_canonical, language, state, currency, placed_at)"
        " SELECT gen_random_uuid(), 'M' || n, 'shop', n || '@example.com', n || '@example.com', 'en', 'new', 'EUR',"
        " now() FROM generate_series(1, $1::integer) n",
        MANY,
    )
    await DB.execute(
        "INSERT INTO audit_entries (id, happened_at, action, user_id, customer_id, actor_id, before, after, reason)"
        " SELECT gen_random_uuid(), now(), 'user invited', CASE WHEN n % 2 = 0 THEN gen_random_uuid() END,"
        " gen_random_uuid(), gen_random_uuid(), '{}', jsonb_build_object('email', n || '@example.com'), 'because'"
        " FROM generate_series(1, $1::integer) n",
        MANY,
    )
    await DB.execute(
        "INSERT INTO outbox_mails (id, message_id, application, kind, language, user_id, to_email, subject, text_body,"
        " html_body, created_at, due_at)"
        " SELECT gen_random_uuid(), 'M' || n, 'shop', 'order_placed', 'en', CASE WHEN n % 2 = 0 THEN"
        " gen_random_uuid() END, n || '@example.com', '', '', '', now(), now() FROM generate_series(1, $1::integer) n",
        MANY,
    )
    await known_to_the_planner("orders", "audit_entries", "outbox_mails")


async def test_orders_entries_and_mails_of_a_person_are_found_among_those_of_many_others() -> None:
    known = await shopper(FIRST)
    await many_rows()
    as_now = await known_as.known_as(known.user_id, known.email)
    emails, until = as_now.emails, as_now.until
    own = [known.customer_id]
    statements: list[tuple[str, Sequence[object]]] = [
        (deletion._OF_USER, (known.user_id, "x", own, emails, until)),
        (deletion._OF_GUEST, (None, "x", FIRST)),
        (forgotten_emails._FORGET_MAILS, (emails, until, known.user_id)),
        (forgotten_entries._WHO_WERE_THEY, (emails, until)),
        (forgotten_entries._FORGET, ([known.user_id], own, [uuid.uuid4()], ["Anna Li"])),
        (forgotten_entries._FORGET_REASONS, ([uuid.uuid4()], [known.user_id], ["anna li"])),
        (known_as._EMAILS, (known.user_id,)),
        (known_as._NAMES_OF_GUEST, (FIRST,)),
    ]
    values = {"user": known.user_id, "customers": own, "emails": emails, "until": until}
    for name in ("orders", "order_lines", "payments", "outbox_mails", "audit_entries"):
        statements.append(held_data._numbered(held_data.EXPORTED[name].sql, values))
    for sql, arguments in statements:
        plan = [row["QUERY PLAN"] for row in await DB.fetch(f"EXPLAIN {sql}", *arguments)]
        for table in ("orders", "audit_entries", "outbox_mails"):
            assert not any(f"Seq Scan on {table} " in line for line in plan), "\n".join([sql, *plan])


async def test_lines_of_files_and_invitations_of_a_person_are_found_among_those_of_many_others() -> None:
    """Files of 20,000 lines are kept for 30 days, and all waits that needs the person's rows meanwhile."""
    of = await company()
    await DB.execute(
        "INSERT INTO user_imports (id, customer, application, language, file_name, created_at)"
        " SELECT gen_random_uuid(), $1, 'business', 'en', 'people.csv', now() FROM generate_series(1, 5)",
        of.customer_id,
    )
    await DB.execute(
        "INSERT INTO user_import_lines (id, user_import, number, content, result)"
        " SELECT gen_random_uuid(), i.id, n, jsonb_build_object('email', i.id || '.' || n || '@Example.com'), 'invited'"
        " FROM user_imports i, generate_series(1, $1::integer) n",
        MANY // 5,
    )
    await DB.execute(
        "INSERT INTO invitations (id, customer, application, email, email_canonical, created_at, sent_at, expires_at)"
        " SELECT id, $1, 'business', id || '@example.com', id || '@example.com', now(), now(), now()"
        " FROM user_import_lines",
        of.customer_id,
    )
    await known_to_the_planner("user_imports", "user_import_lines", "invitations")
    as_now = await known_as.known_as(of.user_id, of.email)
    statements: list[tuple[str, Sequence[object]]] = [
        (forgotten_emails._LOCK_LINES, (as_now.emails, as_now.until)),
        (forgotten_emails._FORGET_LINES, ([uuid.uuid4()],)),
        (forgotten_emails._FORGET_INVITATIONS, (as_now.emails, as_now.until)),
        # What the foreign key does for each invitation that goes.
        ("UPDATE ONLY user_import_lines SET invitation = NULL WHERE $1::uuid = invitation", (uuid.uuid4(),)),
    ]
    for sql, arguments in statements:
        plan = [row["QUERY PLAN"] for row in await DB.fetch(f"EXPLAIN {sql}", *arguments)]
        for table in ("user_import_lines", "invitations"):
            assert not any(f"Seq Scan on {table} " in line for line in plan), "\n".join([sql, *plan])
