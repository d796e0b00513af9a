"""The target group as staff choose it: ticked segments and organisations, typed numbers of customers and
contracts (domain.md 8, 11, 12)."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from app.back_office.branch import as_choices, branch_of_request, organisations_within
from app.customers.branches import customer_in_branch
from app.forms import FilledForm, Form, Several, Text
from app.languages import gettext as _
from app.organisations.tree import organisations
from app.segments.custom import names_of_segments
from app.segments.targets import NoServiceActive, Targets, TargetUnknown, targets_of
from tables.engine import DB
from tables.segments import TargetKind


class TargetGroupForm(Form):
    """The part of a form that asks for the target group."""

    target_segments: Annotated[list[str], Several(at_most=2000)]
    target_organisations: Annotated[list[str], Several(at_most=2000)]
    target_customers: Annotated[str, Text(required=False, multiline=True, max_length=20_000)]
    target_contracts: Annotated[str, Text(required=False, multiline=True, max_length=20_000)]


@dataclass(frozen=True)
class ChosenTargets:
    """A target group that was chosen; the unknown are what nothing has, as it was typed."""

    segments: frozenset[str]
    customers: frozenset[uuid.UUID]
    organisations: frozenset[uuid.UUID]
    contracts: frozenset[uuid.UUID]
    unknown: tuple[str, ...] = field(default=())
    unknown_contracts: tuple[str, ...] = field(default=())
    unknown_organisations: tuple[str, ...] = field(default=())
    # Of who is limited to a branch: why what was chosen reaches beyond it, "" where it does not.
    beyond: str = ""

    @property
    def whom(self) -> dict[str, frozenset[Any]]:
        """The group by the names that `app.segments.targets.aim` and its callers take."""
        return {
            "segments": self.segments,
            "customers": self.customers,
            "organisations": self.organisations,
            "contracts": self.contracts,
        }


@dataclass(frozen=True)
class TargetChoices:
    """What may be ticked: (id, name) of segments, and of organisations as a tree marked by dashes."""

    segments: list[tuple[str, str]]
    organisations: list[tuple[str, str]]
    # Whether the staff member is limited to a branch, and so chooses no segments.
    is_limited: bool


async def chosen_targets(data: TargetGroupForm) -> ChosenTargets:
    """The segments, organisations, customers and contracts that the form names.

    Who is limited to a branch names what lies in it, and no segments (app/back_office/branch_reach.py).
    """
    customers, unknown = await _numbered("customers", data.target_customers)
    contracts, unknown_contracts = await _numbered("contracts", data.target_contracts)
    seen = (
        organisations_within(branch_of_request(), await organisations()) if data.target_organisations else []
    )
    known = {str(one.id) for one in seen}
    chosen = ChosenTargets(
        frozenset(data.target_segments),
        customers,
        frozenset(uuid.UUID(one) for one in data.target_organisations if one in known),
        contracts,
        unknown,
        unknown_contracts,
        tuple(one for one in data.target_organisations if one not in known),
    )
    return replace(chosen, beyond=_beyond_branch(chosen))


def _beyond_branch(chosen: ChosenTargets) -> str:
    if branch_of_request() is None:
        return ""
    if chosen.segments:
        return _("You see a branch of the organisations, and segments take in customers outside of it.")
    # What was found counts, and not what was typed: a comma alone names nobody.
    named = chosen.organisations or chosen.customers or chosen.contracts
    if not (named or chosen.unknown or chosen.unknown_contracts or chosen.unknown_organisations):
        return _("Please name customers, contracts or organisations of your branch.")
    return ""


def tell_unknown(form: FilledForm[Any], chosen: ChosenTargets) -> bool:
    """Notes at their fields what there is not, and what reaches beyond the branch; whether there is any of it."""
    if chosen.beyond:
        # The segments are not on the page of who is limited.
        form.add_error("target_customers", chosen.beyond)
    if chosen.unknown:
        form.add_error(
            "target_customers", _("There is no customer %(numbers)s.", numbers=", ".join(chosen.unknown[:10]))
        )
    if chosen.unknown_contracts:
        numbers = ", ".join(chosen.unknown_contracts[:10])
        form.add_error("target_contracts", _("There is no contract %(numbers)s.", numbers=numbers))
    if chosen.unknown_organisations:
        form.add_error("target_organisations", _("Please choose one of the options."))
    return bool(chosen.unknown or chosen.unknown_contracts or chosen.unknown_organisations or chosen.beyond)


def tell_refused(form: FilledForm[Any], error: NoServiceActive | TargetUnknown) -> None:
    """Notes at the segments why the target group was refused."""
    if isinstance(error, NoServiceActive):
        told = _("No segmentation service is active, so custom segments cannot be chosen.")
    else:
        told = _("There is no segment %(names)s any more.", names=", ".join(error.names))
    form.add_error("target_segments", told)


async def targets_as_typed(kind: TargetKind, owner: str) -> dict[str, list[str]]:
    """The target group of an owner as the fields of the form show it, as far as the staff member sees it."""
    found, unseen = await targets_of(kind, owner), await _unseen(kind, owner)
    return {
        "target_segments": sorted(found.segments),
        "target_organisations": sorted(str(one) for one in found.organisations - unseen.organisations),
        "target_customers": [await _numbers("customers", found.customers - unseen.customers)],
        "target_contracts": [await _numbers("contracts", found.contracts - unseen.contracts)],
    }


async def target_choices() -> TargetChoices:
    """All segments, and the organisations that the staff member sees."""
    named = [(one, f"{name} ({one})") for one, name in (await names_of_segments()).items()]
    branch = branch_of_request()
    seen = as_choices(organisations_within(branch, await organisations()))
    return TargetChoices(named, seen, is_limited=branch is not None)


async def organisation_names() -> dict[str, str]:
    """The names of organisations by id, where a form says what is stored now."""
    return {str(one.id): one.name for one in organisations_within(branch_of_request(), await organisations())}


# By what the field names: its number, and whose customer decides who sees it.
_OF_CUSTOMER = {"customers": "n.id", "contracts": "n.customer"}


def _in_branch(table: str) -> str:
    """Whether a row n lies in the branch $2, or there is no branch."""
    return f"($2::uuid IS NULL OR {customer_in_branch(_OF_CUSTOMER[table], '$2')})"


async def _unseen(kind: TargetKind, owner: str) -> Targets:
    """What the target group of an owner names outside of the staff member's branch; nothing for who sees all."""
    branch = branch_of_request()
    if branch is None or not owner:
        return Targets()
    found = await targets_of(kind, owner)
    seen = {one.id for one in organisations_within(branch, await organisations())}
    return Targets(
        organisations=found.organisations - seen,
        customers=found.customers - await _seen("customers", found.customers),
        contracts=found.contracts - await _seen("contracts", found.contracts),
    )


async def _seen(table: str, ids: frozenset[uuid.UUID]) -> frozenset[uuid.UUID]:
    rows = await DB.fetch(
        f"SELECT n.id FROM {table} n WHERE n.id = ANY($1::uuid[]) AND {_in_branch(table)}",  # constants, see above
        list(ids),
        branch_of_request(),
    )
    return frozenset(row["id"] for row in rows)


async def _numbered(table: str, typed: str) -> tuple[frozenset[uuid.UUID], tuple[str, ...]]:
    """The ids of those whose numbers were typed, and numbers that none has whom the staff member sees."""
    numbers = list(dict.fromkeys(typed.replace(",", " ").replace(";", " ").split()))
    if not numbers:
        return frozenset(), ()
    rows = await DB.fetch(
        f"SELECT n.id, n.number FROM {table} n WHERE n.number = ANY($1::text[]) AND {_in_branch(table)}",
        numbers,
        branch_of_request(),
    )
    known = {row["number"] for row in rows}
    return frozenset(row["id"] for row in rows), tuple(one for one in numbers if one not in known)


async def _numbers(table: str, ids: frozenset[uuid.UUID]) -> str:
    rows = await DB.fetch(
        f"SELECT number FROM {table} WHERE id = ANY($1::uuid[]) ORDER BY number",  # a constant of this module
        list(ids),
    )
    return " ".join(row["number"] for row in rows)
