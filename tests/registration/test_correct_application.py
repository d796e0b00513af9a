"""A rejected applicant corrects the application and sends it again (domain.md 4, Approval)."""

import asyncio

from app.applications import application_by_id
from app.sign_in.link_tokens import Purpose, issue
from tables import Address, ApprovalRequest, Company, Customer, User
from tables.customers import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit


async def rejected(**changes: object) -> tuple[people.Known, str]:
    """A rejected company and the token of the link in its mail."""
    known = await people.company(approval_status=ApprovalStatus.REJECTED, **changes)
    business = application_by_id("business")
    assert business is not None
    token = await issue(
        Purpose.CORRECT_APPLICATION, known.user_id, business, 60, customer_id=known.customer_id
    )
    return known, token


async def test_the_form_holds_what_the_application_says_but_no_email_and_no_password(database):
    _known, token = await rejected()
    person = await visit("business")
    page = await person.get(f"/register/correct?token={token}")
    assert page.h1 == "Correct your application"
    assert page.typed("company_name") == "Alfreds Futterkiste"
    assert page.typed("last_name") == "Anders"
    assert page.typed("address_street") == "Obere Str. 57"
    assert page.typed("address_country") == "DE"
    for name in ("email", "password", "terms"):
        assert page.tree.find(f".//main//*[@name='{name}']") is None


async def test_who_comes_by_the_sign_in_reads_why_the_application_was_rejected(database):
    known = await people.pending_company()
    staff = await (await people.staff_member()).signed_in()
    page = await staff.get(f"/customers/{known.number}")
    await staff.fill(page, {"comment": "Please add your taxation id.\nAnd <the> street."}, form="comment")
    person = await visit("business")
    page = await person.sign_in(known.login, known.password)
    page = await person.get(page.tree.xpath("//main//a[contains(@href, 'correct')]")[0].get("href"))
    assert page.h1 == "Correct your application"
    assert "This is why:" in page.main
    assert "Please add your taxation id." in page.main
    assert "And <the> street." in page.main


async def test_a_corrected_application_is_pending_with_a_new_request_and_all_are_told(database):
    known, token = await rejected()
    person = await visit("business")
    page = await person.get(f"/register/correct?token={token}")
    page = await person.fill(
        page,
        {
            "company_name": "Alfreds Futterkiste AG",
            "address_street": "Neue Str. 1",
            "taxation_id": "DE136695976",
        },
    )
    assert page.h1 == "Thank you, your application is with us"
    customer = await Customer.objects().get(Customer.id == known.customer_id)
    assert (customer.approval_status, customer.search_name) == ("pending", "Alfreds Futterkiste AG")
    assert (await Company.objects().first()).taxation_id == "DE136695976"
    assert [one.street for one in await Address.objects()] == ["Neue Str. 1"]
    assert await ApprovalRequest.count() == 1
    [requested] = await mails(kind="approval_requested")
    assert "Alfreds Futterkiste AG" in requested.text
    assert len(await mails(kind="approval_received")) == 1


async def test_email_and_password_stay_whatever_is_sent(database):
    known, token = await rejected()
    person = await visit("business")
    await person.get(f"/register/correct?token={token}")
    before = await User.objects().get(User.id == known.user_id)
    page = await person.post(
        f"/register/correct?token={token}",
        {
            "company_name": "New",
            "first_name": "Maria",
            "last_name": "Anders",
            "email": "evil@example.com",
            "login": "evil",
            "password": "another long password here",
        },
    )
    assert page.status == 200
    after = await User.objects().get(User.id == known.user_id)
    assert (after.email, after.login, after.password_hash) == (
        before.email,
        before.login,
        before.password_hash,
    )


async def test_errors_are_told_and_the_link_still_works(database):
    _known, token = await rejected()
    person = await visit("business")
    page = await person.get(f"/register/correct?token={token}")
    page = await person.fill(page, {"company_name": "", "taxation_id": "??"})
    assert page.status == 422
    assert set(page.errors) == {"company_name", "taxation_id"}
    page = await person.fill(page, {"company_name": "Right", "taxation_id": ""})
    assert page.h1 == "Thank you, your application is with us"


async def test_a_link_corrects_once_also_in_parallel(database):
    _known, token = await rejected()
    person = await visit("business")
    await person.get(f"/register/correct?token={token}")
    fields = {"company_name": "New", "first_name": "Maria", "last_name": "Anders"}
    answers = await asyncio.gather(
        *(person.post(f"/register/correct?token={token}", fields) for _ in range(5))
    )
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410, 410]
    assert await ApprovalRequest.count() == 1
    page = await person.get(f"/register/correct?token={token}")
    assert page.h1 == "This link was used already"


async def test_who_is_no_longer_rejected_has_nothing_to_correct(database):
    _known, token = await rejected()
    await DB.execute("UPDATE customers SET approval_status = 'approved'")
    person = await visit("business")
    page = await person.get(f"/register/correct?token={token}")
    assert (page.status, page.h1) == (410, "There is nothing to correct")


async def test_an_altered_link_does_not_work(database):
    await rejected()
    person = await visit("business")
    assert (await person.get("/register/correct?token=nonsense")).h1 == "This link does not work"


async def test_a_rejected_applicant_finds_the_way_from_the_sign_in_page(database):
    known, _token = await rejected()
    person = await visit("business")
    page = await person.sign_in(known.login, known.password)
    assert page.status == 403
    [way] = [one for one in page.links if "/register/correct?token=" in one]
    assert (await person.get(way)).h1 == "Correct your application"
