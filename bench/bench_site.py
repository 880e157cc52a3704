"""How fast the site is for someone who reads it, measured in a real Chromium beside what it is meant to be.

Serves a copy of the course, opens pages, follows links, searches and checks an answer; then weighs the site's process
and lists which heavy packages its pages have loaded. Times are from the click to the moment at which the new page
stands. The machine's load is printed, as it decides much.
Run from the course's folder: `python bench/bench_site.py [--runs 5] [--only "section change"]`. Needs Playwright and
Chromium. Linux only.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.authoring.cells import read_text
from course_utils.authoring.stub import replace_source, source_of
from course_utils.authoring.trial import Served, serving
from course_utils.catalog import CourseError, course_root

EXERCISE, SLUG = "LayerNorm", "layer_norm"
AIMS: dict[str, float | None] = {  # seconds; None where nobody waits for the page alone
    "first page, nothing in the browser's cache": 2.0,
    "section change, all of a chapter": 0.5,
    "search, from the box to the results": 0.5,
    "check of an answer": None,
    "explorer page": 2.0,
    "explorer, a new prompt": None,
}
MEMORY = 700  # MB, with an explorer open
HEAVY = ("torch", "transformers", "transformer_lens", "sae_lens", "plotly", "pandas", "pyarrow", "jupytext", "pytest")
NEVER = {"transformer_lens", "sae_lens"}
HOOK = course_root() / "tests" / "browser" / "watch"  # lets the site's process tell its modules
READING = 3000  # milliseconds that nobody needs less of for the first section
HOME, SECTION, EXPLORER = "#chapters", ".st-key-neighbours", "#tokens"
WORDS = ("residual", "attention", "softmax", "logit", "norm", "head", "patching", "ablation", "cache", "gradient")
THINGS = ("boat", "drum", "bell")
READ = "word => document.querySelector(\"[data-testid='stMain']\").innerText.includes(word)"  # what is typed is no text
# The state is "not running" for a moment before a run begins as well, so it must hold for a while.
SETTLED = """() => {
    const idle = document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
    window.idleSince = idle ? (window.idleSince ?? performance.now()) : undefined;
    return idle && performance.now() - window.idleSince > 300;
}"""


class Reader:
    """A browser and what its reader does; each method returns when what was asked for stands on the page."""

    def __init__(self, browser: Any, served: Served) -> None:
        self.browser, self.served = browser, served
        self.page = browser.new_context().new_page()

    def afresh(self) -> None:
        """Go on as someone who was never here: nothing of the site is in the browser's cache."""
        self.page.context.close()
        self.page = self.browser.new_context().new_page()
        self.page.set_default_timeout(60_000)

    def open(self, path: str, landmark: str) -> None:
        self.page.goto(self.served.address + path)
        self.page.locator(landmark).first.wait_for()

    def settle(self) -> None:
        """Wait until nothing is being drawn any more."""
        self.page.wait_for_function(SETTLED, polling=50)

    def onward(self) -> None:
        """From one section of a chapter to the end of the next."""
        before = self.page.locator("h2").first.inner_text()
        links = self.page.locator(SECTION)
        links.get_by_text(re.compile("^Next: ")).first.click()
        links.get_by_text(f"Previous: {before}").wait_for()

    def search(self, word: str) -> None:
        """From the sidebar's box to the results."""
        box = self.page.get_by_role("textbox", name="Search the course")
        box.fill(word)
        box.press("Enter")
        self.page.wait_for_url(re.compile(f"/search.*{word}"))
        self.page.locator("[data-testid='stMain'] a", has_text=re.compile(word, re.IGNORECASE)).first.wait_for()

    def check(self, mood: str) -> None:
        """From the press of the button to the verdict."""
        box = self.page.locator(f".st-key-exercise-{SLUG}")
        box.get_by_role("button", name="Run checks").click()
        box.locator(f"[class*='st-key-verdict-{mood}']").wait_for()

    def ask(self, thing: str) -> None:
        """From a new prompt with this thing in it to what the explorer shows of it."""
        box = self.page.locator("[data-testid='stMain']").get_by_role("textbox", name="Prompt").first
        box.fill(f"lamp owl brave under Boris {thing} lamp owl brave under Boris")
        box.press("Enter")
        self.page.wait_for_function(READ, arg=thing, polling=20)


def seconds(action: Callable[..., object], *arguments: object) -> float:
    """What one call takes."""
    started = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - started


def first_pages(reader: Reader, runs: int) -> list[float]:
    times = []
    for _ in range(runs + 1):  # the server's own first page is not counted: it reads the course
        reader.afresh()
        times.append(seconds(reader.open, "/", HOME))
    return times[1:]


def sections(reader: Reader, runs: int) -> list[float]:
    """From each section of the first chapter to the next, however many `runs`: they differ too much to choose some."""
    reader.open(f"/{reader.served.catalog.chapters[0].key}", SECTION)
    reader.page.wait_for_timeout(READING)
    times = []
    while reader.page.locator(SECTION).get_by_text(re.compile("^Next: ")).count():
        reader.settle()
        times.append(seconds(reader.onward))
    return times


def searches(reader: Reader, runs: int) -> list[float]:
    times = []
    for word in WORDS[: runs + 1]:  # the first makes the index
        reader.settle()
        times.append(seconds(reader.search, word))
    return times[1:]


def checks(reader: Reader, runs: int) -> list[float]:
    """Of a right and a wrong answer in turn, so that each verdict differs from the one that is on the page."""
    chapter = reader.served.catalog.chapter_of(reader.served.catalog.find_exercise(EXERCISE))
    right = source_of(read_text(chapter.solution), EXERCISE) or ""
    answers = {"wrong": right.replace("return ", "return 2 * "), "passed": right}
    times = []
    for number in range(runs + 1):  # the first starts the grader
        mood = ("wrong", "passed")[number % 2]
        chapter.script.write_text(replace_source(read_text(chapter.script), EXERCISE, answers[mood]) or "")
        reader.open(f"/?exercise={SLUG}", f".st-key-exercise-{SLUG}")
        reader.settle()
        times.append(seconds(reader.check, mood))
    return times[1:]


def explorer_pages(reader: Reader, runs: int) -> list[float]:
    return [seconds(reader.open, "/prompt", EXPLORER) for _ in range(runs + 1)][1:]


def prompts(reader: Reader, runs: int) -> list[float]:
    times = []
    for thing in THINGS[:runs]:
        reader.settle()
        times.append(seconds(reader.ask, thing))
    return times


def megabytes(process: int, what: str = "VmRSS") -> float:
    """Memory of a process, as the kernel counts it: resident now (VmRSS) or at most so far (VmHWM)."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def modules(served: Served) -> set[str]:
    """What the site's process has loaded, told by itself."""
    told = served.folder / "modules"
    told.unlink(missing_ok=True)
    os.kill(served.process, signal.SIGUSR1)
    for _ in range(100):
        time.sleep(0.05)
        if told.is_file() and told.read_text().endswith("]"):
            return set(json.loads(told.read_text()))
    raise CourseError("The site's process did not tell its modules: run the benchmark from the course's folder.")


def report(name: str, times: list[float], aim: float | None) -> bool:
    """Print one row; whether the aim was met."""
    middle = statistics.median(times)
    verdict = "" if aim is None else f"aim {aim:.1f} s: {'met' if middle < aim else 'MISSED'}"
    print(f"  {name:44} {middle:6.2f} s  ({min(times):.2f} to {max(times):.2f})  {verdict}".rstrip())
    return aim is None or middle < aim


def measure(browser: Any, runs: int, only: str) -> bool:
    """Print the rows whose name has the words of `only`; whether all aims were met."""
    met = True
    with serving("--server.address=localhost", PYTHONPATH=str(HOOK)) as served:
        reader = Reader(browser, served)
        empty = megabytes(served.process)
        steps = (first_pages, sections, searches, checks, explorer_pages, prompts)
        chosen = [(step, name, aim) for step, (name, aim) in zip(steps, AIMS.items(), strict=True) if only in name]
        for step, name, aim in chosen:
            met &= report(name, step(reader, runs), aim)
        if only:
            return met
        now, most = (megabytes(served.process, what) for what in ("VmRSS", "VmHWM"))
        loaded = modules(served)
    heavy = [name for name in HEAVY if name in loaded]
    print(f"  memory: {empty:.0f} MB at the start, {now:.0f} MB with an explorer open, {most:.0f} MB at most", end="")
    print(f"  aim {MEMORY} MB: {'met' if most < MEMORY else 'MISSED'}")
    print(f"  loaded by the pages: {', '.join(heavy)}; never: {', '.join(sorted(NEVER))}")
    return met and most < MEMORY and not NEVER & loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each step, up to 9")
    parser.add_argument("--only", default="", help="the steps whose name has these words, such as 'section change'")
    arguments = parser.parse_args()
    if not any(arguments.only in name for name in AIMS):
        parser.error(f"no step has {arguments.only!r} in its name: {', '.join(AIMS)}")
    from playwright.sync_api import sync_playwright

    print(
        f"medians of {arguments.runs} (fastest to slowest); load of the machine at the start {os.getloadavg()[0]:.1f}"
    )
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        met = measure(opened, arguments.runs, arguments.only)
        opened.close()
    print(f"load at the end {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
