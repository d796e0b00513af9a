"""Tax rates in the back office: by country and tax class."""

from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import Percent, filled_with, percent_as_typed
from app.back_office.selling_lists import Row, ShownList, delete_page, list_page
from app.back_office.stale_form import stale_form
from app.customers.countries import Country, country_choices, country_codes, country_name
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Form, Invalid, Text, blank, read_form
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.prices.edit_tax import (
    HomeNeedsRates,
    change_tax_rates,
    delete_rates_of_other_member_states,
    homes_of_shops,
    other_member_states,
    rates_by_country,
    shops_without_rates,
    version_of_all_rates,
    version_of_rates,
)
from app.prices.tax import COUNTS_AS, MEMBER_STATES, taxed_as
from app.visitor import CurrentVisitor, Visitor

PRICES = staff(Privilege.PRICES)


class TaxForm(Form):
    """The rates of a country. A class without one has the standard rate (app/prices/tax.py)."""

    standard: Annotated[Decimal, Percent(required=True, at_least=Decimal(0))]
    reduced: Annotated[Decimal | None, Percent(at_least=Decimal(0))]
    version: Annotated[str, Text(required=False)]


class _TaxedCountry(Country):
    """A country that may have rates of its own."""

    def value(self, raw: str) -> str:
        """Refuses what is taxed like another country, too: its own rates would change nothing."""
        if raw in COUNTS_AS:
            raise Invalid(_("Please choose one of the options."))
        return super().value(raw)


class NewTaxForm(TaxForm):
    """The rates of a country that has none yet."""

    country: Annotated[str, _TaxedCountry()]


class DeleteForm(Form):
    """Deleting the rates of a country as they were when the page was shown."""

    version: Annotated[str, Text(required=False)]


@get("/tax-rates", name="tax_rates", guards=[PRICES])
async def tax_rates(visitor: CurrentVisitor) -> Page:
    """The rates of all countries that have any, by name."""
    links, rates = links_of(visitor.application), await rates_by_country()
    lacking = [
        f"{one.name} ({country_name(one.default_country, visitor.language)})"
        for one in await shops_without_rates()
    ]
    names = {code: country_name(code, visitor.language) for code in rates}
    return list_page(
        ShownList(
            route="tax_rates",
            heading=_("Tax rates"),
            lead=_(
                "What is taxed how in which country. Member states of the European Union that are not listed are"
                " taxed like the home country of the shop; what goes to other countries that are not listed is"
                " delivered tax-free. If your shop is at home outside of the union, take the rates of the member"
                " states away, unless you are registered there: what you send there would be taxed by them."
            ),
            warning=_(
                "Nothing is taxed where these shops are at home, since there are no rates: %(shops)s",
                shops=", ".join(lacking),
            )
            if lacking
            else "",
            headings=[_("Country"), _("Standard rate"), _("Reduced rate")],
            rows=[
                Row(
                    href=links.path("tax_rates_of_country", country=code),
                    cells=[
                        names[code],
                        _percent(rates[code].get("standard")),
                        _percent(rates[code].get("reduced")),
                    ],
                )
                for code in sorted(rates, key=lambda code: names[code])
            ],
            new="new_tax_rates",
            new_text=_("Add a country"),
            related=[
                (_("Delete the rates of the other member states"), links.path("delete_other_tax_rates_page"))
            ]
            if other_member_states(rates)
            else (),
        )
    )


@get("/tax-rates/new", name="new_tax_rates", guards=[PRICES])
async def new_country(visitor: CurrentVisitor) -> Page:
    """The form of a country that has no rates yet."""
    return _page(visitor, blank(NewTaxForm), "")


@post("/tax-rates/new", name="create_tax_rates", guards=[PRICES])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Adds a country."""
    form = await read_form(request, NewTaxForm)
    if form.is_valid:
        try:
            await change_tax_rates(form.data.country, _rates(form.data), version="", visitor=visitor)
            return see(request, "tax_rates", flash=Flash(_("The tax rates are changed.")))
        except Conflict:
            form.add_error("country", _("This country has tax rates already."))
    return _page(visitor, form, "", 422)


@get("/tax-rates/{country:str}", name="tax_rates_of_country", guards=[PRICES])
async def of_country(visitor: CurrentVisitor, country: FromPath[str]) -> Page:
    """The form of a country; 404 where it has no rates."""
    return _page(visitor, filled_with(TaxForm, await _as_typed(country)), country)


@post("/tax-rates/{country:str}", name="change_tax_rates", guards=[PRICES])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, country: FromPath[str]
) -> Response[Any]:
    """Changes the rates of a country."""
    await _as_typed(country)
    form = await read_form(request, TaxForm)
    if not form.is_valid:
        return _page(visitor, form, country, 422)
    try:
        await change_tax_rates(country, _rates(form.data), version=form.data.version, visitor=visitor)
    except Conflict:
        stale = stale_form(TaxForm, form, await _as_typed(country))
        return _page(visitor, stale, country, 409)
    return see(request, "tax_rates", flash=Flash(_("The tax rates are changed.")))


@get("/tax-rates/{country:str}/delete", name="delete_tax_rates_page", guards=[PRICES])
async def ask_delete(visitor: CurrentVisitor, country: FromPath[str]) -> Page:
    """Asks before the rates of a country are deleted."""
    version = (await _as_typed(country))["version"]
    links = links_of(visitor.application)
    return delete_page(
        _("Delete the tax rates of %(country)s?", country=country_name(country, visitor.language)),
        _what_deleting_means(country, visitor.language),
        links.path("delete_tax_rates", country=country),
        links.path("tax_rates_of_country", country=country),
        version=version,
    )


@post("/tax-rates/{country:str}/delete", name="delete_tax_rates", guards=[PRICES])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, country: FromPath[str]
) -> Response[Any]:
    """Deletes the rates of a country."""
    await _as_typed(country)
    form = await read_form(request, DeleteForm)
    try:
        await change_tax_rates(country, {}, version=form.value("version"), visitor=visitor)
    except HomeNeedsRates:
        told = _("A shop is at home there, so its rates stay. To sell without tax, please set them to 0.")
        return see(request, "tax_rates_of_country", country=country, flash=Flash(told, "warning"))
    except Conflict:
        told = _("Meanwhile the tax rates have changed, so nothing was done. Please decide anew.")
        return see(request, "tax_rates_of_country", country=country, flash=Flash(told, "warning"))
    return see(request, "tax_rates", flash=Flash(_("The tax rates are deleted.")))


@get("/tax-rates/other-member-states/delete", name="delete_other_tax_rates_page", guards=[PRICES])
async def ask_delete_others(visitor: CurrentVisitor) -> Page:
    """Asks before only the home countries of the shops keep their rates in the European Union."""
    rates = await rates_by_country()
    others = other_member_states(rates)
    if not others:
        raise NotFoundException
    names = sorted(country_name(one, visitor.language) for one in others)
    links = links_of(visitor.application)
    return delete_page(
        _("Delete the tax rates of the other member states?"),
        _("These countries lose their tax rates: %(countries)s.", countries=", ".join(names))
        + " "
        + _what_deleting_means(others[0], visitor.language),
        links.path("delete_other_tax_rates"),
        links.path("tax_rates"),
        version=version_of_all_rates(rates),
    )


@post("/tax-rates/other-member-states/delete", name="delete_other_tax_rates", guards=[PRICES])
async def delete_others(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Deletes the rates of the member states where no shop is at home."""
    form = await read_form(request, DeleteForm)
    try:
        await delete_rates_of_other_member_states(version=form.value("version"), visitor=visitor)
    except Conflict:
        told = _("Meanwhile the tax rates have changed, so nothing was done. Please decide anew.")
        return see(request, "tax_rates", flash=Flash(told, "warning"))
    return see(request, "tax_rates", flash=Flash(_("The tax rates are deleted.")))


async def _as_typed(country: str) -> dict[str, str]:
    """The rates of a country as the fields of the form show them. Raises NotFoundException."""
    rates = (await rates_by_country()).get(country)
    if rates is None:
        raise NotFoundException
    return {
        "standard": percent_as_typed(rates.get("standard")),
        "reduced": percent_as_typed(rates.get("reduced")),
        "version": version_of_rates(rates),
    }


def _what_deleting_means(country: str, language: str) -> str:
    """What `TaxRates.percent` says of a country without rates, to shops at home where these are."""
    homes = homes_of_shops()
    if country in COUNTS_AS:
        return _(
            "These rates change nothing: this country is taxed like %(country)s. Orders keep their taxes.",
            country=country_name(taxed_as(country), language),
        )
    if country not in MEMBER_STATES or homes.isdisjoint(MEMBER_STATES):
        return _("What goes there is delivered tax-free afterwards. Orders keep their taxes.")
    if homes <= MEMBER_STATES:
        return _(
            "What goes there is taxed like the home country of the shop afterwards. Orders keep their taxes."
        )
    return _(
        "What shops of the European Union send there is taxed like their home country afterwards, what the others"
        " send there is delivered tax-free. Orders keep their taxes."
    )


def _rates(data: TaxForm) -> dict[str, Decimal]:
    rates = {"standard": data.standard, "reduced": data.reduced}
    return {one: percent for one, percent in rates.items() if percent is not None}


def _percent(percent: Decimal | None) -> str:
    return "–" if percent is None else f"{percent_as_typed(percent)} %"


def _page(visitor: Visitor, form: FilledForm[Any], country: str, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/tax_rates.html",
        status_code=status_code,
        form=form,
        country=country,
        is_home=country in homes_of_shops(),
        country_name=country_name(country, visitor.language) if country in country_codes() else country,
        countries=[("", "–"), *(one for one in country_choices(visitor.language) if one[0] not in COUNTS_AS)],
    )


routes = [
    tax_rates,
    new_country,
    create,
    of_country,
    change,
    ask_delete,
    delete,
    ask_delete_others,
    delete_others,
]
