"""Why a change of a company's people or roles was refused, in plain words."""

from app.company_users.managing import Rule
from app.languages import gettext as _
from app.languages import text

_WORDS = {
    Rule.NOT_ONESELF: text(
        "Nobody disables, removes or demotes themself. Please ask another administrator to do it."
    ),
    Rule.NO_MORE_THAN_OWN: text(
        "Nobody gives or takes what they may not do themself. Please ask an administrator who may."
    ),
    Rule.MAY_MORE: text("This colleague may more than you. Please ask an administrator who may as much."),
    Rule.LAST_ADMINISTRATOR: text(
        "A company always has an active account administrator. Please make somebody else one first."
    ),
    Rule.OWN_LIMITS: text("Your own limits are changed by an account administrator. Please ask one."),
    Rule.UNKNOWN_ROLE: text("One of these roles exists no more. Please choose again."),
}


def rule_words(rule: Rule) -> str:
    """What stands against a change and what to do, in the language of the person."""
    return _(_WORDS[rule])
