"""Names of classes that came over the wire, and stand-ins for such classes. A name is shown, never looked up."""

from functools import lru_cache
from typing import Any

MOST_NAME = 80  # characters


def plain_name(text: Any) -> bool:
    """Whether this is a short identifier."""
    return isinstance(text, str) and len(text) <= MOST_NAME and text.isascii() and text.isidentifier()


def shown_name(text: Any) -> str:
    """The name if it is one, and something harmless if not.

    >>> shown_name("Oops"), shown_name("<b>")
    ('Oops', 'Unnamed')
    """
    return text if plain_name(text) else "Unnamed"


@lru_cache(maxsize=256)
def _subclass(base: type, name: str) -> type:
    return type(base)(name, (base,), {"__module__": "submission"})


def subclass(base: type, name: Any) -> Any:
    """A subclass of `base` that has this name and nothing of its own."""
    return _subclass(base, shown_name(name))
