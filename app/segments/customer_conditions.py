"""Conditions on who a customer is (domain.md 7)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from msgspec import Meta

from app.customers.emails import canonical_email
from app.customers.types import all_customer_types
from app.languages import date_text
from app.languages import gettext as _
from app.segments.condition import Arguments, Condition, Days, Name, SeveralNames, days_ago
from app.segments.facts import (
    COUNTRY_OF_CUSTOMER,
    DOMAIN_OF_EMAIL,
    EMAILS_OF_CUSTOMER,
    Facts,
)
from app.segments.implicit import EVERYONE, NEW_USERS, RECURRING_USERS
from app.segments.membership import is_in_segment

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class CustomerTypeIs(Condition, tag="customer_type"):
    """The customer is of one of these types."""

    one_of: SeveralNames

    def sql(self, arguments: Arguments) -> str:
        return f"c.customer_type = ANY({arguments.add(list(self.one_of), 'text[]')})"

    def holds(self, facts: Facts) -> bool:
        return facts.customer_type in self.one_of

    def words(self) -> str:
        known = all_customer_types()
        names = [_(known[one].name) if one in known else one for one in self.one_of]
        return _("customer type: %(names)s", names=", ".join(names))

    def problems(self) -> Iterator[str]:
        for one in self.one_of:
            if one not in all_customer_types():
                yield _("There is no customer type %(name)s.", name=one)


class CountryIs(Condition, tag="country"):
    """The contact address is in one of these countries (ISO 3166)."""

    one_of: Annotated[tuple[Country, ...], Meta(min_length=1, max_length=300)]

    def sql(self, arguments: Arguments) -> str:
        return f"coalesce({COUNTRY_OF_CUSTOMER} = ANY({arguments.add(list(self.one_of), 'text[]')}), false)"

    def holds(self, facts: Facts) -> bool:
        return facts.country in self.one_of

    def words(self) -> str:
        return _("country: %(names)s", names=", ".join(self.one_of))


class Registered(Condition, tag="registered"):
    """Registered on or after a day, before a day (both UTC), or in the last so many days."""

    since: date | None = None
    before: date | None = None
    within_days: Days | None = None

    def sql(self, arguments: Arguments) -> str:
        parts = []
        if self.since is not None:
            parts.append(f"c.created_at >= {arguments.add(_midnight(self.since), 'timestamptz')}")
        if self.before is not None:
            parts.append(f"c.created_at < {arguments.add(_midnight(self.before), 'timestamptz')}")
        if self.within_days is not None:
            parts.append(f"c.created_at > {days_ago(arguments, self.within_days)}")
        return f"({' AND '.join(parts)})"

    def holds(self, facts: Facts) -> bool:
        return (
            (self.since is None or facts.created_at >= _midnight(self.since))
            and (self.before is None or facts.created_at < _midnight(self.before))
            and (self.within_days is None or facts.created_at > facts.now - timedelta(days=self.within_days))
        )

    @property
    def changes_with_time(self) -> bool:
        return self.within_days is not None

    def words(self) -> str:
        parts = []
        if self.since is not None:
            parts.append(_("registered since %(day)s", day=date_text(self.since)))
        if self.before is not None:
            parts.append(_("registered before %(day)s", day=date_text(self.before)))
        if self.within_days is not None:
            parts.append(_("registered in the last %(days)s days", days=self.within_days))
        return ", ".join(parts)

    def problems(self) -> Iterator[str]:
        if self.since is None and self.before is None and self.within_days is None:
            yield _("A condition on the registration needs a day or a number of days.")
        if self.since is not None and self.before is not None and self.since >= self.before:
            yield _("The first day of registration must come before the last.")


class AttributeIs(Condition, tag="attribute"):
    """A custom attribute of the customer has this value; without a value: it has one at all."""

    name: Name
    value: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*$")] | None = None

    def sql(self, arguments: Arguments) -> str:
        found = f"(c.attributes ->> {arguments.add(self.name, 'text')})"
        if self.value is None:
            return f"{found} IS NOT NULL"
        return f"coalesce({found} = {arguments.add(self.value, 'text')}, false)"

    def holds(self, facts: Facts) -> bool:
        found = facts.attributes.get(self.name)
        return found is not None and self.value in (None, found)

    def words(self) -> str:
        if self.value is None:
            return _("has the attribute %(name)s", name=self.name)
        return _("attribute %(name)s is “%(value)s”", name=self.name, value=self.value)


class EmailDomainIs(Condition, tag="email_domain"):
    """A user of the customer has a verified e-mail at one of these hosts, in canonical form."""

    one_of: SeveralNames

    def sql(self, arguments: Arguments) -> str:
        wanted = arguments.add(list(self.one_of), "text[]")
        return f"EXISTS (SELECT FROM {EMAILS_OF_CUSTOMER} AND {DOMAIN_OF_EMAIL} = ANY({wanted}))"

    def holds(self, facts: Facts) -> bool:
        return not facts.email_domains.isdisjoint(self.one_of)

    def words(self) -> str:
        return _("e-mail at %(names)s", names=", ".join(self.one_of))

    def problems(self) -> Iterator[str]:
        for one in self.one_of:
            canonical = canonical_email(f"somebody@{one}").removeprefix("somebody@")
            if canonical != one:
                yield _(
                    "Please write the e-mail host %(name)s as %(canonical)s.", name=one, canonical=canonical
                )


class InSegment(Condition, tag="segment"):
    """The customer is in a segment, or is not; in a customer group also by its organisation (domain.md 11).

    What depends on the session (Registered, Unregistered) is no fact.
    """

    segment: Name
    is_in: bool = True

    def sql(self, arguments: Arguments) -> str:
        found = self._sql_of_implicit(arguments) or is_in_segment(
            arguments.add(self.segment, "text"), among_all=arguments.among_all
        )
        return found if self.is_in else f"NOT {found}"

    def holds(self, facts: Facts) -> bool:
        return self._holds_in(facts) is self.is_in

    @property
    def changes_with_time(self) -> bool:
        # What a service delivers may have an end.
        return True

    def words(self) -> str:
        if self.is_in:
            return _("in the segment %(segment)s", segment=self.segment)
        return _("not in the segment %(segment)s", segment=self.segment)

    def _sql_of_implicit(self, arguments: Arguments) -> str:
        if self.segment == EVERYONE.id:
            return "true"
        if self.segment == NEW_USERS.id:
            return "(c.recurring_since IS NULL)"
        if self.segment == RECURRING_USERS.id:
            return "(c.recurring_since IS NOT NULL)"
        of_type = _type_of_segment(self.segment)
        return f"(c.customer_type = {arguments.add(of_type, 'text')})" if of_type is not None else ""

    def _holds_in(self, facts: Facts) -> bool:
        if self.segment in (NEW_USERS.id, RECURRING_USERS.id):
            return facts.is_recurring is (self.segment == RECURRING_USERS.id)
        of_type = _type_of_segment(self.segment)
        if of_type is not None:
            return facts.customer_type == of_type
        return self.segment == EVERYONE.id or facts.is_in(self.segment)


def _type_of_segment(segment: str) -> str | None:
    return next((one.id for one in all_customer_types().values() if one.segment_id == segment), None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
