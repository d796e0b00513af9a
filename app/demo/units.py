"""What one piece of a product is: "12 - 550 ml bottles" of the sample data in words of both languages."""

import re

# The word of the sample data without full stop and plural: English one and many, German one and many.
CONTAINERS = {
    "bag": ("bag", "bags", "Beutel", "Beutel"),
    "bar": ("bar", "bars", "Tafel", "Tafeln"),
    "bottle": ("bottle", "bottles", "Flasche", "Flaschen"),
    "box": ("box", "boxes", "Schachtel", "Schachteln"),
    "can": ("can", "cans", "Dose", "Dosen"),
    "gift box": ("gift box", "gift boxes", "Geschenkschachtel", "Geschenkschachteln"),
    "glass": ("glass", "glasses", "Glas", "Gläser"),
    "jar": ("jar", "jars", "Glas", "Gläser"),
    "pie": ("pie", "pies", "Pastete", "Pasteten"),
    "piece": ("piece", "pieces", "Stück", "Stück"),
    "pkg": ("pack", "packs", "Packung", "Packungen"),
    "round": ("round", "rounds", "Laib", "Laibe"),
    "sausg": ("sausage", "sausages", "Wurst", "Würste"),
    "tin": ("tin", "tins", "Dose", "Dosen"),
}
# "1k pkg." is a slip of the sample data.
MEASURES = {
    "cc": "ml",
    "g": "g",
    "k": "kg",
    "kg": "kg",
    "l": "l",
    "lb": "lb",
    "ml": "ml",
    "cl": "cl",
    "oz": "oz",
}
_MEASURE = rf"(?P<amount>[\d.]+) ?(?P<measure>{'|'.join(sorted(MEASURES, key=len, reverse=True))})"
_CONTAINER = r"(?P<container>[a-z]+( [a-z]+)?)\.?"
# "24 - 12 oz bottles"
_MANY_OF = re.compile(rf"(?P<count>\d+) - {_MEASURE} {_CONTAINER}")
# "10 boxes x 20 bags"
_MANY_OF_MANY = re.compile(rf"(?P<count>\d+) {_CONTAINER} x (?P<inner_count>\d+) (?P<inner>[a-z]+)\.?")
# "48 pieces"
_MANY = re.compile(rf"(?P<count>\d+) {_CONTAINER}")
# "2 kg box", "750 cc per bottle"
_ONE_OF = re.compile(rf"{_MEASURE} (per )?{_CONTAINER}")
# "500 ml"
_JUST = re.compile(_MEASURE)


def unit_texts(quantity_per_unit: str) -> dict[str, str]:
    """The unit by language. Raises ValueError for words that are not known here."""
    words = " ".join(quantity_per_unit.split())
    if found := _MANY_OF.fullmatch(words):
        english, german = _counted(found["count"], found["container"])
        return {
            "en": f"{english} of {_measured(found, 'en')}",
            "de": f"{german} à {_measured(found, 'de')}",
        }
    if found := _MANY_OF_MANY.fullmatch(words):
        outer = _counted(found["count"], found["container"])
        inner = _counted(found["inner_count"], found["inner"])
        return {"en": f"{outer[0]} of {inner[0]}", "de": f"{outer[1]} à {inner[1]}"}
    if found := _JUST.fullmatch(words):
        return {"en": _measured(found, "en"), "de": _measured(found, "de")}
    if found := _ONE_OF.fullmatch(words):
        english, _many, german, _german_many = _container(found["container"])
        return {
            "en": f"{english} of {_measured(found, 'en')}",
            "de": f"{german} à {_measured(found, 'de')}",
        }
    if found := _MANY.fullmatch(words):
        english, german = _counted(found["count"], found["container"])
        return {"en": english, "de": german}
    raise ValueError(f"No words for the unit {quantity_per_unit!r}.")


def _measured(found: "re.Match[str]", language: str) -> str:
    amount = found["amount"].replace(".", ",") if language == "de" else found["amount"]
    return f"{amount} {MEASURES[found['measure']]}"


def _counted(count: str, word: str) -> tuple[str, str]:
    one, many, german_one, german_many = _container(word)
    return (
        (f"{count} {one}", f"{count} {german_one}")
        if count == "1"
        else (
            f"{count} {many}",
            f"{count} {german_many}",
        )
    )


def _container(word: str) -> tuple[str, str, str, str]:
    for ending in ("", "s", "es"):
        known = CONTAINERS.get(word.removesuffix(ending)) if word.endswith(ending) else None
        if known is not None:
            return known
    raise ValueError(f"No words for the container {word!r}.")
