"""Promotions in the back office."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import staff
from app.amounts import Amount, amount_as_typed
from app.back_office.branch_reach import changing, may_change, refuse_beyond_branch
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import (
    CURRENCIES,
    Currency,
    Moment,
    Names,
    NewId,
    Percent,
    WholeNumber,
    by_language,
    filled_with,
    moment_as_typed,
    number_as_typed,
    percent_as_typed,
)
from app.back_office.selling_lists import Row, ShownList, delete_page
from app.back_office.selling_products import category_choices, product_with_sku, sku_of
from app.back_office.selling_states import STATE_OF_ROW, find_by_state, state_badge
from app.back_office.selling_targets import (
    ChosenTargets,
    TargetGroupForm,
    chosen_targets,
    organisation_names,
    target_choices,
    targets_as_typed,
    tell_refused,
    tell_unknown,
)
from app.back_office.stale_form import stale_form
from app.errors import Conflict
from app.flash import Flash
from app.forms import Choice, FilledForm, Flag, Group, Text, blank, read_form
from app.languages import current_language, money_text, text
from app.languages import gettext as _
from app.links import links_of
from app.marketing.edit_promotions import (
    CodeTaken,
    PromotionDraft,
    PromotionExists,
    change_promotion,
    create_promotion,
    delete_promotion,
)
from app.marketing.promotions import PromotionTarget
from app.pages import Page, see
from app.segments.targets import NoServiceActive, TargetUnknown
from app.visitor import CurrentVisitor
from tables.engine import DB
from tables.segments import TargetKind

MARKETING = staff(Privilege.MARKETING)
KINDS = (
    (PromotionTarget.ITEM.value, text("Items")),
    (PromotionTarget.ORDER.value, text("The order")),
    (PromotionTarget.SHIPPING.value, text("Shipping")),
)


class PromotionForm(TargetGroupForm):
    """A promotion."""

    name: Annotated[Names, Group(prefix="name_")]
    applies_to: Annotated[str, Choice(options=KINDS)]
    percent_off: Annotated[Any, Percent()]
    amount_off: Annotated[Any, Amount()]
    currency: Currency
    category: Annotated[str, Text(required=False)]
    sku: Annotated[str, Text(required=False, max_length=60)]
    minimum_order: Annotated[Any, Amount()]
    code: Annotated[str, Text(required=False, max_length=40)]
    limit_total: Annotated[Any, WholeNumber(required=False, at_least=1)]
    limit_per_customer: Annotated[Any, WholeNumber(required=False, at_least=1)]
    valid_from: Annotated[Any, Moment()]
    valid_to: Annotated[Any, Moment()]
    is_active: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A percentage or an amount; a time that runs forward; a category or a product, of items only."""
        if {"percent_off", "amount_off"} <= values.keys() and (
            (values["percent_off"] is None) == (values["amount_off"] is None)
        ):
            yield "percent_off", _("Please enter either a percentage or an amount.")
        since, until = values.get("valid_from"), values.get("valid_to")
        if since is not None and until is not None and since >= until:
            yield "valid_to", _("The end must come after the beginning.")
        if values.get("category") and values.get("sku"):
            yield "sku", _("Please choose either a category or a product.")
        if (values.get("category") or values.get("sku")) and values.get("applies_to") != PromotionTarget.ITEM:
            yield "applies_to", _("Only promotions of items are for a category or a product.")


class NewPromotionForm(PromotionForm):
    """A promotion with its id, which never changes."""

    id: Annotated[str, NewId()]


# The uses are counted of those on the page only.
_FOUND = f"""
    SELECT p.*, (SELECT count(*) FROM promotion_uses u WHERE u.promotion = p.id) AS uses
    FROM (SELECT id, names::text AS names, applies_to, percent_off, amount_off, currency, code, limit_total,
                 {STATE_OF_ROW} AS state, count(*) OVER () AS count
          FROM promotions
          WHERE strpos(lower(concat_ws(' ', id, code, names ->> 'en', names ->> 'de')), lower($1)) > 0
            AND ($2 = '' OR $2 = {STATE_OF_ROW})
          ORDER BY id LIMIT $3 OFFSET $4) p
    ORDER BY p.id
"""


@get("/promotions", name="promotions", guards=[MARKETING])
async def promotions(
    visitor: CurrentVisitor,
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Promotions that fit the search, by id."""
    links, found = links_of(visitor.application), await find_by_state(_FOUND, q, wanted_state, page)
    kinds = {value: _(name) for value, name in KINDS}
    return found.shown(
        ShownList(
            route="promotions",
            heading=_("Promotions"),
            lead=_("What is taken off items, orders or shipping, for whom and how long."),
            headings=[_("Promotion"), _("Off"), _("From"), _("Code"), _("Used"), _("Status")],
            rows=[
                Row(
                    href=links.path("promotion", promotion_id=row["id"]),
                    cells=[
                        _name(row),
                        _off(row),
                        kinds[row["applies_to"]],
                        row["code"] or "–",
                        f"{row['uses']} / {row['limit_total']}" if row["limit_total"] else str(row["uses"]),
                    ],
                    badge=state_badge(row["state"]),
                )
                for row in found.rows
            ],
            new="new_promotion",
            new_text=_("Create a promotion"),
            search_label=_("Id, name or code"),
        )
    )


def _name(row: dict[str, Any]) -> str:
    names = msgspec.json.decode(row["names"], type=dict[str, str])
    return names.get(current_language.get()) or names.get("en") or str(row["id"])


def _off(row: dict[str, Any]) -> str:
    if row["percent_off"] is not None:
        return f"{percent_as_typed(row['percent_off'])} %"
    return money_text(row["amount_off"], row["currency"])


@get("/promotions/new", name="new_promotion", guards=[MARKETING])
async def new_promotion() -> Page:
    """The form of a new promotion."""
    return await _page(
        blank(NewPromotionForm, applies_to="order", currency="EUR", is_active="on"), promotion_id=""
    )


@post("/promotions/new", name="create_promotion", guards=[MARKETING])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a promotion."""
    form = await read_form(request, NewPromotionForm)
    draft = await _draft(form)
    if draft is not None:
        try:
            await create_promotion(form.data.id, draft, visitor=visitor)
            return see(request, "promotions", flash=Flash(_("The promotion is created.")))
        except PromotionExists:
            form.add_error("id", _("There is one with this id already."))
        except CodeTaken:
            form.add_error("code", _("Another promotion has this code."))
        except (NoServiceActive, TargetUnknown) as error:
            tell_refused(form, error)
    return await _page(form, promotion_id="", status_code=422)


@get("/promotions/{promotion_id:str}", name="promotion", guards=[MARKETING])
async def promotion(promotion_id: FromPath[str]) -> Page:
    """The form of a promotion; 404 where there is none."""
    return await _page(filled_with(PromotionForm, await _as_typed(promotion_id)), promotion_id)


@post("/promotions/{promotion_id:str}", name="change_promotion", guards=[MARKETING])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, promotion_id: FromPath[str]
) -> Response[Any]:
    """Changes a promotion."""
    stored = await _stored_names(promotion_id)
    await refuse_beyond_branch(TargetKind.PROMOTION, promotion_id)
    form = await read_form(request, PromotionForm)
    draft = await _draft(form, stored)
    if draft is not None:
        try:
            async with changing(TargetKind.PROMOTION, promotion_id):
                await change_promotion(promotion_id, draft, version=form.data.version or 0, visitor=visitor)
            return see(request, "promotions", flash=Flash(_("The promotion is changed.")))
        except Conflict:
            now = await _as_typed(promotion_id)
            names = {**dict(await category_choices()), **await organisation_names()}
            stale = stale_form(PromotionForm, form, now, names)
            return await _page(stale, promotion_id, status_code=409)
        except CodeTaken:
            form.add_error("code", _("Another promotion has this code."))
        except (NoServiceActive, TargetUnknown) as error:
            tell_refused(form, error)
    return await _page(form, promotion_id, status_code=422)


@get("/promotions/{promotion_id:str}/delete", name="delete_promotion_page", guards=[MARKETING])
async def ask_delete(visitor: CurrentVisitor, promotion_id: FromPath[str]) -> Page:
    """Asks before a promotion is deleted."""
    await _stored_names(promotion_id)
    await refuse_beyond_branch(TargetKind.PROMOTION, promotion_id)
    links = links_of(visitor.application)
    return delete_page(
        _("Delete the promotion %(id)s?", id=promotion_id),
        _("Orders keep what they say of it. Nobody can use it any more."),
        links.path("delete_promotion", promotion_id=promotion_id),
        links.path("promotion", promotion_id=promotion_id),
    )


@post("/promotions/{promotion_id:str}/delete", name="delete_promotion", guards=[MARKETING])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, promotion_id: FromPath[str]
) -> Response[Any]:
    """Deletes a promotion."""
    await _stored_names(promotion_id)
    async with changing(TargetKind.PROMOTION, promotion_id):
        if not await delete_promotion(promotion_id, visitor=visitor):
            raise NotFoundException
    return see(request, "promotions", flash=Flash(_("The promotion is deleted.")))


async def _as_typed(promotion_id: str) -> dict[str, str | list[str]]:
    """A promotion as the fields of its form show it. Raises NotFoundException."""
    row = await DB.fetch_row("SELECT *, names::text AS names FROM promotions WHERE id = $1", promotion_id)
    if row is None:
        raise NotFoundException
    names = msgspec.json.decode(row["names"], type=dict[str, str])
    return {
        "name_en": names.get("en", ""),
        "name_de": names.get("de", ""),
        "applies_to": row["applies_to"],
        "percent_off": percent_as_typed(row["percent_off"]),
        "amount_off": amount_as_typed(row["amount_off"]),
        "currency": row["currency"],
        "category": str(row["category"] or ""),
        "sku": await sku_of(row["product"]),
        "minimum_order": amount_as_typed(row["minimum_order"] or None),
        "code": row["code"],
        "limit_total": number_as_typed(row["limit_total"]),
        "limit_per_customer": number_as_typed(row["limit_per_customer"]),
        "valid_from": moment_as_typed(row["valid_from"]),
        "valid_to": moment_as_typed(row["valid_to"]),
        "is_active": "on" if row["is_active"] else "",
        "version": str(row["version"]),
        **await targets_as_typed(TargetKind.PROMOTION, promotion_id),
    }


async def _stored_names(promotion_id: str) -> dict[str, str]:
    found = await DB.fetch_value("SELECT names::text FROM promotions WHERE id = $1", promotion_id)
    if found is None:
        raise NotFoundException
    return msgspec.json.decode(found, type=dict[str, str])


async def _draft(form: FilledForm[Any], stored: dict[str, str] | None = None) -> PromotionDraft | None:
    """What the form says of the promotion; None, with errors noted, where it cannot be."""
    if not form.is_valid:
        return None
    data: PromotionForm = form.data
    chosen: ChosenTargets = await chosen_targets(data)
    categories = dict(await category_choices())
    product = await product_with_sku(data.sku)
    if data.sku and product is None:
        form.add_error("sku", _("There is no product with this SKU."))
    if data.category and data.category not in categories:
        form.add_error("category", _("Please choose one of the options."))
    if tell_unknown(form, chosen) or form.errors:
        return None
    return PromotionDraft(
        names=by_language(data.name, stored),
        applies_to=PromotionTarget(data.applies_to),
        percent_off=data.percent_off,
        amount_off=data.amount_off,
        currency=data.currency,
        category=uuid.UUID(data.category) if data.category else None,
        product=product,
        minimum_order=data.minimum_order or 0,
        code=data.code,
        limit_total=data.limit_total,
        limit_per_customer=data.limit_per_customer,
        valid_from=data.valid_from,
        valid_to=data.valid_to,
        is_active=data.is_active,
        **chosen.whom,
    )


async def _page(form: FilledForm[Any], promotion_id: str, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/promotion.html",
        status_code=status_code,
        form=form,
        promotion_id=promotion_id,
        kinds=[(value, _(name)) for value, name in KINDS],
        currencies=[(one, one) for one in CURRENCIES],
        categories=[("", _("All")), *await category_choices()],
        targets=await target_choices(),
        may_change=not promotion_id or await may_change(TargetKind.PROMOTION, promotion_id),
    )


routes = [
    promotions,
    new_promotion,
    create,
    promotion,
    change,
    ask_delete,
    delete,
]
