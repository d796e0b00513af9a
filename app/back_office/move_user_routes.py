"""Moving a user with their orders to another customer (domain.md 2, 9)."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from app.access import staff
from app.amounts import Amount
from app.back_office.branch import people_seen, sees_customer
from app.back_office.customer_record import customer_with_number
from app.back_office.forms import Version, typed_id
from app.back_office.privileges import Privilege
from app.customers.deleting import CustomerHasOrders
from app.customers.handing_over import Heir, hand_over, heir_of
from app.customers.limits import PERIODS, UNLIMITED, Limits, budget_problems
from app.customers.moving import LastUser, Move, MoveRefused, Obstacle, Place, move_user, places_of
from app.customers.permissions import BUILT_IN_ROLE_NAMES
from app.errors import Conflict
from app.flash import Flash
from app.forms import Choice, FilledForm, Form, Several, Text, read_form
from app.languages import gettext as _
from app.languages import ngettext, text
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor

NONE, SET = "none", "set"
LIMITS = (
    (NONE, text("No limits, until the new customer sets some")),
    (SET, text("These limits")),
)
# Whoever moves a user gives them roles at the new customer; whoever hands over what somebody has left gives an
# account their orders and the way back to their place (security.md, Sign-in).
PROVEN = staff(Privilege.CUSTOMERS, again=True)
LAST_USER = (
    (LastUser.KEEP.value, text("Keep the customer, without users")),
    (LastUser.DELETE.value, text("Delete the customer too")),
)


class MoveForm(Form):
    """Where a user goes. `customer` is the number of the new one, `membership` the place that is left."""

    customer: Annotated[str, Text(max_length=40)]
    roles: Annotated[list[str], Several()]
    limits: Annotated[str, Choice(options=LIMITS, required=False)]
    order_limit: Annotated[int | None, Amount()]
    budget_amount: Annotated[int | None, Amount()]
    budget_period: Annotated[str, Choice(options=PERIODS, required=False)]
    last_user: Annotated[str, Choice(options=LAST_USER, required=False)]
    administrator: Annotated[str, Text(max_length=40, required=False)]
    membership: Annotated[str, Text(max_length=40)]
    version: Annotated[int | None, Version()]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is typed must be what is chosen: else it would be lost, or hold without anybody wanting it."""
        yield from budget_problems(values)
        amounts = [values.get("order_limit"), values.get("budget_amount")]
        if (
            values.get("limits") == SET
            and {"order_limit", "budget_amount"} <= set(values)
            and not any(one is not None for one in amounts)
            and not values.get("budget_period")
        ):
            yield "order_limit", _("Please enter a limit or a budget, or choose no limits.")
        if values.get("limits") == NONE and any(one is not None for one in amounts):
            yield "limits", _("Limits are entered below. Please choose them, or empty their fields.")

    @property
    def said_limits(self) -> Limits | None:
        """The limits at the new customer, None where nothing was chosen."""
        if self.limits == SET:
            return Limits(
                order_limit=self.order_limit,
                budget_amount=self.budget_amount,
                budget_period=self.budget_period,
            )
        return UNLIMITED if self.limits == NONE else None


@get("/users/{user_id:uuid}/move", name="move_user", guards=[PROVEN])
async def ask(visitor: CurrentVisitor, user_id: FromPath[uuid.UUID], leaves: FromQuery[str] = "") -> Page:
    """Asks where the user goes; first from which customer, where there are several."""
    places = await _places_seen(visitor, user_id)
    chosen = next((one for one in places if one.number == leaves), places[0] if len(places) == 1 else None)
    if chosen is None:
        return Page(
            "back_office/move_user_from.html", user_id=user_id, user_name=places[0].user_name, places=places
        )
    return await _page(user_id, chosen, _blank_form(chosen), visitor)


@post("/users/{user_id:uuid}/move", name="move_user_post", guards=[PROVEN])
async def move(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Moves the user with their orders."""
    places = await _places_seen(visitor, user_id)
    form = await read_form(request, MoveForm)
    place = next((one for one in places if str(one.membership_id) == form.value("membership")), None)
    if place is None:
        # Somebody has moved the user meanwhile, or the form is somebody else's.
        return await _page(user_id, places[0], _blank_form(places[0]), visitor, status_code=409)
    if not form.is_valid:
        return await _page(user_id, place, form, visitor, status_code=422)
    try:
        moved = await _moved(visitor, user_id, place, form.data)
    except (MoveRefused, CustomerHasOrders) as error:
        _say_why(form, error, place)
        return await _page(user_id, place, form, visitor, status_code=422)
    except Conflict:
        now = await _places_seen(visitor, user_id)
        return await _page(user_id, now[0], _blank_form(now[0]), visitor, status_code=409)
    if moved.to_number == moved.from_number:
        put_back = Flash(_("%(name)s is a user of this customer again.", name=moved.user_name))
        return see(request, "customer_users", number=moved.to_number, flash=put_back)
    told = ngettext(
        "%(name)s is moved, with %(n)s order.",
        "%(name)s is moved, with %(n)s orders.",
        moved.orders,
        name=moved.user_name,
    )
    if moved.customer_is_deleted:
        told += " " + _("Customer %(number)s is deleted.", number=moved.from_number)
    return see(request, "customer_users", number=moved.to_number, flash=Flash(told))


@post("/users/{user_id:uuid}/hand-over", name="hand_over_post", guards=[PROVEN])
async def hand_over_former_user(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    user_id: FromPath[uuid.UUID],
    leaves: FromQuery[str] = "",
) -> Response[Any]:
    """Hands what a former user has left to the account that has their login now."""
    places = await _places_seen(visitor, user_id)
    place = next((one for one in places if one.number == leaves), places[0])
    if await _heir_seen(visitor, user_id) is None:
        return await _page(user_id, place, _blank_form(place), visitor, status_code=409)
    heir = await hand_over(user_id, visitor=visitor)
    told = _(
        "What %(name)s has left belongs to the account %(login)s now.", name=place.user_name, login=heir.login
    )
    return see(request, "customer_users", number=place.number, flash=Flash(told))


async def _heir_seen(visitor: Visitor, user_id: uuid.UUID) -> Heir | None:
    """The account that has a former user's login, if the staff member sees all for whom it acts (domain.md 11)."""
    heir = await heir_of(user_id)
    return heir if heir is not None and heir.user_id in await people_seen(visitor, [heir.user_id]) else None


async def _moved(visitor: Visitor, user_id: uuid.UUID, place: Place, data: MoveForm) -> Move:
    target = await customer_with_number(data.customer)
    # A customer outside of the staff member's branch is as good as none (domain.md 11).
    if target is None or not await sees_customer(visitor, target.id):
        raise MoveRefused(Obstacle.TARGET_UNKNOWN)
    return await move_user(
        user_id,
        place.membership_id,
        target.number,
        roles=data.roles,
        limits=data.said_limits,
        version=data.version or place.version,
        visitor=visitor,
        last_user=LastUser(data.last_user) if data.last_user else None,
        administrator=typed_id(data.administrator),
    )


def _say_why(form: FilledForm[MoveForm], error: MoveRefused | CustomerHasOrders, place: Place) -> None:
    if isinstance(error, CustomerHasOrders):
        form.add_error(
            "last_user", _("It has orders of other people, so it stays. Keep it; you can disable it then.")
        )
        return
    field, message = {
        Obstacle.TARGET_UNKNOWN: ("customer", _("There is no customer with this number.")),
        Obstacle.TARGET_IS_SAME: ("customer", _("The user is a user of this customer already.")),
        Obstacle.TARGET_HAS_ONE_USER: ("customer", _("This customer has exactly one user, its own.")),
        Obstacle.NO_ROLE: ("roles", _("Please choose at least one role.")),
        Obstacle.NO_LIMITS: (
            "limits",
            _("Please say what holds at the new customer: the user is limited so far."),
        ),
        Obstacle.LAST_USER: ("last_user", _("Please choose one of the options.")),
        Obstacle.LAST_ADMINISTRATOR: ("administrator", _("Please choose who becomes administrator.")),
        Obstacle.LOGIN_TAKEN: (
            "",
            _(
                "Somebody has registered with the login %(login)s since, so that it cannot be given back. Nothing has"
                " changed: the orders stay where they are.",
                login=place.given_up_login,
            ),
        ),
    }[error.obstacle]
    form.add_error(field, message)


def _blank_form(place: Place) -> FilledForm[MoveForm]:
    roles = [one for one in place.roles if one in BUILT_IN_ROLE_NAMES]
    limits = [NONE] if place.limits.is_unlimited else []
    return FilledForm(MoveForm, {"roles": roles or ["buyer"], "limits": limits}, frozenset())


async def _page(
    user_id: uuid.UUID, place: Place, form: FilledForm[MoveForm], visitor: Visitor, status_code: int = 200
) -> Page:
    return Page(
        "back_office/move_user.html",
        status_code=status_code,
        user_id=user_id,
        leaves=place,
        form=form,
        heir=await _heir_seen(visitor, user_id) if place.given_up_login else None,
        roles=[(role, _(name)) for role, name in BUILT_IN_ROLE_NAMES.items()],
        limits=[(value, _(name)) for value, name in LIMITS],
        periods=[(value, _(name)) for value, name in PERIODS],
        last_user=[(value, _(name)) for value, name in LAST_USER],
        is_stale=status_code == 409,
    )


async def _places_seen(visitor: Visitor, user_id: uuid.UUID) -> list[Place]:
    """The places that the staff member may take the user from; an individual's user is not moved (domain.md 2)."""
    places = [one for one in await places_of(user_id) if await sees_customer(visitor, one.customer_id)]
    if not places:
        raise NotFoundException
    return places


routes = [ask, move, hand_over_former_user]
