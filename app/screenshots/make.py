"""Make the pictures of the README anew: `python app/screenshots/make.py`. Needs Playwright and Chromium.

Serves a copy of the course, does what a learner does, and keeps each view as a PNG of few colours, to be small.
"""

import re
import shutil
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from course_utils.authoring.cells import read_text
from course_utils.authoring.trial import Served, serving

HERE = Path(__file__).resolve().parent
MOST = 60_000  # bytes of a picture
EXERCISE, SLUG = "LayerNorm", "layer_norm"
WRONG = """centred = x - x.mean(dim=-1, keepdim=True)
        std = centred.square().mean(dim=-1, keepdim=True).sqrt()
        return centred / (std + self.eps) * self.w + self.b"""
SETTLED = """() => {
    const idle = document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
    const drawn = idle && !document.querySelector("[data-testid='stSkeleton']");
    window.idleSince = drawn ? (window.idleSince ?? performance.now()) : undefined;
    return drawn && performance.now() - window.idleSince > 1000;
}"""


def settle(page: Any) -> None:
    """Wait until nothing is being drawn any more."""
    page.wait_for_function(SETTLED, polling=100)


def home(page: Any, served: Served) -> None:
    """The map of the course."""
    page.goto(served.address)
    page.locator("#chapters").wait_for()


def exercise(page: Any, served: Served) -> None:
    """A wrong answer, its verdict and a hint."""
    chapter = served.catalog.chapter_of(served.catalog.find_exercise(EXERCISE))
    text = read_text(chapter.script)
    chapter.script.write_text(text.replace(f'raise NotImplementedError("{EXERCISE}.forward")', WRONG))
    page.goto(f"{served.address}/?exercise={SLUG}")
    card = page.locator(f".st-key-exercise-{SLUG}")
    card.locator(".cm-content").wait_for()
    settle(page)
    card.get_by_role("button", name="Run checks").click()
    card.locator("[class*='st-key-verdict-wrong']").wait_for()
    settle(page)
    card.get_by_role("button", name=re.compile("Hint 1 of")).click()
    card.locator("[class*='st-key-hint-']").wait_for()
    settle(page)
    page.mouse.move(0, 0)
    card.locator(".cm-editor").evaluate("element => element.scrollIntoView({block: 'start'})")
    page.locator("[data-testid='stMain']").evaluate("element => element.scrollBy(0, 40)")


def explorer(page: Any, served: Served) -> None:
    """What each head and layer adds to an answer."""
    page.goto(f"{served.address}/attribution")
    page.locator(".st-key-explorer-bar").wait_for()
    settle(page)
    page.locator("[data-testid='stMain']").evaluate("element => element.scrollBy(0, 330)")


def search(page: Any, served: Served) -> None:
    """Results of a search."""
    page.goto(f"{served.address}/search?q=residual+stream")
    page.locator("[data-testid='stMain'] a").first.wait_for()


VIEWS: dict[str, Callable[[Any, Served], None]] = {
    "home": home,
    "exercise": exercise,
    "explorer": explorer,
    "search": search,
}


def keep(picture: bytes, path: Path) -> None:
    """Write the picture with as many colours as fit into its size."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    for colours in (128, 64, 32, 16):
        small = BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        if len(small.getvalue()) < MOST:
            break
    path.write_bytes(small.getvalue())
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {colours} colours")


def main() -> None:
    """Make those that are named, or all."""
    from playwright.sync_api import sync_playwright

    asked = sys.argv[1:] or list(VIEWS)
    with sync_playwright() as driver, serving("--server.address=localhost") as served:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 860})
        page.set_default_timeout(120_000)
        for name in asked:
            VIEWS[name](page, served)
            settle(page)
            keep(page.screenshot(), HERE / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
