"""The form of something that somebody else has changed meanwhile: both versions, and a choice (security.md)."""

from collections.abc import Mapping

from app.forms import F, FilledForm, field_names
from app.languages import gettext as _

# What the page itself fills in: it follows what is stored, so that saving once more is a decision.
_HIDDEN = ("version", "shown_stock")
# Not a part of what is stored.
_BUTTONS = ("preview",)


def stale_form(
    form: type[F],
    sent: FilledForm[F],
    stored: Mapping[str, str | list[str]],
    names: Mapping[str, str] | None = None,
) -> FilledForm[F]:
    """What was sent, with what is stored now said at each field that differs, and the version of what is stored.

    Whoever saves it again has seen the other version. `names` are words for values that nobody can read, for
    example ids of categories.
    """
    now = {name: [one] if isinstance(one, str) else list(one) for name, one in stored.items()}
    typed = {name: now.get(name, []) if name in _HIDDEN else sent.values(name) for name in field_names(form)}
    shown = FilledForm(form, typed, frozenset())
    shown.add_error(
        "",
        _(
            "Somebody else has changed this meanwhile. Where your entry differs, the field says what is stored"
            " now. Save again to replace it by yours, or cancel to keep it."
        ),
    )
    for name in field_names(form):
        mine, theirs = _comparable(typed[name]), _comparable(now.get(name, []))
        if name not in (*_HIDDEN, *_BUTTONS) and mine != theirs:
            shown.add_error(name, _("Stored now: %(value)s", value=_words(theirs, names or {})))
    return shown


def _comparable(values: list[str]) -> list[str]:
    """Values without blanks around them and in one order, for ticked boxes come in any."""
    return sorted(filter(None, (one.replace("\r\n", "\n").strip() for one in values)))


def _words(values: list[str], names: Mapping[str, str]) -> str:
    if not values:
        return _("nothing")
    if values == ["on"]:
        return _("Yes")
    return ", ".join(names.get(one, one) for one in values)
