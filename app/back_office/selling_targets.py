"""The target group as staff choose it: ticked segments and typed customer numbers (domain.md 8)."""

import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any

from app.forms import FilledForm, Form, Several, Text
from app.languages import gettext as _
from app.segments.custom import names_of_segments
from app.segments.targets import NoServiceActive, Targets, TargetUnknown, targets_of
from tables.engine import DB
from tables.segments import TargetKind


class TargetGroupForm(Form):
    """The part of a form that asks for the target group."""

    target_segments: Annotated[list[str], Several(at_most=2000)]
    target_customers: Annotated[str, Text(required=False, multiline=True, max_length=20_000)]


@dataclass(frozen=True)
class ChosenTargets:
    """A target group that was chosen; `unknown` are customer numbers that nobody has."""

    segments: frozenset[str]
    customers: frozenset[uuid.UUID]
    unknown: tuple[str, ...] = field(default=())


async def chosen_targets(data: TargetGroupForm) -> ChosenTargets:
    """The segments and customers that the form names."""
    numbers = list(dict.fromkeys(data.target_customers.replace(",", " ").replace(";", " ").split()))
    rows = await DB.fetch("SELECT id, number FROM customers WHERE number = ANY($1::text[])", numbers)
    known = {row["number"] for row in rows}
    return ChosenTargets(
        frozenset(data.target_segments),
        frozenset(row["id"] for row in rows),
        tuple(one for one in numbers if one not in known),
    )


def tell_unknown(form: FilledForm[Any], chosen: ChosenTargets) -> bool:
    """Notes unknown customer numbers at their field; whether there are any."""
    if chosen.unknown:
        form.add_error(
            "target_customers", _("There is no customer %(numbers)s.", numbers=", ".join(chosen.unknown[:10]))
        )
    return bool(chosen.unknown)


def tell_refused(form: FilledForm[Any], error: NoServiceActive | TargetUnknown) -> None:
    """Notes at the segments why the target group was refused."""
    if isinstance(error, NoServiceActive):
        told = _("No segmentation service is active, so custom segments cannot be chosen.")
    else:
        told = _("There is no segment %(names)s any more.", names=", ".join(error.names))
    form.add_error("target_segments", told)


async def targets_as_typed(kind: TargetKind, owner: str) -> dict[str, list[str]]:
    """The target group of an owner as the fields of the form show it."""
    found: Targets = await targets_of(kind, owner)
    rows = await DB.fetch(
        "SELECT number FROM customers WHERE id = ANY($1::uuid[]) ORDER BY number", list(found.customers)
    )
    return {
        "target_segments": sorted(found.segments),
        "target_customers": [" ".join(row["number"] for row in rows)],
    }


async def segment_choices() -> list[tuple[str, str]]:
    """(id, name) of all segments that may be ticked."""
    return list((await names_of_segments()).items())
