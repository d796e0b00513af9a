"""How the states of a contract are called and coloured, wherever they are shown."""

from app.contracts.contract import ContractState
from app.languages import text

STATE_NAMES = {
    ContractState.FUTURE: text("Not begun yet"),
    ContractState.VALID: text("Valid"),
    ContractState.ENDED: text("Ended"),
}
# Kinds of badges (templates/components/badge.html), by the value of the state.
STATE_BADGES = {
    ContractState.FUTURE.value: "info",
    ContractState.VALID.value: "success",
    ContractState.ENDED.value: "neutral",
}
