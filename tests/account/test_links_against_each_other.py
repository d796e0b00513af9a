"""Reset, change of the e-mail, undo and change of the password against each other, in every order and at once.

Ines has changed her e-mail from FIRST to NOW, so that FIRST can undo it. A link to LATER waits for its
confirmation, a link to a new password lies in the mailbox of NOW, and she is signed in in a browser.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import permutations

import pytest

from app.applications import application_by_id
from app.sign_in.password_mails import reset_link
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.sign_in.software_passkey import SoftwarePasskey, add, use

pytestmark = pytest.mark.usefixtures("database")

FIRST, NOW, LATER = "ines@first.example", "ines@now.example", "ines@later.example"
BY_RESET, BY_CHANGE = "chosen by the mailed link", "chosen in the account pages"
NO_PASSWORD = ""
STEPS = ("reset", "confirm", "undo", "password")


@dataclass
class Model:
    """What must come of it: a step that is dead changes nothing."""

    email: str = NOW
    password: str = people.PASSWORD
    is_signed_in: bool = True
    dead: set[str] = field(default_factory=set)

    def take(self, step: str) -> bool:
        """Takes a step; whether it counted."""
        if step in self.dead or (step == "password" and not self.is_signed_in):
            return False
        self.dead.add(step)
        if step == "confirm":
            self.email = LATER
            self.dead.add("reset")
        elif step == "undo":
            # Whoever changed the e-mail knew the password: it opens nothing until a new one is chosen.
            self.email, self.password, self.is_signed_in = FIRST, NO_PASSWORD, False
            self.dead |= {"reset", "confirm"}
        else:
            self.password = BY_RESET if step == "reset" else BY_CHANGE
            self.is_signed_in = self.is_signed_in and step == "password"
            # The undo survives both: who has taken over an account changes its password too.
            self.dead |= {"reset", "confirm"}
        return True


@dataclass
class Scene:
    """Ines, her browser and the pages of the links, each opened in a browser of its own."""

    ines: people.Known
    browsers: dict[str, Person]
    pages: dict[str, SeenPage]

    async def take(self, step: str) -> SeenPage:
        typed = {
            "reset": {"password": BY_RESET},
            "confirm": {},
            "undo": {},
            "password": {"current_password": people.PASSWORD, "password": BY_CHANGE},
        }[step]
        field_of_form = "current_password" if step == "password" else "token"
        return await self.browsers[step].fill(self.pages[step], typed, form=field_of_form, follow=False)


async def scene() -> Scene:
    ines = await people.shopper(FIRST)
    person = await ines.signed_in(address="10.6.0.1")
    for email in (NOW, LATER):
        page = await person.get("/account/email")
        await person.fill(page, {"email": email, "current_password": people.PASSWORD})
        if email == NOW:
            mailbox = await visit("shop")
            page = await mailbox.get((await mails("confirm_new_email", NOW))[-1].link)
            await mailbox.fill(page, {}, form="token")
    links = {
        "reset": await reset_link(ines.user_id, application_by_id("shop"), 60),
        "confirm": (await mails("confirm_new_email", LATER))[-1].link,
        "undo": (await mails("email_changed", FIRST))[-1].link,
        "password": "/account/password",
    }
    browsers = {one: await visit("shop", address=f"10.6.0.{n}") for n, one in enumerate(STEPS, 2)}
    browsers["password"] = person
    pages = {one: await browsers[one].get(links[one]) for one in STEPS}
    assert [one.status for one in pages.values()] == [200] * 4
    return Scene(ines, browsers, pages)


async def what_holds(ines: people.Known) -> tuple[str, str]:
    """E-mail and password with which one gets in, NO_PASSWORD for none; nothing else may work."""
    row = await DB.fetch_row(
        "SELECT login, email, login_canonical, email_canonical, email_verified_at FROM users WHERE id = $1",
        ines.user_id,
    )
    assert row is not None
    assert row["login"] == row["email"] == row["login_canonical"] == row["email_canonical"]
    assert row["email_verified_at"] is not None
    await DB.execute("DELETE FROM attempt_counters")
    let_in = []
    for n, password in enumerate((people.PASSWORD, BY_RESET, BY_CHANGE)):
        page = await (await visit("shop", address=f"10.6.1.{n}")).sign_in(row["email"], password)
        if page.path == "/account":
            let_in.append(password)
    has_password = await DB.fetch_value(
        "SELECT password_hash IS NOT NULL FROM users WHERE id = $1", ines.user_id
    )
    assert len(let_in) == int(has_password), let_in
    return row["email"], let_in[0] if has_password else NO_PASSWORD


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids=" then ".join)
async def test_in_every_order_each_step_counts_or_is_dead_as_it_must(order: tuple[str, ...]) -> None:
    stage, model = await scene(), Model()
    for step in order:
        page = await stage.take(step)
        # Who is no longer signed in is sent to sign in; all others come to the page that says what was done.
        leads_to = page.response.headers.get("location", "")
        counted = page.status == 303 and (step != "password" or leads_to == "/account/password")
        assert counted == model.take(step), f"{step} in {order}: {page.status}"
        assert page.status in (303, 410)
    still = await stage.browsers["password"].get("/account", follow=False)
    assert (still.status == 200) == model.is_signed_in
    for step in ("reset", "confirm", "undo"):
        assert (await stage.take(step)).status == 410, f"{step} again, after {order}"
    assert await what_holds(stage.ines) == (model.email, model.password)


@pytest.mark.parametrize("attempt", range(4))
async def test_at_once_the_end_is_that_of_some_order(attempt: int) -> None:
    possible = set()
    for order in permutations(STEPS):
        model = Model()
        for step in order:
            model.take(step)
        possible.add((model.email, model.password))
    stage = await scene()
    steps = STEPS[attempt:] + STEPS[:attempt]
    pages = await asyncio.gather(*(stage.take(one) for one in steps))
    assert {one.status for one in pages} <= {303, 410, 422}
    assert await what_holds(stage.ines) in possible


async def test_a_second_undo_after_a_thief_s_second_change_restores_the_first_address() -> None:
    """FIRST -> NOW -> LATER: whatever the thief does with the links in the mailbox of NOW, FIRST wins."""
    stage = await scene()
    await stage.take("confirm")
    thief = await visit("shop", address="10.6.2.1")
    page = await thief.get((await mails("email_changed", NOW))[-1].link)
    page = await thief.fill(page, {}, form="token")
    await thief.fill(page, {"password": BY_RESET})
    assert (await what_holds(stage.ines)) == (NOW, BY_RESET)
    assert (await stage.take("undo")).status == 303
    assert (await what_holds(stage.ines))[0] == FIRST


async def test_a_passkey_that_was_added_since_the_change_does_not_come_back_after_the_undo() -> None:
    ines = await people.shopper(FIRST)
    person = await ines.signed_in()
    own, of_thief = SoftwarePasskey(), SoftwarePasskey()
    await add(person, own)
    page = await person.get("/account/email")
    await person.fill(page, {"email": NOW, "current_password": people.PASSWORD})
    mailbox = await visit("shop")
    page = await mailbox.get((await mails("confirm_new_email", NOW))[-1].link)
    await mailbox.fill(page, {}, form="token")
    await add(person, of_thief)
    page = await mailbox.get((await mails("email_changed", FIRST))[-1].link)
    await mailbox.fill(page, {}, form="token")
    assert (await mails("security_changed"))[-1].to == FIRST
    for passkey, opens in ((of_thief, False), (own, True)):
        browser = await visit("shop")
        await browser.get("/sign-in")
        await use(browser, passkey)
        assert ((await browser.get("/account")).path == "/account") is opens
