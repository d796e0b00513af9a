"""What became of one candidate for a price."""

from enum import StrEnum


class Verdict(StrEnum):
    """Why an entry of a price list won or lost; `app.prices.words` says it in a sentence."""

    WON = "won"
    NOT_MEANT = "not_meant"
    SWITCHED_OFF = "switched_off"
    OTHER_CURRENCY = "other_currency"
    NOT_YET = "not_yet"
    NO_LONGER = "no_longer"
    TOO_FEW = "too_few"
    NOTHING_TO_TAKE_OFF = "nothing_to_take_off"
    DEARER = "dearer"
    LOWER_PRIORITY = "lower_priority"
    LATER_IN_ORDER = "later_in_order"
