"""What people do in their account, each by the page's own forms. First what makes pages exist, then what ends it."""

from tests.authenticator import code_of
from tests.browser.account_walk import AccountWalk
from tests.browser.passkeys import VirtualAuthenticator, plug_in

ANOTHER_PASSWORD = "seven green bottles hanging"
A_THIRD_PASSWORD = "the ferry leaves at half past nine"
# A passkey is made by a script of the page.
PAGES_OF_SCRIPTS = {"passkey"}
FORMS_OF_SCRIPTS = {"new_passkey_options", "new_passkey_post", "passkey_post", "remove_passkey"}
# What `protect_the_account` and `go_through_ones_data` send, by the names of routes.
PROTECTING = {
    "authenticator_post",
    "email_post",
    "end_other_sessions",
    "end_session",
    "password_post",
    "recovery_codes_file",
    "recovery_codes_post",
    "remove_authenticator_post",
    "withdraw_email",
} | FORMS_OF_SCRIPTS
OF_DATA = {"account_privacy_post", "withdraw_data_request"}


async def fill_in_the_profile(walk: AccountWalk) -> None:
    window = walk.window
    await walk.open("/account/profile")
    await window.fill(title="mx", fax="+49 221 4710124")
    of_work = await window.page.locator("main [name=department]").count()
    await window.fill(**({"department": "Purchasing"} if of_work else {"birthday": "1990-02-03"}))
    await window.press("Save profile")
    await walk.reads("Your profile is saved.")
    await walk.open("/account/profile")
    assert await window.page.input_value("[name=title]") == "mx"
    assert await window.page.input_value("[name=fax]") == "+49 221 4710124"


async def enter_two_addresses(walk: AccountWalk) -> None:
    """One in Japan, whose form begins with the postal code, and one next door."""
    window = walk.window
    await walk.open("/account/addresses/new")
    await window.fill(country="JP")
    if walk.has_scripts:
        await window.page.locator("select[name=region]").wait_for()
    else:
        assert await window.press("Change country") == 200
    await window.fill(postal_code="1", region="Tokyo", street="2-3 Marunouchi")
    assert await window.press("Save address") == 422
    await window.fill(postal_code="154-0023")
    await window.press("Save address")
    await walk.reads("The address is saved.")
    assert "〒154-0023" in await window.page.inner_text("main")
    await walk.open("/account/addresses/new")
    await window.fill(street="Hafenstraße 7", postal_code="20457", city="Hamburg")
    await window.press("Save address")
    await walk.reads("The address is saved.")


async def correct_prefer_and_delete_addresses(walk: AccountWalk) -> None:
    window = walk.window
    await walk.open("/account/addresses")
    card = window.page.locator("main article").filter(has_text="Hafenstraße 7")
    await window.leave_by(card.get_by_role("link", name=window.says("Edit address")))
    await window.fill(street="Hafenstraße 8")
    await window.press("Save address")
    await walk.reads("The address is saved.")
    # Who may not change what the company shares prefers for themselves.
    card = window.page.locator("main article").filter(has_text="Hafenstraße 8")
    for_all = card.get_by_role("button", name=window.says("Prefer for invoices"), exact=True)
    words = "Prefer for %s" if await for_all.count() else "Prefer for my %s"
    for kind in ("invoices", "deliveries"):
        await window.leave_by(card.get_by_role("button", name=window.says(words % kind), exact=True))
        await walk.reads(f"This address is now preferred for {kind}.")
    await window.leave_by(card.get_by_role("link", name=window.says("Delete address")))
    await walk.reads("This address cannot be deleted")
    await walk.look()
    await walk.open("/account/addresses")
    going = "2-3 Marunouchi"
    card = window.page.locator("main article").filter(has_text=going)
    await window.leave_by(card.get_by_role("link", name=window.says("Delete address")))
    await window.press("Delete address")
    await walk.reads("The address is deleted.")
    assert going not in await window.page.inner_text("main")


async def take_over_what_was_ordered_as_a_guest(walk: AccountWalk) -> None:
    await walk.open("/account/orders")
    await walk.window.press("Take over into my account")
    assert await walk.window.page.locator("main tbody tr").count() == 1


async def withdraw_from_the_order(walk: AccountWalk) -> None:
    """A consumer's right; the page says since when."""
    window = walk.window
    await walk.open("/account/orders")
    await window.leave_by(window.page.locator("main tbody th a"))
    await window.follow("Withdraw from the contract", within="main")
    await window.press("Confirm the withdrawal")
    await walk.reads("Withdrawn")


async def order_again(walk: AccountWalk) -> None:
    await walk.open("/account/orders")
    await walk.window.leave_by(walk.window.page.locator("main tbody th a"))
    assert await walk.window.press("Order again") == 200
    assert await walk.window.heading == walk.window.says("Basket")


async def make_an_order_template(walk: AccountWalk) -> None:
    """Out of an order, so that there is something in it."""
    window = walk.window
    await walk.open("/account/orders")
    await window.leave_by(window.page.locator("main tbody th a"))
    await walk.follow("Keep as an order template")
    await window.fill(name="Every week")
    await window.press("Save order template")
    assert await window.heading == "Every week"


async def change_use_and_delete_the_template(walk: AccountWalk) -> None:
    window = walk.window
    line = window.page.locator("main .basket-line").first
    await line.locator("[name=quantity]").fill("2")
    await window.leave_by(line.locator("button"))
    assert await line.locator("[name=quantity]").input_value() == "2"
    new = window.page.locator("main form", has=window.page.locator("[name=sku]"))
    await new.locator("[name=sku]").fill("NW-001")
    await new.locator("[name=quantity]").fill("3")
    await window.press("Add")
    assert await window.page.locator("main .basket-line").count() == 2
    await walk.follow("Rename or share")
    await window.fill(name="Every month")
    await window.press("Save order template")
    assert await window.heading == "Every month"
    assert await window.press("Put into the basket") == 200
    await walk.open("/account/templates")
    await window.leave_by(window.page.get_by_role("link", name="Every month", exact=True))
    await walk.follow("Delete order template")
    await window.press("Delete order template")
    assert await window.page.get_by_role("link", name="Every month", exact=True).count() == 0


async def withdraw_the_requisition(walk: AccountWalk) -> None:
    window = walk.window
    await walk.open("/account/requisitions")
    await window.leave_by(window.page.locator("main tbody th a"))
    await window.press("Withdraw the requisition")
    assert await window.page.get_by_role("button", name=window.says("Withdraw the requisition")).count() == 0


async def have_the_order_confirmed_and_save_the_invoice(walk: AccountWalk) -> None:
    window, staff = walk.window, walk.staff
    await walk.open("/account/orders")
    await window.leave_by(window.page.locator("main tbody th a"))
    await walk.reads("The invoice comes once the order is confirmed.")
    number = window.path.rpartition("/")[2]
    await staff.open(f"/orders/{number}", "back-office")
    await staff.press("Confirm the order")
    await walk.open(f"/account/orders/{number}")
    name = window.says("Download the invoice (PDF)")
    assert (await walk.download(window.page.get_by_role("link", name=name))).startswith("INV-")


async def begin_a_company(walk: AccountWalk) -> None:
    """The button leads to the form, which tests/registration fills in."""
    await walk.open("/account/companies")
    assert await walk.window.press("Register your company") == 200
    await walk.window.open("/account", walk.application)


async def order_and_end_the_newsletter(walk: AccountWalk) -> None:
    await walk.open("/account/consents")
    await walk.window.press("Order the newsletter")
    await walk.reads("We have sent you a mail. Please confirm the newsletter by the link in it.")
    await walk.open_link_of_mail("/newsletter/confirm?")
    assert await walk.window.press("Confirm the newsletter") == 200
    await walk.open("/account/consents")
    await walk.reads("You receive the newsletter at %(email)s.", email=walk.email)
    await walk.window.press("End the newsletter")
    await walk.reads("You no longer receive the newsletter.")


async def set_up_an_authenticator(walk: AccountWalk) -> None:
    window = walk.window
    await walk.open("/account/security")
    await walk.follow("Set up an authenticator")
    await walk.look()
    key = (await window.page.inner_text("main code")).replace(" ", "")
    await window.fill(code="000000")
    assert await window.press("Use this authenticator") == 422
    await window.fill(code=code_of(key))
    assert await window.press("Use this authenticator") == 200
    file = window.page.locator("main").get_by_role("button", name=window.says("Save as a text file"))
    assert await walk.download(file) == "recovery-codes.txt"
    await window.follow("I have kept the codes", within="main")
    await walk.reads("In use")


async def renew_the_codes_and_remove_the_authenticator(walk: AccountWalk) -> None:
    window = walk.window
    await walk.open("/account/security/recovery-codes")
    await window.press("Make new recovery codes")
    await walk.reads("Here are your new recovery codes. The old ones no longer work.")
    await walk.open("/account/security/authenticator/remove")
    await window.press("Remove authenticator")
    await walk.reads("The authenticator is removed.")


async def add_a_passkey(walk: AccountWalk) -> None:
    """Only a script can ask the device for one: without scripts the page says so, and asks for nothing."""
    await walk.open("/account/security/passkeys/new")
    if not walk.has_scripts:
        await walk.reads("This needs JavaScript and a browser that knows passkeys.")
        return
    await plug_in(walk.window, VirtualAuthenticator())
    await walk.window.fill(name="Laptop")
    await walk.window.press("Add a passkey")
    assert "Laptop" in await walk.window.page.inner_text("main")


async def rename_and_remove_the_passkey(walk: AccountWalk) -> None:
    window = walk.window
    if not walk.has_scripts:
        return
    await walk.open("/account/security")
    await walk.follow("Rename or remove")
    await window.fill(name="Desk")
    await window.press("Save name")
    assert "Desk" in await window.page.inner_text("main")
    await walk.follow("Rename or remove")
    await window.press("Remove passkey")
    await walk.reads("The passkey is removed. It no longer signs you in.")


async def end_other_sessions(walk: AccountWalk) -> None:
    """The browser of before, forgotten without signing out, and two more like it."""
    window = walk.window
    for _again in range(3):
        await walk.sign_in()
    await walk.open("/account/security")
    rows = window.page.locator("section[aria-labelledby=sessions] tbody tr")
    before = await rows.count()
    assert before >= 3
    await window.leave_by(rows.locator("button").first)
    assert await rows.count() == before - 1
    await window.press("End all other sessions")
    assert await rows.count() == 1


async def change_the_password(walk: AccountWalk) -> None:
    window = walk.window
    await walk.open("/account/password")
    await window.fill(current_password="a wrong password", password=ANOTHER_PASSWORD)
    assert await window.press("Save password") == 422
    await window.fill(current_password=walk.password, password=ANOTHER_PASSWORD)
    assert await window.press("Save password") == 200
    walk.password = ANOTHER_PASSWORD
    await walk.sign_in()


async def change_the_email_and_undo_it(walk: AccountWalk) -> None:
    """Asked for and taken back; then asked for, confirmed and undone by whoever still has the old mailbox."""
    window, old, new = walk.window, walk.email, f"moved.{walk.email}"
    for _again in range(2):
        await walk.open("/account/email")
        await window.fill(email=new, current_password=walk.password)
        assert await window.press("Send link") == 200
        await walk.open("/account/email")
        await walk.reads("A change waits for you")
        if not _again:
            await window.press("Keep the old address")
            assert not await window.sees("A change waits for you")
    await walk.open_link_of_mail("/confirm-email?", new)
    assert await window.press("Confirm e-mail address") == 200
    walk.email = new
    await walk.sign_in()
    await walk.open_link_of_mail("/undo-email-change?", old)
    await window.press("Undo the change")
    assert window.path.endswith("/reset-password")
    await window.fill(password=A_THIRD_PASSWORD)
    assert await window.press("Save password") == 200
    walk.email, walk.password = old, A_THIRD_PASSWORD
    await walk.sign_in()


async def get_an_archive_of_ones_data(walk: AccountWalk) -> None:
    """Asks and takes it back; asks again and confirms, staff carry it out, and there is the archive."""
    window = walk.window
    await _ask(walk, "export")
    await window.press("Withdraw the request")
    await _ask(walk, "export")
    await _confirm(walk)
    await _carry_out(walk, "Make the archive")
    await walk.open("/account/privacy")
    link = window.page.get_by_role("link", name=window.says("Download the archive"))
    assert await walk.download(link) == "personal-data.zip"


async def ask_as_a_stranger_and_withdraw(walk: AccountWalk) -> None:
    """The form of people who are not signed in leads to the same mail, here in a browser that forgot everything."""
    window = walk.window
    await window.page.context.clear_cookies()
    await window.open("/personal-data-requests", walk.application)
    await window.choose_language()
    await window.fill(email=walk.email)
    await window.page.locator("main [name=kind][value=export]").check()
    assert await window.press("Send the request") == 200
    await walk.open_link_of_mail("/personal-data-requests?")
    await walk.sign_in()
    await walk.open("/account/privacy")
    await window.press("Withdraw the request")


async def have_ones_data_deleted(walk: AccountWalk) -> None:
    """Confirming changes nothing yet; once staff have carried it out, nobody gets in any more."""
    window = walk.window
    await _ask(walk, "delete")
    await _confirm(walk)
    await walk.sign_in()
    await _carry_out(walk, "Delete the data")
    await walk.open("/account")
    assert window.path.endswith("/sign-in")
    await window.fill(login=walk.email, password=walk.password)
    assert await window.press("Sign in") == 422


async def protect_the_account(walk: AccountWalk) -> None:
    """All that keeps others out, set up and removed again."""
    await set_up_an_authenticator(walk)
    await add_a_passkey(walk)
    await rename_and_remove_the_passkey(walk)
    await renew_the_codes_and_remove_the_authenticator(walk)
    await end_other_sessions(walk)
    await change_the_password(walk)
    await change_the_email_and_undo_it(walk)


async def go_through_ones_data(walk: AccountWalk) -> None:
    """A copy of all that the shop has, and then the end of it."""
    await get_an_archive_of_ones_data(walk)
    await ask_as_a_stranger_and_withdraw(walk)
    await have_ones_data_deleted(walk)


async def _ask(walk: AccountWalk, kind: str) -> None:
    await walk.open("/account/privacy")
    await walk.window.page.locator(f"main [name=kind][value={kind}]").check()
    assert await walk.window.press("Send the request") == 200


async def _confirm(walk: AccountWalk) -> None:
    await walk.open_link_of_mail("/personal-data-requests?")
    assert await walk.window.press("Confirm the request") == 200
    assert await walk.window.heading == walk.window.says("Your request is confirmed")


async def _carry_out(walk: AccountWalk, button: str) -> None:
    await walk.staff.open("/personal-data-requests", "back-office")
    row = walk.staff.page.locator("main tbody tr").filter(has_text=walk.email)
    await walk.staff.leave_by(row.get_by_role("link"))
    assert await walk.staff.press(button) == 200
