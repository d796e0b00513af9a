"""What a person still has to do, or waits for: told on the overview of the account.

Whatever else leaves something to be done adds a function to OPEN_TASKS.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.account.change_email import pending_email
from app.languages import gettext as _
from app.languages import ngettext
from app.newsletter.opt_in import NewsletterState, newsletter_state
from app.orders.claiming import claimable_orders
from app.personal_data.requests import requests_of_user
from app.visitor import Visitor
from tables.customers import ApprovalStatus
from tables.engine import DB
from tables.personal_data import DataRequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A task in the visitor's words. `route` is the name of the page where it is done; "" where nothing is to be
    done but waiting."""

    words: str
    route: str = ""
    link_text: str = ""


TasksOf = Callable[[Visitor], Awaitable[list[OpenTask]]]

_WAITING = """
    SELECT c.search_name AS name FROM memberships m JOIN customers c ON c.id = m.customer
    WHERE m."user" = $1 AND m.is_active AND c.is_active AND c.approval_status = $2 ORDER BY c.created_at, c.id
"""


async def open_tasks_of(visitor: Visitor) -> list[OpenTask]:
    """All tasks of the signed-in visitor, in the order of OPEN_TASKS."""
    return [task for tasks_of in OPEN_TASKS for task in await tasks_of(visitor)]


async def email_to_verify(visitor: Visitor) -> list[OpenTask]:
    """A new e-mail that is not confirmed by the link in its mail yet (domain.md 6)."""
    email = await pending_email(visitor)
    if not email:
        return []
    words = _("Confirm your new e-mail %(email)s by the link that we sent there.", email=email)
    return [OpenTask(words=words, route="email", link_text=_("See your e-mail"))]


async def newsletter_to_confirm(visitor: Visitor) -> list[OpenTask]:
    """A newsletter that was ordered and not confirmed by the link in its mail yet."""
    if (
        visitor.account is None
        or await newsletter_state(visitor.account.user_id) is not NewsletterState.ASKED
    ):
        return []
    words = _("Confirm the newsletter by the link that we sent you.")
    return [OpenTask(words=words, route="consents", link_text=_("See your consents"))]


async def data_requests_to_confirm(visitor: Visitor) -> list[OpenTask]:
    """A request about one's data that nobody acts on before it is confirmed (domain.md 13)."""
    if visitor.account is None:
        return []
    found = await requests_of_user(visitor.account.user_id)
    if not any(one.state is DataRequestState.ASKED and not one.is_expired for one in found):
        return []
    words = _("Confirm your request about your data by the link that we sent you.")
    return [OpenTask(words=words, route="account_privacy", link_text=_("See your requests"))]


async def customers_awaiting_approval(visitor: Visitor) -> list[OpenTask]:
    """Other customers of the person whom staff have not decided on yet (domain.md 4)."""
    if visitor.account is None:
        return []
    rows = await DB.fetch(_WAITING, visitor.account.user_id, ApprovalStatus.PENDING.value)
    return [
        OpenTask(words=_("%(name)s awaits our approval. You will get a mail.", name=row["name"]))
        for row in rows
    ]


async def guest_orders_to_claim(visitor: Visitor) -> list[OpenTask]:
    """Orders that the person has placed without an account (domain.md 4)."""
    count = await claimable_orders(visitor)
    if not count:
        return []
    words = ngettext(
        "You have placed one order as a guest with your e-mail address.",
        "You have placed %(n)s orders as a guest with your e-mail address.",
        count,
    )
    return [OpenTask(words=words, route="orders", link_text=_("Take over into my account"))]


OPEN_TASKS: tuple[TasksOf, ...] = (
    email_to_verify,
    customers_awaiting_approval,
    data_requests_to_confirm,
    newsletter_to_confirm,
    guest_orders_to_claim,
)
