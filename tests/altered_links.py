"""Links as somebody would send them who guesses: almost right."""


def with_one_letter_changed(link: str) -> str:
    """The link, or the token alone, with another letter in it. It is the last but one, of which all six bits count:
    the last letter of base64 may carry bits that nobody reads, so that two of them mean the same."""
    return link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1]
