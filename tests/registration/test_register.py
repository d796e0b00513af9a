"""Registering: every promise of domain.md 4 that the form makes."""

import asyncio
import time

from tables import Address, ApprovalRequest, Company, Consent, Customer, Membership, User
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit
from tests.registration.filling_in import ADDRESS, COMPANY, PERSON


async def test_a_shopper_registers_without_address(database):
    person = await visit("shop")
    page = await person.get("/register")
    page = await person.fill(page, PERSON, form="email")
    assert (page.status, page.h1) == (200, "Look into your mailbox")
    assert page.path.startswith("/register/done")
    user = await User.objects().first()
    assert (user.login, user.email, user.email_verified_at) == ("ines@example.com", "ines@example.com", None)
    customer = await Customer.objects().first()
    assert (customer.number, customer.customer_type, customer.approval_status) == (
        "100001",
        "INDIVIDUAL",
        "approved",
    )
    assert customer.search_name == "Ines Müller"
    assert customer.version == 1
    assert await Address.count() == 0
    assert await Company.count() == 0
    membership = await Membership.objects().first()
    assert membership.roles == []
    [mail] = await mails()
    assert (mail.kind, mail.to) == ("verify_email", "ines@example.com")
    assert mail.link.startswith("http://localhost:8000/verify-email?token=")


async def test_a_shopper_registers_with_address_which_becomes_preferred(database):
    person = await visit("shop")
    page = await person.get("/register/individual")
    page = await person.fill(
        page,
        {
            **PERSON,
            **ADDRESS,
            "title": "ms",
            "birthday": "1985-03-31",
            "phone": "030 1234567",
            "newsletter": "on",
        },
    )
    assert page.h1 == "Look into your mailbox"
    address = await Address.objects().first()
    assert (address.first_name, address.last_name, address.city) == ("Ines", "Müller", "Berlin")
    assert address.is_preferred_billing
    assert address.is_preferred_shipping
    user = await User.objects().first()
    assert (user.title, str(user.birthday), user.phone) == ("ms", "1985-03-31", "+49 30 1234567")


async def test_terms_and_privacy_are_recorded_with_version_and_time_and_the_newsletter_once_confirmed(
    database,
):
    person = await visit("shop")
    page = await person.get("/register")
    await person.fill(page, {**PERSON, "newsletter": "on"}, form="email")
    consents = {one.kind: one for one in await Consent.objects()}
    assert {kind: one.is_given for kind, one in consents.items()} == {
        "terms": True,
        "privacy": True,
    }
    assert consents["terms"].document_version == consents["privacy"].document_version == "2026-11"
    assert consents["terms"].recorded_at is not None
    [mail] = await mails("newsletter_confirm")
    page = await person.get(mail.link)
    await person.fill(page, {}, form="token")
    newsletter = await Consent.objects().get(Consent.kind == "newsletter")
    assert newsletter.is_given


async def test_the_newsletter_is_not_ticked_beforehand(database):
    person = await visit("shop")
    page = await person.get("/register")
    assert page.typed("newsletter") == ""
    await person.fill(page, PERSON, form="email")
    newsletter = await Consent.objects().get(Consent.kind == "newsletter")
    assert not newsletter.is_given


async def test_a_company_registers_and_its_first_user_becomes_account_administrator(database):
    person = await visit("business")
    page = await person.get("/register")
    page = await person.fill(page, {**PERSON, **ADDRESS, **COMPANY})
    assert page.h1 == "Look into your mailbox"
    assert "in person" in page.main
    customer = await Customer.objects().first()
    assert (customer.customer_type, customer.approval_status) == ("SMB", "pending")
    assert customer.search_name == "Café Mond GmbH"
    company = await Company.objects().first()
    assert (company.company_name, company.taxation_id, company.taxation_id_country) == (
        "Café Mond GmbH",
        "DE136695976",
        "DE",
    )
    membership = await Membership.objects().first()
    assert membership.roles == ["account_administrator"]
    address = await Address.objects().first()
    assert (address.company_name, address.last_name) == ("Café Mond GmbH", "Müller")
    assert await ApprovalRequest.count() == 1


async def test_a_company_registers_without_address(database):
    person = await visit("business")
    page = await person.fill(await person.get("/register/smb"), {**PERSON, **COMPANY})
    assert page.h1 == "Look into your mailbox"
    assert await Address.count() == 0


async def test_staff_are_not_written_to_before_the_email_is_verified(database):
    person = await visit("business")
    await person.fill(await person.get("/register"), {**PERSON, **COMPANY})
    assert [mail.kind for mail in await mails()] == ["verify_email"]


async def test_all_errors_are_told_at_once_and_what_was_typed_stays(database):
    person = await visit("business")
    page = await person.fill(
        await person.get("/register"),
        {
            "email": "not an e-mail",
            "password": "short",
            "first_name": "  ",
            "last_name": "Müller",
            "phone": "??",
            "taxation_id": "DE12",
            "address_street": "Lindenweg 7",
            "address_postal_code": "123",
            "address_country": "DE",
        },
    )
    assert page.status == 422
    assert set(page.errors) == {
        "email",
        "password",
        "first_name",
        "phone",
        "company_name",
        "taxation_id",
        "address_postal_code",
        "address_city",
        "terms",
    }
    assert "First name: Please fill in this field." in page.main
    assert page.typed("email") == "not an e-mail"
    assert page.typed("address_street") == "Lindenweg 7"
    assert page.typed("password") == ""
    assert "short" not in page.html.replace("field--short", "")
    assert await User.count() == 0


async def test_a_password_that_was_fine_has_to_be_typed_once_more_and_the_page_says_so(database):
    person = await visit("shop")
    again = "Please type it once more: passwords are never shown again."
    page = await person.get("/register")
    assert again not in page.main
    page = await person.fill(page, {**PERSON, "last_name": ""})
    assert set(page.errors) == {"last_name"}
    assert again in page.main
    assert page.tree.xpath("//input[@name='password']/@aria-describedby") == ["hint-password"]
    page = await person.fill(page, {**PERSON, "password": "short"})
    assert again not in page.main


async def test_a_birthday_lies_in_the_past_and_not_before_1900(database):
    person = await visit("shop")
    for birthday in ("2999-01-01", "1899-12-31", "31.02.1980"):
        page = await person.fill(await person.get("/register"), {**PERSON, "birthday": birthday})
        assert set(page.errors) == {"birthday"}, birthday


async def test_a_password_made_of_what_others_know_is_refused(database):
    person = await visit("business")
    for password in ("ines müller ines müller", "Patron Patron Patron!", "cafe mond gmbh café mond gmbh"):
        page = await person.fill(await person.get("/register"), {**PERSON, **COMPANY, "password": password})
        assert set(page.errors) == {"password"}, password


async def test_the_country_alone_is_no_address(database):
    person = await visit("shop")
    page = await person.fill(await person.get("/register"), {**PERSON, "address_country": "AT"})
    assert page.status == 200
    assert await Address.count() == 0


async def test_the_country_decides_which_fields_are_asked(database):
    person = await visit("shop")
    page = await person.get("/register")
    assert page.tree.find(".//*[@name='address_region']") is None
    page = await person.post(
        "/register/individual?change_country=1",
        {**PERSON, "address_country": "US", "address_street": "1 Main St"},
    )
    assert page.status == 200
    assert not page.errors
    assert page.typed("address_street") == "1 Main St"
    assert page.typed("email") == "ines@example.com"
    assert page.typed("password") == ""
    assert page.tree.find(".//select[@name='address_region']") is not None
    assert await User.count() == 0


async def test_the_fields_of_a_country_come_as_a_fragment(database):
    person = await visit("shop")
    answer = await person.client.get("/address-fields?prefix=address_&address_country=US")
    assert answer.status_code == 200
    assert 'name="address_region"' in answer.text
    assert "<html" not in answer.text
    japanese = (await person.client.get("/address-fields?prefix=address_&address_country=JP")).text
    assert japanese.index('name="address_postal_code"') < japanese.index('name="address_street"')
    strange = await person.client.get("/address-fields?prefix=evil&country=XX%22")
    assert strange.status_code == 200
    assert "evil" not in strange.text


async def test_a_type_that_the_application_does_not_admit_is_not_found(database):
    assert (await (await visit("shop")).get("/register/smb")).status == 404
    assert (await (await visit("business")).get("/register/individual")).status == 404
    assert (await (await visit("shop")).post("/register/smb", {**PERSON, **COMPANY})).status == 404
    assert await User.count() == 0


async def test_a_known_email_is_answered_like_a_new_one_and_its_owner_is_told(database):
    known = await people.shopper("Ines@example.com", first_name="Ines")
    person = await visit("shop")
    page = await person.fill(await person.get("/register"), PERSON, form="email")
    stranger = await visit("shop")
    other = await stranger.fill(
        await stranger.get("/register"), {**PERSON, "email": "new@example.com"}, form="email"
    )
    assert (page.status, page.path, page.main) == (other.status, other.path, other.main)
    assert await User.count() == 2
    [told] = await mails(kind="already_registered")
    # To the stored spelling, not to the one that was typed.
    assert told.to == "Ines@example.com"
    stored = await User.objects().get(User.id == known.user_id)
    assert stored.last_name != "Müller"


async def test_whoever_has_an_account_at_another_shop_is_led_there(database):
    await people.shopper("ines@example.com")
    person = await visit("business")
    await person.fill(await person.get("/register"), {**PERSON, **COMPANY}, form="email")
    [told] = await mails(kind="already_registered")
    assert told.subject == "You already have an account at Patron"
    assert "It already has an account at Patron, so nothing was changed." in told.text
    page = await (await visit("shop")).get(told.link)
    assert (page.path, page.h1) == ("/sign-in", "Sign in")


async def test_upper_case_and_wide_letters_are_the_same_email(database):
    await people.shopper("ines@example.com")
    for email in ("INES@EXAMPLE.COM", "ＩＮＥＳ@example.com"):
        person = await visit("shop")
        page = await person.fill(await person.get("/register"), {**PERSON, "email": email}, form="email")
        assert page.h1 == "Look into your mailbox"
    assert await User.count() == 1


async def test_twenty_parallel_registrations_of_one_email_make_one_user(database):
    persons = [await visit("shop") for _ in range(20)]
    for person in persons:
        await person.get("/register")
    pages = await asyncio.gather(*(person.post("/register/individual", PERSON) for person in persons))
    assert {page.status for page in pages} == {200}
    assert {page.h1 for page in pages} == {"Look into your mailbox"}
    assert await User.count() == 1
    assert await Customer.count() == 1
    assert await Membership.count() == 1
    kinds = [mail.kind for mail in await mails()]
    assert kinds.count("verify_email") == 1
    # No more, whoever registers it again and again: the next test.
    assert kinds.count("already_registered") == 5


async def test_whoever_registers_a_known_email_again_and_again_floods_no_mailbox(database):
    await people.shopper("ines@example.com")
    answers = set()
    for number in range(8):
        person = await visit("shop", address=f"10.0.2.{number}")
        page = await person.fill(await person.get("/register"), PERSON, form="email")
        answers.add((page.status, page.path, page.main))
    assert len(answers) == 1
    assert len(await mails(kind="already_registered")) == 5


async def test_parallel_companies_get_numbers_of_their_own(database):
    persons = [await visit("business") for _ in range(8)]
    for person in persons:
        await person.get("/register")
    await asyncio.gather(
        *(
            person.post("/register/smb", {**PERSON, **COMPANY, "email": f"user{n}@example.com"})
            for n, person in enumerate(persons)
        )
    )
    numbers = {one.number for one in await Customer.objects()}
    assert numbers == {str(100001 + n) for n in range(8)}


async def test_the_preferred_language_decides_the_language_of_the_mail(database):
    person = await visit("shop", language="de")
    page = await person.get("/register")
    assert page.typed("preferred_language") == "de"
    await person.fill(page, PERSON, form="email")
    [mail] = await mails()
    assert mail.language == "de"
    assert (await User.objects().first()).preferred_language == "de"


async def test_a_language_that_the_shop_does_not_speak_is_refused(database):
    person = await visit("shop")
    await person.get("/register")
    page = await person.post("/register/individual", {**PERSON, "preferred_language": "xx"})
    assert set(page.errors) == {"preferred_language"}


async def test_who_is_signed_in_is_led_to_adding_a_company_and_not_to_a_second_account(database):
    known = await people.shopper()
    person = await known.signed_in()
    page = await person.get("/register/individual")
    assert f"You are signed in as {known.login}. This form makes another account" in page.main
    [address] = page.tree.xpath("//main//a[normalize-space()='Your companies']/@href")
    assert (await person.get(address)).h1 == "Your companies"
    assert "You are signed in as" not in (await (await visit("shop")).get("/register/individual")).main


async def test_fields_of_other_forms_change_nothing(database):
    person = await visit("shop")
    await person.get("/register")
    await person.post(
        "/register/individual",
        {
            **PERSON,
            "approval_status": "approved",
            "roles": "account_administrator",
            "login": "x",
            "is_active": "0",
        },
    )
    user = await User.objects().first()
    assert (user.login, user.is_active) == ("ines@example.com", True)
    assert (await Membership.objects().first()).roles == []


async def test_a_client_cannot_register_without_end(database, monkeypatch):
    import app.registration.routes as routes

    monkeypatch.setattr(routes, "REGISTRATIONS_OF_CLIENT", 2)
    person = await visit("shop", address="192.0.2.7")
    statuses = []
    for n in range(3):
        await person.get("/register")
        statuses.append(
            (await person.post("/register/individual", {**PERSON, "email": f"n{n}@example.com"})).status
        )
    assert statuses == [200, 200, 429]


async def test_line_breaks_in_names_are_refused(database):
    person = await visit("shop")
    await person.get("/register")
    page = await person.post("/register/individual", {**PERSON, "first_name": "Ines\r\nBcc: x@example.com"})
    assert set(page.errors) == {"first_name"}


async def test_registering_is_written_into_the_audit_log(database):
    person = await visit("shop")
    await person.fill(await person.get("/register"), PERSON, form="email")
    actions = [row["action"] for row in await DB.fetch("SELECT action FROM audit_entries")]
    assert actions == ["customer registered"]


async def test_with_user_names_both_are_asked_and_a_taken_user_name_is_told(database, user_name_mode):
    for email, login, expected in (
        ("one@example.com", "ines", 200),
        ("one@example.com", "ines.two", 200),
        ("two@example.com", "INES", 422),
        ("two@example.com", "i", 422),
        ("two@example.com", "", 422),
    ):
        person = await visit("shop")
        page = await person.fill(await person.get("/register"), {**PERSON, "email": email, "login": login})
        assert page.status == expected
        if expected == 422:
            assert set(page.errors) == {"login"}
    assert {one.login for one in await User.objects()} == {"ines", "ines.two"}
    assert {one.email for one in await User.objects()} == {"one@example.com"}


async def test_the_time_of_the_answer_is_reckoned_from_the_hash_which_may_stand_in_a_queue(
    database, monkeypatch
):
    """Else, once the queue is longer than the floor, the answer would tell whether the e-mail is known."""
    from app.registration import register

    hashed: list[float] = []
    real = register.hash_password

    async def after_a_long_queue(password: str) -> str:
        await asyncio.sleep(register.ANSWER_AFTER)
        made = await real(password)
        hashed.append(time.monotonic())
        return made

    monkeypatch.setattr(register, "hash_password", after_a_long_queue)
    for _known in (False, True):
        person = await visit("shop")
        page = await person.fill(await person.get("/register"), PERSON, form="email", follow=False)
        assert page.status == 303
        assert time.monotonic() - hashed.pop() >= register.ANSWER_AFTER
