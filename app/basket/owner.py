"""Whose basket it is: a visitor's by cookie, or a user's for a customer (domain.md 9).

The cookie holds 32 random bytes and the table only their SHA-256. A row is made with the first line, so that
visitors who only look leave nothing behind; a token that the table does not know is never adopted.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response

from app.applications import Application
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

# Seconds: so long the basket of a visitor who does not come back is kept.
KEPT_SECONDS = 30 * 24 * 3600

_OF_USER = 'SELECT id FROM baskets WHERE application = $1 AND "user" = $2 AND customer = $3'
_OF_VISITOR = "SELECT id FROM baskets WHERE application = $1 AND token_hash = $2"
_MAKE_FOR_USER = """
    INSERT INTO baskets (id, application, "user", customer, promotion_code, checkout, changed_at)
    VALUES ($1, $2, $3, $4, '', '{}', now())
    ON CONFLICT ("user", customer, application) WHERE "user" IS NOT NULL DO UPDATE SET changed_at = now()
    RETURNING id
"""
_MAKE_FOR_VISITOR = """
    INSERT INTO baskets (id, application, token_hash, promotion_code, checkout, changed_at)
    VALUES ($1, $2, $3, '', '{}', now())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketOwner:
    """Who has a basket in an application. A visitor without cookie has an empty token, and no basket yet."""

    application_id: str
    user_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    token: str = ""

    @property
    def is_user(self) -> bool:
        """Whether it is a signed-in user's."""
        return self.user_id is not None

    @property
    def key(self) -> str:
        """Tells owners apart, and tells nobody a cookie."""
        if self.is_user:
            return f"{self.application_id}:{self.user_id}:{self.customer_id}"
        return f"{self.application_id}:{hash_of_basket_token(self.token).hex()}"


def hash_of_basket_token(token: str) -> bytes:
    """What is stored of the cookie: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def owner_of(visitor: Visitor, request: Request[Any, Any, Any]) -> BasketOwner:
    """The owner of the visitor's basket: of the account while signed in, else of the cookie."""
    return owner_of_token(visitor, basket_token(visitor.application, request))


def owner_of_token(visitor: Visitor, token: str) -> BasketOwner:
    """The same by what the browser's cookie says, "" without one."""
    application_id = visitor.application.id
    account = visitor.account
    if visitor.is_signed_in and account is not None and account.customer_id is not None:
        return BasketOwner(
            application_id=application_id, user_id=account.user_id, customer_id=account.customer_id
        )
    return BasketOwner(application_id=application_id, token=token)


def basket_token(application: Application, request: Request[Any, Any, Any]) -> str:
    """What the browser's cookie says, "" without one."""
    return request.cookies.get(application.cookie_name("basket"), "")[:100]


async def basket_id_of(owner: BasketOwner) -> uuid.UUID | None:
    """The basket, or None where there is none yet."""
    if owner.is_user:
        found = await DB.fetch_row(_OF_USER, owner.application_id, owner.user_id, owner.customer_id)
    elif owner.token:
        found = await DB.fetch_row(_OF_VISITOR, owner.application_id, hash_of_basket_token(owner.token))
    else:
        found = None
    return found["id"] if found is not None else None


async def basket_for(owner: BasketOwner) -> tuple[uuid.UUID, BasketOwner]:
    """The basket, made if need be, and its owner: a visitor's may have a new token.

    It is locked in the current transaction. Whoever changes lines locks their basket first, so that no two
    changes wait for each other in a circle.
    """
    known = await basket_id_of(owner)
    if known is not None and await lock_basket(known):
        return known, owner
    key = new_key()
    if owner.is_user:
        made = await DB.fetch_value(
            _MAKE_FOR_USER, key, owner.application_id, owner.user_id, owner.customer_id
        )
        return made, owner
    fresh = replace(owner, token=secrets.token_urlsafe(32))
    await DB.execute(_MAKE_FOR_VISITOR, key, owner.application_id, hash_of_basket_token(fresh.token))
    return key, fresh


async def lock_basket(basket: uuid.UUID) -> bool:
    """Locks a basket that is about to change; False where it has gone meanwhile."""
    return await DB.execute("UPDATE baskets SET changed_at = now() WHERE id = $1", basket) == 1


def keep_basket_on(answer: Response[Any], owner: BasketOwner, application: Application) -> None:
    """Sends a visitor's cookie; a user's basket is found by the session."""
    if owner.is_user or not owner.token:
        return
    answer.set_cookie(
        application.cookie_name("basket"),
        owner.token,
        path=application.cookie_path,
        max_age=KEPT_SECONDS,
        secure=application.is_secure,
        httponly=True,
        samesite="lax",
    )


async def delete_old_baskets() -> int:
    """Deletes baskets of visitors that nobody has changed for 30 days; how many there were."""
    return await DB.execute(
        "DELETE FROM baskets WHERE token_hash IS NOT NULL AND changed_at < now() - $1 * interval '1 second'",
        KEPT_SECONDS,
    )
