"""Payment: by invoice, in advance, or by a provider behind one interface (domain.md 9).

No data of a card is ever asked or stored: a provider is given the amount and an idempotency key, and gives a
reference. The provider for tests is offered in development only. Another one comes as an installed package with an
entry point in the group `patron.payment_providers` that names an object of this form.
"""

from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from app.languages import text
from app.settings import settings

ENTRY_POINT_GROUP = "patron.payment_providers"


class PaymentRefused(Exception):
    """The provider will not take this payment."""


@runtime_checkable
class PaymentProvider(Protocol):
    """What a way of payment is to the checkout. Names and words are English texts that are translated.

    `authorise` and `release` are called by app.orders.payment alone, which notes what it is about to ask for.
    """

    @property
    def id(self) -> str:
        """Kept with the order."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def explanation(self) -> str:
        """What happens when somebody chooses it."""

    @property
    def instructions(self) -> str:
        """What the buyer has to do after ordering, "" for nothing."""

    @property
    def holds_money(self) -> bool:
        """Whether it makes sure of amounts, so that there is something to give back."""

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Makes sure of the amount (minor units); the provider's reference, "" for none.

        The same key gives the same reference and never a second payment. Raises PaymentRefused; anything else that
        it raises leaves open whether the amount is held, and it is released.
        """

    async def release(self, idempotency_key: str, reference: str) -> None:
        """Gives the whole amount back: lets go what is held, pays back what was taken meanwhile.

        The key is that of the authorisation, which never counts again; `reference` is "" where its answer never
        came. It is asked until it returns, so that a second time, or for a key that it never saw, it does nothing.
        """


class Invoice:
    """The buyer pays when the goods have come."""

    id = "invoice"
    name = text("Invoice")
    explanation = text("You pay within 14 days after the delivery.")
    instructions = text("You will get an invoice with the delivery. Please pay within 14 days.")
    holds_money = False

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Nothing to make sure of."""
        return ""

    async def release(self, idempotency_key: str, reference: str) -> None:
        """Nothing to give back."""


class Prepayment(Invoice):
    """The buyer transfers the money first."""

    id = "prepayment"
    name = text("Prepayment")
    explanation = text("You transfer the amount, then we deliver.")
    instructions = text("Please transfer the amount and name the order number. We deliver when it has come.")


class AgreeingTestProvider:
    """Says yes to every payment."""

    id = "test"
    name = text("Test payment")
    explanation = text("For trying out: always succeeds, no money moves.")
    instructions = ""
    holds_money = True

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """A reference made of the key, so that a retry is the same payment."""
        return f"test-{idempotency_key[:24]}"

    async def release(self, idempotency_key: str, reference: str) -> None:
        """Nothing moved."""


class RefusingTestProvider(AgreeingTestProvider):
    """Says no to every payment."""

    id = "test-refused"
    name = text("Test payment that fails")
    explanation = text("For trying out: always refused.")

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Refuses."""
        raise PaymentRefused


def payment_providers() -> dict[str, PaymentProvider]:
    """The ways of payment that are offered, by id, in their order."""
    known = known_providers()
    if settings().development:
        return known
    return {key: one for key, one in known.items() if not isinstance(one, AgreeingTestProvider)}


@cache
def known_providers() -> dict[str, PaymentProvider]:
    """All ways of payment, by id: those of the shop, those that are installed, those for trying out.

    Raises TypeError for an installed one that is none.
    """
    installed: list[PaymentProvider] = []
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda one: one.name):
        found = point.load()
        if not isinstance(found, PaymentProvider):
            raise TypeError(f"{point.value} is no provider of payments (app/checkout/payments.py).")
        installed.append(found)
    known = [Invoice(), Prepayment(), *installed, AgreeingTestProvider(), RefusingTestProvider()]
    return {one.id: one for one in known}


def payment_name(payment_id: str) -> str:
    """The English name of a way of payment; its id where it is no longer known."""
    found = known_providers().get(payment_id)
    return found.name if found is not None else payment_id


def is_paid_by_transfer(payment_id: str) -> bool:
    """Whether the buyer transfers the money to the shop's account: by invoice, and in advance."""
    return isinstance(known_providers().get(payment_id), Invoice)


def payment_terms(payment_id: str) -> str:
    """How and by when it is paid, in English; "" where the way of payment is no longer known."""
    found = known_providers().get(payment_id)
    return found.explanation if found is not None else ""


def payment_instructions(payment_id: str) -> str:
    """What the buyer has to do after ordering, in English, "" for nothing."""
    found = known_providers().get(payment_id)
    return found.instructions if found is not None else ""
