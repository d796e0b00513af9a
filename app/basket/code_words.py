"""What is said about a promotion code that takes nothing off."""

from app.basket.basket import Basket
from app.languages import gettext as _
from app.languages import text
from app.marketing.promotions import CodeProblem

SENTENCES = {
    CodeProblem.UNKNOWN: text("We do not know this code. Please check how it is spelt."),
    CodeProblem.NOT_YET: text("This code does not count yet."),
    CodeProblem.NO_LONGER: text("This code is no longer valid."),
    CodeProblem.USED_UP: text("This code has been used up."),
    CodeProblem.USED_UP_BY_CUSTOMER: text("You have used this code as often as possible."),
    CodeProblem.ORDER_TOO_SMALL: text("Your order is too small for this code."),
    CodeProblem.NOTHING_FITS: text("Nothing in your basket gets cheaper by this code."),
    CodeProblem.SOMETHING_BETTER: text("Another promotion saves you more than this code does."),
}


def code_sentence(problem: CodeProblem) -> str:
    """Why a code takes nothing off, in the language of the current request."""
    return _(SENTENCES[problem])


def code_note(basket: Basket) -> str:
    """Why the code that is kept with the basket takes nothing off now, naming it; "" where it does."""
    problem = basket.reckoning.discounts.code_problem
    if problem is None:
        return ""
    named = _("Code %(code)s:", code=basket.promotion_code)
    return f"{named} {code_sentence(problem)}"
