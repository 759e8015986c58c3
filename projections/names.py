"""How names are compared and searched: without accents, case and superfluous blanks."""

import unicodedata


def name_key(name: str) -> str:
    """Give what a name is searched and sorted by.

    >>> name_key("  Café  ZÜRICH Straße ")
    'cafe zurich strasse'
    """
    if name.isascii():
        return " ".join(name.casefold().split())
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.casefold().split())
