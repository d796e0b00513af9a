"""A provider of payments as somebody else writes it: it keeps a book, and can be away."""


class Ledger:
    """Holds amounts by the key that it is given, and gives them back."""

    id = "ledger"
    name = "Ledger"
    explanation = "The ledger pays."
    instructions = ""
    holds_money = True

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Forgets everything."""
        self.held: dict[str, int] = {}
        self.given_back: dict[str, int] = {}
        self.asked_to_release = 0
        self.is_away = False
        self.answers = True

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Holds the amount once for each key, which never counts again once it was released."""
        if self.is_away:
            raise ConnectionError
        if idempotency_key in self.given_back:
            raise ValueError("this key was released")
        self.held[idempotency_key] = amount
        if not self.answers:
            raise TimeoutError
        return f"ledger-{idempotency_key}"

    async def release(self, idempotency_key: str, reference: str) -> None:
        """Gives back what is held; nothing the second time."""
        self.asked_to_release += 1
        if self.is_away:
            raise ConnectionError
        if idempotency_key in self.held:
            self.given_back[idempotency_key] = self.held.pop(idempotency_key)
        if not self.answers:
            raise TimeoutError


ledger = Ledger()
