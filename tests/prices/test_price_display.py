"""Net or gross: by customer type, switchable, labelled, and never a reason to pay more or less (domain.md 8)."""

import pytest

from app.applications import application_by_id
from app.prices.display import choose_price_display
from app.segments.audience import RecognisedCustomer
from app.visitor import Visitor
from tables.engine import DB
from tests.browser_like import Person, visit
from tests.checkout.ordering import add, open_shop
from tests.people import Known, company, shopper

pytestmark = pytest.mark.usefixtures("database")
OTHER_WAY = {"Show without VAT": "net", "Show with VAT": "gross"}


async def shown(person: Person) -> str:
    """How prices are shown to somebody, told by the button for the other way."""
    page = await person.get("/")
    (label,) = [label for label in OTHER_WAY if label in page.text]
    return "gross" if OTHER_WAY[label] == "net" else "net"


async def stored(known: Known) -> str:
    found = await DB.fetch_value("SELECT price_display FROM users WHERE id = $1", known.user_id)
    assert isinstance(found, str)
    return found


async def test_consumers_see_gross_and_businesses_net() -> None:
    assert await shown(await visit("shop")) == "gross"
    assert await shown(await visit("business")) == "net"
    assert await shown(await (await shopper()).signed_in()) == "gross"
    assert await shown(await (await company()).signed_in()) == "net"


async def test_a_stranger_switches_for_the_browser_and_stays_on_the_page() -> None:
    person = await visit("shop")
    page = await person.get("/sign-in?next=/account")
    page = await person.post("/display-prices", {"mode": "net", "next": page.path})
    assert page.path == "/sign-in?next=/account"
    assert person.cookie("prices") == "net"
    assert await shown(person) == "net"
    assert await shown(await visit("shop")) == "gross"
    await person.post("/display-prices", {"mode": "gross"})
    assert await shown(person) == "gross"


async def test_the_switch_of_a_shop_leaves_the_other_shop_alone() -> None:
    person = await visit("shop")
    await person.get("/")
    await person.post("/display-prices", {"mode": "net"})
    person.application = "business"
    assert await shown(person) == "net"
    await person.post("/display-prices", {"mode": "gross"})
    assert await shown(person) == "gross"
    person.application = "shop"
    assert await shown(person) == "net"


async def test_a_user_switches_wherever_they_sign_in() -> None:
    known = await company()
    person = await known.signed_in()
    await person.post("/display-prices", {"mode": "gross"})
    assert await stored(known) == "gross"
    assert person.cookie("prices") is None
    assert await shown(person) == "gross"
    assert await shown(await known.signed_in()) == "gross"


async def test_the_choice_of_the_account_comes_before_that_of_the_browser() -> None:
    known = await shopper()
    person = await visit("shop")
    await person.get("/")
    await person.post("/display-prices", {"mode": "net"})
    await choose_price_display(known.user_id, "gross")
    await person.sign_in(known.login, known.password)
    assert await shown(person) == "gross"


@pytest.mark.parametrize("mode", ["", "NET", "both", "n\x00et gross", "x" * 1000])
async def test_other_modes_change_nothing(mode: str) -> None:
    known = await shopper()
    person = await known.signed_in()
    page = await person.post("/display-prices", {"mode": mode})
    assert page.status in (200, 400)
    assert await stored(known) == ""
    with pytest.raises(ValueError, match=f"^{mode}$"):
        await choose_price_display(known.user_id, mode)


async def test_nobody_is_sent_to_another_site() -> None:
    person = await visit("shop")
    await person.get("/")
    answer = await person.post(
        "/display-prices", {"mode": "net", "next": "https://evil.example/"}, follow=False
    )
    assert (answer.status, answer.response.headers["location"]) == (303, "/")


async def test_the_switch_needs_a_token_against_forged_requests() -> None:
    known = await shopper()
    person = await known.signed_in()
    page = await person.post("/display-prices", {"mode": "net"}, token="forged")
    assert page.status == 403
    assert await stored(known) == ""


async def test_the_switch_speaks_german() -> None:
    person = await visit("shop", language="de")
    page = await person.get("/")
    assert "Preise inkl. MwSt." in page.text
    assert "Ohne MwSt. anzeigen" in page.text


async def test_the_header_says_what_is_shown() -> None:
    await open_shop()
    person = await visit("shop")
    page = await add(person, "TEA", 3)
    assert "Prices include VAT" in page.text
    assert "3 pieces · €35.70 " in page.text
    page = await person.post("/display-prices", {"mode": "net", "next": "/basket"})
    assert "Prices exclude VAT" in page.text
    assert "include VAT" not in page.text
    assert "3 pieces · €35.70 incl. VAT" in page.text, "what is paid stays the same"
    buyer = await (await company()).signed_in()
    assert "exclude VAT" in (await buyer.get("/")).text
    page = await buyer.post("/display-prices", {"mode": "gross", "next": "/"})
    assert "exclude VAT" not in page.text


async def test_the_header_says_nothing_of_tax_where_none_is_due() -> None:
    shop = await open_shop()
    await shop.product("BOOK", "Book", price=700, stock=50, tax_class="zero")
    person = await visit("shop")
    await add(person, "BOOK", 3)
    page = await person.post("/display-prices", {"mode": "net", "next": "/basket"})
    assert "3 pieces · €21.00" in page.text
    assert "€21.00 incl. VAT" not in page.text, "tax-free goods"
    assert "4 pieces · €32.90 incl. VAT" in (await add(person, "TEA")).text, "some are not"
    ines = await shopper()
    await choose_price_display(ines.user_id, "net")
    await DB.execute("UPDATE addresses SET country = 'CH' WHERE customer = $1", ines.customer_id)
    abroad = await ines.signed_in()
    page = await add(abroad, "TEA", 3)
    assert "3 pieces · €30.00" in page.text
    assert "incl. VAT" not in page.text, "an export"


async def test_the_back_office_has_no_switch() -> None:
    person = await visit("back-office")
    page = await person.get("/sign-in")
    assert not any(label in page.text for label in OTHER_WAY)
    page = await person.post("/display-prices", {"mode": "net"})
    assert page.status == 404


@pytest.mark.parametrize("chosen", ["", "net", "gross"])
async def test_what_is_paid_follows_the_customer_type_whatever_is_shown(chosen: str) -> None:
    shop, business = application_by_id("shop"), application_by_id("business")
    assert shop is not None
    assert business is not None
    assert Visitor(application=shop, language="en", price_display=chosen).is_charged_net is False
    assert Visitor(application=business, language="en", price_display=chosen).is_charged_net is True
    known = await company()
    assert known.customer_id is not None
    recognised = RecognisedCustomer(
        customer_id=known.customer_id, customer_type="SMB", is_recurring=False, price_display=chosen
    )
    # Somebody whose session is refused is treated as a stranger.
    refused = Visitor(application=shop, language="en", customer=recognised, price_display=chosen)
    assert refused.is_charged_net is False
