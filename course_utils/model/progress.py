"""A progress bar for what takes longer than a moment; nothing where no one looks on."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def watched(items: Sequence[Item], says: str, on: bool = True) -> Iterable[Item]:
    """The items, with a bar that goes away when they are done."""
    if not on or len(items) < 2:
        return items
    from rich.progress import track  # only where a bar is drawn

    return track(items, description=says, transient=True)
