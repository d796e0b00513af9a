"""Passkeys: signing in without a password, as the second factor, and what none of them gets past."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from app.access import Refusal
from app.applications import application_by_id
from app.sign_in.passkey_challenges import delete_old_challenges
from app.sign_in.passkeys import MOST_OF_A_USER, passkeys_of
from app.sign_in.second_factor import confirm_authenticator, new_authenticator
from app.sign_in.sign_in import person_of_user
from tables.engine import DB
from tests import people
from tests.browser_like import SeenPage, mails, visit
from tests.other_connection import other_connection, until_somebody_waits
from tests.sign_in.software_passkey import SoftwarePasskey, add, options, raw, text, use
from tests.sign_in.test_second_factor import code_of

pytestmark = pytest.mark.usefixtures("database")

REFUSED = "We could not verify this passkey. Please try again, or sign in another way."


async def shopper_with_passkey(**behaves: Any) -> tuple[people.Known, SoftwarePasskey]:
    ines = await people.shopper()
    passkey = SoftwarePasskey(**behaves)
    page = await add(await ines.signed_in(), passkey)
    assert page.path == "/account/security", page.text
    return ines, passkey


async def with_authenticator(known: people.Known) -> str:
    """Gives the user an authenticator; its secret."""
    shop = application_by_id(known.application)
    assert shop is not None
    secret, _address = await new_authenticator(known.user_id, known.login, shop)
    assert await confirm_authenticator(known.user_id, code_of(secret, -30), shop)
    return secret


def is_refused(page: SeenPage) -> bool:
    return page.status == 422 and page.errors[""] == REFUSED


async def test_a_passkey_is_added_with_a_name_and_told_by_mail() -> None:
    ines, _passkey = await shopper_with_passkey()
    person = await ines.signed_in()
    page = await person.get("/account/security")
    assert "Phone" in page.main
    (mail,) = await mails("security_changed")
    assert mail.to == ines.email
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'passkey added'") == 1


async def test_a_passkey_signs_in_without_login_and_password() -> None:
    ines, passkey = await shopper_with_passkey()
    person = await visit("shop")
    await person.get("/sign-in")
    page = await use(person, passkey, next="/account/addresses")
    assert (page.status, page.path) == (200, "/account/addresses")
    assert (await passkeys_of(ines.user_id))[0].last_used_at is not None
    newest = await DB.fetch_row("SELECT outcome, method FROM sign_in_attempts ORDER BY id DESC LIMIT 1")
    assert newest == {"outcome": "signed in", "method": "passkey"}


async def test_what_the_browser_is_asked_for_does_not_tell_who_has_an_account() -> None:
    await shopper_with_passkey()
    person = await visit("shop")
    asked = await options(person, "/sign-in/passkey/options")
    assert asked["allowCredentials"] == []
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "preferred")
    assert len(raw(asked["challenge"])) == 32


async def test_host_and_origin_come_from_the_configured_address_not_from_the_request() -> None:
    ines, passkey = await shopper_with_passkey()
    person = await visit("shop", host="http://127.0.0.1:8000")
    await person.get("/sign-in")
    answer = await person.post(
        "/sign-in/passkey/options",
        headers={"Origin": "http://127.0.0.1:8000", "X-Forwarded-Host": "evil.example"},
        follow=False,
    )
    assert answer.response.json()["rpId"] == "localhost"
    for lie in (
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
    ):
        person = await visit("shop")
        liar = SoftwarePasskey(
            **{"key": passkey.key, "credential_id": passkey.credential_id, "count": 50} | lie  # type: ignore[arg-type]
        )
        liar.user_handle = ines.user_id.bytes
        assert is_refused(await use(person, liar)), lie


async def test_a_challenge_is_answered_once_also_in_parallel() -> None:
    _ines, passkey = await shopper_with_passkey()
    person = await visit("shop")
    asked = await options(person, "/sign-in/passkey/options")
    token = person.last.csrf_token if person.last else ""
    answers = [passkey.use(asked) for _ in range(3)]
    pages = await asyncio.gather(
        *(person.post("/sign-in/passkey", {"credential": one}, token=token, follow=False) for one in answers)
    )
    assert sorted(one.status for one in pages) == [303, 422, 422]


async def test_a_challenge_is_dead_after_five_minutes_and_after_a_bad_answer() -> None:
    _ines, passkey = await shopper_with_passkey()
    person = await visit("shop")
    asked = await options(person, "/sign-in/passkey/options")
    assert await DB.fetch_value(
        "SELECT extract(epoch FROM expires_at - now()) BETWEEN 290 AND 300 FROM passkey_challenges"
    )
    await DB.execute("UPDATE passkey_challenges SET expires_at = now() - interval '1 second'")
    assert is_refused(await person.post("/sign-in/passkey", {"credential": passkey.use(asked)}))
    assert await delete_old_challenges() == 1
    asked = await options(person, "/sign-in/passkey/options")
    assert is_refused(await person.post("/sign-in/passkey", {"credential": "{}"}))
    assert is_refused(await person.post("/sign-in/passkey", {"credential": passkey.use(asked)}))


async def test_a_challenge_is_answered_by_the_browser_that_asked() -> None:
    _ines, passkey = await shopper_with_passkey()
    asked = await options(await visit("shop"), "/sign-in/passkey/options")
    other = await visit("shop")
    await other.get("/sign-in")
    assert is_refused(await other.post("/sign-in/passkey", {"credential": passkey.use(asked)}))


async def test_a_challenge_of_one_purpose_or_application_is_nothing_to_another() -> None:
    ines, passkey = await shopper_with_passkey()
    person = await ines.signed_in()
    asked = await options(person, "/sign-in/again/passkey/options")
    assert is_refused(await person.post("/sign-in/passkey", {"credential": passkey.use(asked)}))
    shop, business = await visit("shop"), await visit("business")
    asked = await options(shop, "/sign-in/passkey/options")
    await business.get("/sign-in")
    business.client.cookies.set(
        "patron-business-passkey", shop.cookie("passkey") or "", domain="localhost.local", path="/business/"
    )
    assert is_refused(await business.post("/sign-in/passkey", {"credential": passkey.use(asked)}))


async def test_another_key_cannot_sign_for_a_known_passkey() -> None:
    ines, passkey = await shopper_with_passkey()
    forged = SoftwarePasskey(credential_id=passkey.credential_id, user_handle=ines.user_id.bytes, count=50)
    assert is_refused(await use(await visit("shop"), forged))
    newest = await DB.fetch_value("SELECT outcome FROM sign_in_attempts ORDER BY id DESC LIMIT 1")
    assert newest == "wrong passkey"


async def test_a_passkey_must_say_whose_it_is() -> None:
    _ines, passkey = await shopper_with_passkey()
    for handle in (b"", uuid.uuid4().bytes):
        passkey.user_handle = handle
        assert is_refused(await use(await visit("shop"), passkey))


async def test_a_copied_passkey_is_refused_and_staff_can_read_it() -> None:
    _ines, passkey = await shopper_with_passkey()
    person = await visit("shop")
    assert (await use(person, passkey)).path == "/account"
    passkey.count -= 1
    assert is_refused(await use(await visit("shop"), passkey))
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'passkey refused'") == 1
    passkey.count, passkey.counts = 0, False
    assert is_refused(await use(await visit("shop"), passkey)), "one that has counted goes on counting"


async def test_a_passkey_that_does_not_count_works_again_and_again() -> None:
    _ines, passkey = await shopper_with_passkey(counts=False)
    for _ in range(3):
        assert (await use(await visit("shop"), passkey)).path == "/account"


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        ("UPDATE users SET is_active = false", "Your account is deactivated"),
        ("UPDATE customers SET is_active = false", "Your account is deactivated"),
        ("UPDATE memberships SET is_active = false", "Your account is deactivated"),
        ("UPDATE users SET email_verified_at = NULL", "Verify your e-mail"),
        ("UPDATE customers SET approval_status = 'pending'", "Your account awaits approval"),
        ("UPDATE customers SET customer_type = 'SMB'", "Your account belongs to another site"),
    ],
)
async def test_a_passkey_meets_the_same_gate_as_the_password(change: str, heading: str) -> None:
    _ines, passkey = await shopper_with_passkey()
    await DB.execute(change)
    person = await visit("shop")
    page = await use(person, passkey)
    assert (page.status, page.h1) == (403, heading)
    assert person.cookie("session") is None


async def test_the_passkey_of_a_deleted_user_is_gone_with_them() -> None:
    _ines, passkey = await shopper_with_passkey()
    await DB.execute("DELETE FROM users")
    assert is_refused(await use(await visit("shop"), passkey))


async def test_a_passkey_that_verified_its_person_counts_as_both_factors() -> None:
    ines, passkey = await shopper_with_passkey()
    await with_authenticator(ines)
    assert (await use(await visit("shop"), passkey)).path == "/account"


async def test_a_passkey_that_was_only_touched_does_not_skip_the_authenticator() -> None:
    ines, passkey = await shopper_with_passkey(verifies=False)
    secret = await with_authenticator(ines)
    person = await visit("shop")
    page = await use(person, passkey)
    assert page.h1 == "Second factor"
    assert (await person.get("/account")).path == "/sign-in/second-factor"
    page = await use(person, passkey, "/sign-in/second-factor/passkey")
    assert page.status == 422, "nor is the same touch a second factor"
    assert (await person.get("/account")).path == "/sign-in/second-factor"
    page = await person.fill(await person.get("/sign-in/second-factor"), {"code": code_of(secret)})
    assert page.path == "/account"


async def test_a_verified_passkey_stands_in_for_the_authenticator_after_the_password() -> None:
    ines, passkey = await shopper_with_passkey()
    await with_authenticator(ines)
    person = await visit("shop")
    page = await person.sign_in(ines.login, ines.password)
    assert page.h1 == "Second factor"
    assert "Use a passkey instead" in page.html
    asked = await options(person, "/sign-in/second-factor/passkey/options")
    assert [one["id"] for one in asked["allowCredentials"]] == [text(passkey.credential_id)]
    assert asked["userVerification"] == "required"
    pending = person.cookie("session")
    page = await person.post("/sign-in/second-factor/passkey", {"credential": passkey.use(asked)})
    assert page.path == "/account"
    assert person.cookie("session") != pending


async def test_somebody_else_s_passkey_is_no_second_factor_and_no_proof() -> None:
    _ines, passkey = await shopper_with_passkey()
    eve = await people.shopper("eve@example.com")
    person = await eve.signed_in()
    assert (await use(person, passkey, "/sign-in/again/passkey")).status == 422
    await with_authenticator(eve)
    person = await visit("shop")
    await person.sign_in(eve.login, eve.password)
    assert (await use(person, passkey, "/sign-in/second-factor/passkey")).status == 422
    assert (await person.get("/account")).path == "/sign-in/second-factor"


async def test_a_passkey_does_not_spare_staff_the_authenticator_that_they_must_have(
    in_production: None,
) -> None:
    admin = await people.staff_member()
    back_office = application_by_id("back-office")
    assert back_office is not None
    person = await person_of_user(back_office, admin.user_id, second_factor_shown=True)
    assert person is not None
    assert person.refusal is Refusal.SECOND_FACTOR_MISSING


async def test_staff_add_a_passkey_in_the_back_office_and_sign_in_with_it() -> None:
    admin = await people.staff_member()
    person = await admin.signed_in()
    passkey = SoftwarePasskey()
    page = await person.get("/security/passkeys/new")
    asked = await options(person, "/security/passkeys/options")
    page = await person.fill(page, {"credential": passkey.make(asked)})
    assert page.path == "/back-office/security"
    assert (await use(await visit("back-office"), passkey)).path == "/back-office/"
    assert (await use(await visit("shop"), passkey)).h1 == "Your account belongs to another site"


async def test_a_passkey_proves_anew_who_one_is_for_this_session_only() -> None:
    ines, passkey = await shopper_with_passkey()
    person, other = await ines.signed_in(), await ines.signed_in()
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    page = await person.get("/account/security/passkeys/new")
    assert page.path.startswith("/sign-in/again?next=")
    assert "Use a passkey instead" in page.html
    page = await use(person, passkey, "/sign-in/again/passkey", next="/account/security/passkeys/new")
    assert page.path == "/account/security/passkeys/new"
    assert (await other.get("/account/security/passkeys/new")).path.startswith("/sign-in/again")
    passkey.verifies = False
    assert (await use(other, passkey, "/sign-in/again/passkey")).status == 422


async def test_adding_renaming_and_removing_ask_again_who_one_is() -> None:
    ines, _passkey = await shopper_with_passkey()
    person = await ines.signed_in()
    (stored,) = await passkeys_of(ines.user_id)
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    for path in ("new", "options", f"{stored.id}", f"{stored.id}/remove"):
        page = await person.post(f"/account/security/passkeys/{path}", {"name": "Thief"})
        assert page.path.startswith("/sign-in/again"), path
    assert await passkeys_of(ines.user_id) == [stored]


async def test_a_passkey_gets_another_name() -> None:
    ines, _passkey = await shopper_with_passkey()
    person = await ines.signed_in()
    (stored,) = await passkeys_of(ines.user_id)
    page = await person.get(f"/account/security/passkeys/{stored.id}")
    assert (await person.fill(page, {"name": "  "})).errors["name"]
    page = await person.fill(page, {"name": "Office <key>"})
    assert page.path == "/account/security"
    assert "Office <key>" in page.main


async def test_a_removed_passkey_no_longer_signs_in_and_ends_nothing_else() -> None:
    ines, passkey = await shopper_with_passkey()
    begun = await visit("shop")
    assert (await use(begun, passkey)).path == "/account"
    person = await ines.signed_in()
    (stored,) = await passkeys_of(ines.user_id)
    page = await person.get(f"/account/security/passkeys/{stored.id}")
    page = await person.post(page.form(action="/remove").get("action"))
    assert "The passkey is removed." in page.text
    assert is_refused(await use(await visit("shop"), passkey))
    assert (await begun.get("/account")).status == 200
    assert len(await mails("security_changed", ines.email)) == 2


async def test_a_foreign_passkey_is_as_missing_as_one_that_never_was() -> None:
    ines, _passkey = await shopper_with_passkey()
    (stored,) = await passkeys_of(ines.user_id)
    eve = await (await people.shopper("eve@example.com")).signed_in()
    for one in (stored.id, uuid.uuid4()):
        assert (await eve.get(f"/account/security/passkeys/{one}")).status == 404
        for action in ("", "/remove"):
            page = await eve.post(f"/account/security/passkeys/{one}{action}", {"name": "Mine"})
            assert page.status == 404
    assert await passkeys_of(ines.user_id) == [stored]


async def test_several_passkeys_but_none_twice_and_not_without_end() -> None:
    ines, passkey = await shopper_with_passkey()
    person = await ines.signed_in()
    asked = await options(person, "/account/security/passkeys/options")
    assert [one["id"] for one in asked["excludeCredentials"]] == [text(passkey.credential_id)]
    page = await add(person, passkey)
    assert (page.status, page.errors[""][:22]) == (422, "We could not add this ")
    for number in range(MOST_OF_A_USER):
        page = await add(person, SoftwarePasskey(), f"Key {number}")
    assert page.status == 422
    assert len(await passkeys_of(ines.user_id)) == MOST_OF_A_USER


@pytest.mark.parametrize("lie", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
async def test_a_passkey_made_for_another_site_is_not_added(lie: dict[str, str]) -> None:
    ines = await people.shopper()
    assert (await add(await ines.signed_in(), SoftwarePasskey(**lie))).status == 422  # type: ignore[arg-type]
    assert await passkeys_of(ines.user_id) == []


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        "[" * 100_000,
        "[]",
        "{}",
        "null",
        '{"id": 1}',
        json.dumps({"id": "AA", "rawId": "AA", "type": "public-key"}),
    ],
)
async def test_nonsense_is_answered_politely(sent: str) -> None:
    ines, passkey = await shopper_with_passkey()
    person = await visit("shop")
    await options(person, "/sign-in/passkey/options")
    assert is_refused(await person.post("/sign-in/passkey", {"credential": sent}))
    person = await ines.signed_in()
    await options(person, "/account/security/passkeys/options")
    page = await person.post("/account/security/passkeys/new", {"name": "Phone", "credential": sent})
    assert page.status == 422
    for part in ("clientDataJSON", "authenticatorData", "signature", "attestationObject"):
        for broken in ("", "AAAA", "!", 7, None, text(b"\xff" * 40), text(b'{"type": 1}')):
            asked = await options(person, "/account/security/passkeys/options")
            whole = json.loads(passkey.make(asked))
            whole["response"][part] = broken
            page = await person.post(
                "/account/security/passkeys/new", {"name": "x", "credential": json.dumps(whole)}
            )
            assert page.status == 422, (part, broken)
        await DB.execute("DELETE FROM attempt_counters")
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for broken in ("AAAA", "!", 7, text(b"\xff" * 40)):
            visitor = await visit("shop")
            asked = await options(visitor, "/sign-in/passkey/options")
            whole = json.loads(passkey.use(asked))
            whole["response"][part] = broken
            assert is_refused(await visitor.post("/sign-in/passkey", {"credential": json.dumps(whole)}))
        await DB.execute("DELETE FROM attempt_counters")


async def test_a_client_tries_passkeys_as_often_as_passwords() -> None:
    person = await visit("shop")
    await person.get("/sign-in")
    statuses = [(await person.post("/sign-in/passkey", {"credential": "{}"})).status for _ in range(21)]
    assert statuses == [422] * 20 + [429]


async def test_a_sign_in_by_passkey_names_the_user_before_it_locks_counters_and_links(database: str) -> None:
    """Who deletes the user holds them, and then deletes links and counter."""
    ines, passkey = await shopper_with_passkey()
    browser = await visit("shop")
    await browser.fill(await browser.get("/forgotten-password"), {"email": ines.email})
    await mails("password_reminder")
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", ines.user_id)
        signing_in = asyncio.ensure_future(use(await visit("shop"), passkey))
        await until_somebody_waits(signing_in)
        await other.execute("SELECT FROM attempt_counters FOR UPDATE NOWAIT")
        await other.execute("SELECT FROM link_tokens FOR UPDATE NOWAIT")
        await other.execute("COMMIT")
        assert (await signing_in).status == 200


async def test_a_sign_in_by_passkey_ends_links_to_a_new_password() -> None:
    ines, passkey = await shopper_with_passkey()
    person = await visit("shop")
    await person.fill(await person.get("/forgotten-password"), {"email": ines.email})
    (reminder,) = await mails("password_reminder")
    await use(await visit("shop"), passkey)
    assert (await (await visit("shop")).get(reminder.link)).status == 410
