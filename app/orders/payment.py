"""The payment of an order: held before it is placed, given back when nothing comes of it (domain.md 9).

What a provider is asked for is written down first, and what is to be given back is written in the transaction that
decides it; the worker asks the provider until it has agreed. So nothing is forgotten wherever a process is killed:
a payment that no order has come to hold is given back after a while, and a payment that an order holds only when
that order is cancelled, or when staff say so of returned goods.
"""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from app.audit import record
from app.checkout.payments import PaymentProvider, PaymentRefused, known_providers
from app.languages import gettext as _
from app.orders.wish import OrderRefused
from tables.engine import DB
from tables.keys import new_key
from tables.payments import PaymentState

log = structlog.get_logger()

# Seconds that a provider may take for an answer.
ANSWER_WITHIN = 20
# Minutes after which nobody is placing an order any more with a payment that none holds: far longer than a request.
UNUSED_AFTER = 15
# Minutes to wait after the first, second … time that a provider did not give back; from then on each time the last.
WAITS = (1, 5, 15, 60)
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a provider has agreed to. `payment` is none where nothing is held: by invoice, and in advance."""

    payment: uuid.UUID | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOfOrder:
    """What a provider holds of an order, or has given back; the amount in minor units, times in UTC."""

    state: PaymentState
    amount: int
    currency: str
    reference: str
    attempts: int
    released_at: datetime | None


# The same order tried again, or twice at once, is the same payment.
_ASK = """
    INSERT INTO payments (id, provider, idempotency_key, order_key, amount, currency, reference, state, asked_at,
                          attempts, last_error)
    VALUES ($1, $2, $3, $4, $5, $6, '', 'asked', now(), 0, '')
    ON CONFLICT (order_key, provider, amount, currency) WHERE state IN ('asked', 'held')
        DO UPDATE SET asked_at = now()
    RETURNING id, idempotency_key
"""
_HOLD = """
    UPDATE payments SET state = 'held', "order" = $2 WHERE id = $1 AND state = 'asked'
"""
_LET_GO = "UPDATE payments SET state = 'releasing', due_at = now() WHERE id = $1 AND state = 'asked'"
_GIVE_BACK = """
    UPDATE payments SET state = 'releasing', due_at = now() WHERE "order" = $1 AND state = 'held'
"""
_UNUSED = """
    UPDATE payments SET state = 'releasing', due_at = now()
    WHERE state = 'asked' AND asked_at < now() - make_interval(mins => $1)
"""
_CLAIM = """
    UPDATE payments SET due_at = now() + interval '2 minutes', attempts = attempts + 1
    WHERE id = (SELECT id FROM payments WHERE state = 'releasing' AND due_at <= now()
                ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, provider, idempotency_key, reference, attempts
"""
_RELEASED = """
    UPDATE payments p SET state = 'released', released_at = now(), last_error = ''
    WHERE p.id = $1 AND p.state = 'releasing'
    RETURNING p.amount, p.currency, p.provider, p.reference,
              (SELECT number FROM orders o WHERE o.id = p."order") AS number,
              (SELECT customer FROM orders o WHERE o.id = p."order") AS customer
"""
# A claim that has run out belongs to somebody else: the number of attempts says whose turn it is.
_LATER = """
    UPDATE payments SET due_at = now() + make_interval(mins => $3), last_error = $4
    WHERE id = $1 AND attempts = $2 AND state = 'releasing'
"""


async def authorise(provider: PaymentProvider, order_key: str, amount: int, currency: str) -> Authorisation:
    """Has the provider make sure of an amount (minor units) for the order of that key. Raises PaymentRefused.

    Never within the transaction that places the order: what was asked for must stay known if that fails.
    """
    if not provider.holds_money:
        return Authorisation(None, await provider.authorise(order_key, amount, currency))
    (asked,) = await DB.fetch(_ASK, new_key(), provider.id, uuid.uuid4().hex, order_key, amount, currency)
    payment, key = asked["id"], asked["idempotency_key"]
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            reference = await provider.authorise(key, amount, currency)
    except PaymentRefused:
        await DB.execute("UPDATE payments SET state = 'refused' WHERE id = $1 AND state = 'asked'", payment)
        raise
    except Exception as problem:
        # Whether the amount is held nobody knows: the buyer is told that it is not, and it must not stay so.
        log.warning("payment without an answer", provider=provider.id, reason=type(problem).__name__)
        await let_go(Authorisation(payment, ""))
        raise PaymentRefused from problem
    await DB.execute("UPDATE payments SET reference = $2 WHERE id = $1", payment, reference)
    return Authorisation(payment, reference)


async def hold(authorisation: Authorisation, order: uuid.UUID) -> None:
    """Ties the payment to its order, in the transaction that places it. Raises OrderRefused where it is let go."""
    if authorisation.payment is None:
        return
    if not await DB.execute(_HOLD, authorisation.payment, order):
        raise OrderRefused(_("The payment took too long and was given back. Please try again."))


async def let_go(authorisation: Authorisation | None) -> None:
    """Has the payment given back unless an order holds it: the same order may have been placed beside this one."""
    if authorisation is not None and authorisation.payment is not None:
        await DB.execute(_LET_GO, authorisation.payment)


async def give_back(order: uuid.UUID) -> bool:
    """Has what is held for an order given back, in the transaction of its change; whether there was anything."""
    return await DB.execute(_GIVE_BACK, order) > 0


async def payment_of(order: uuid.UUID) -> PaymentOfOrder | None:
    """What a provider holds of the order, or has given back; None where it is paid otherwise."""
    row = await DB.fetch_row(
        'SELECT state, amount, currency, reference, attempts, released_at FROM payments WHERE "order" = $1',
        order,
    )
    return PaymentOfOrder(**{**row, "state": PaymentState(row["state"])}) if row is not None else None


async def release_due_payments() -> int:
    """Has providers give back what is due, some at a time; how many have agreed.

    Any number of workers may do this at the same time. Who is killed between the provider's answer and its note
    leaves something that is asked for again, and a provider does nothing the second time.
    """
    await DB.execute(_UNUSED, UNUSED_AFTER)
    released = 0
    for _one in range(AT_ONCE):
        claimed = await DB.fetch_row(_CLAIM)
        if claimed is None:
            break
        released += await _release(claimed)
    return released


async def _release(claimed: dict[str, Any]) -> bool:
    payment, attempts = claimed["id"], claimed["attempts"]
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await known_providers()[claimed["provider"]].release(
                claimed["idempotency_key"], claimed["reference"]
            )
    except Exception as problem:
        # Somebody else's program, and nothing that it does may stop what others get back.
        log.warning("payment not given back", payment=str(payment), reason=type(problem).__name__)
        wait = WAITS[min(attempts, len(WAITS)) - 1]
        await DB.execute(_LATER, payment, attempts, wait, type(problem).__name__)
        return False
    async with DB.transaction():
        done = await DB.fetch_row(_RELEASED, payment)
        if done is not None and done["number"] is not None:
            await record(
                "payment given back",
                customer_id=done["customer"],
                after={
                    name: done[name] for name in ("number", "amount", "currency", "provider", "reference")
                },
            )
    return True
