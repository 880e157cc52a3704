"""The explorer: pages that look inside the specimens. Importing this loads neither torch nor a page's module."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.pages import Site


@dataclass(frozen=True)
class ExplorerPage:
    """A page for the navigation: `draw(site)` draws it; `icon` is a Material symbol."""

    title: str
    url_path: str
    icon: str
    draw: Callable[["Site"], None]


def pages() -> list[ExplorerPage]:
    """The explorer's pages, in the order in which one would visit them."""
    return [
        ExplorerPage("Prompt", "prompt", ":material/visibility:", _page("prompt")),
        ExplorerPage("Attribution", "attribution", ":material/bar_chart:", _page("attribution")),
        ExplorerPage("Patching", "patching", ":material/grid_on:", _page("patching")),
        ExplorerPage("Ablation", "ablation", ":material/toggle_off:", _page("ablation")),
    ]


def _page(name: str) -> Callable[["Site"], None]:
    def draw(site: "Site") -> None:
        importlib.import_module(f"app.explorer.{name}_page").draw(site)

    return draw
