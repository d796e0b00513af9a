"""Moving users and merging customers, for accessibility and the strict policy; see stops.py."""

from tests.browser.stops import Prepared, at, of_staff, proven
from tests.browser.window import Window


async def move_form(window: Window, prepared: Prepared) -> int:
    await window.open("/customers/QUICK/users", "back-office")
    return await proven(window, await window.leave_by(window.page.locator("main a[href*='/move']").first))


async def move_without_answers(window: Window, prepared: Prepared) -> int:
    await move_form(window, prepared)
    return await window.press("Move the user")


async def last_administrator(window: Window, prepared: Prepared) -> int:
    """Asked who takes over, before the only administrator of a company with several users is disabled."""
    await window.open("/customers/ALFKI/users", "back-office")
    row = window.page.locator("main tbody tr").filter(has_text="Maria Anders")
    return await window.leave_by(row.locator("form[action$='/disable-membership'] button"))


async def individual_to_merge(window: Window, prepared: Prepared) -> int:
    await window.open("/customers?q=Ines", "back-office")
    await window.leave_by(window.page.locator("main tbody tr").first.get_by_role("link").first)
    return await window.follow("One person with two accounts?", within="main")


MOVING = [
    of_staff("individual-to-merge", individual_to_merge),
    of_staff("move-user", move_form),
    of_staff("move-user-errors", move_without_answers, 422),
    of_staff("last-administrator", last_administrator, 422),
    of_staff("delete-customer", at("/customers/QUICK/delete", "back-office")),
    of_staff("duplicates", at("/customers/duplicates?kind=domain", "back-office")),
    of_staff("merge-customer", at("/customers/QUICK/merge", "back-office")),
    of_staff("merge-customer-preview", at("/customers/QUICK/merge?other=FRANK", "back-office")),
    of_staff("merge-customer-error", at("/customers/QUICK/merge?other=nobody", "back-office"), 422),
]
