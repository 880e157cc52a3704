"""`course watch`: checks what was edited on every save, and answers a few keys. Nothing in a file can end it."""

import contextlib
import hashlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from watchfiles import Change, watch

from course_utils.authoring.cells import read_cells
from course_utils.catalog import Catalog, Chapter, CourseError, Exercise
from course_utils.grading.client import warm_up
from course_utils.grading.report import as_line, as_text
from course_utils.learner import progress
from course_utils.learner.checking import check_exercises, next_exercise, next_words, sync_pair
from course_utils.learner.fingerprints import digests
from course_utils.learner.keys import pressed_keys
from course_utils.learner.ladder import next_hint
from course_utils.learner.overview import legend, list_lines, overview
from course_utils.learner.screen import as_typed, colour, shown_path

QUIET = 100  # milliseconds without another change before a save counts as finished
LONGEST = 400  # milliseconds after which it counts anyway
LOOK_FOR_KEYS = 150  # milliseconds between looks at the keyboard
SHOWN_IN_FULL = 3  # verdicts; if a save changes more exercises, each gets one line
Say = Callable[[str], None]
KEYS = "n next   h hint   l list   c check again   q quit"


class Watcher:
    """Watches chapters and keeps in mind what their exercises looked like when they were last checked."""

    def __init__(
        self, catalog: Catalog, chapters: tuple[Chapter, ...], say: Callable[[str], None] | None = None
    ) -> None:
        self.catalog = catalog
        self.chapters = chapters
        self.say = say or _say
        self.digests = {chapter.key: digests(chapter) for chapter in chapters}
        self.texts = {chapter.key: _fingerprint(chapter) for chapter in chapters}
        self.current = self._next()

    def run(self) -> None:
        """Watch until q or Ctrl-C."""
        warm_up()
        folders = [chapter.folder for chapter in self.chapters if chapter.folder.is_dir()]
        self.say("Watching:\n" + "\n".join(f"  {shown_path(c.script, c.root)} and .ipynb" for c in self.chapters))
        if self.current:
            self.say(f"Next: {self.current.name}, {self.current.title}. Edit it and save.")
        with pressed_keys() as keys, contextlib.suppress(KeyboardInterrupt):
            self.say(KEYS if keys is not None else "Ctrl-C ends this.")
            for changes in watch(
                *folders,
                recursive=False,
                step=QUIET,
                debounce=LONGEST,
                rust_timeout=LOOK_FOR_KEYS,
                yield_on_timeout=True,
            ):
                self.saved(changes)
                for key in keys() if keys else ():
                    if key == "q":
                        return
                    self.pressed(key)

    def saved(self, changes: set[tuple[Change, str]]) -> None:
        """React to files that changed."""
        names = {Path(path).name for _, path in changes}
        for chapter in self.chapters:
            if names & {chapter.script.name, chapter.notebook.name}:
                self._guarded(partial(self._saved, chapter))

    def pressed(self, key: str) -> None:
        """React to a key; those that mean nothing are ignored."""
        actions = {"n": self._go_on, "h": self._hint, "l": self._list, "c": self._again}
        if action := actions.get(key):
            self._guarded(action)

    def _guarded(self, action: Callable[[], None]) -> None:
        """Whatever goes wrong is said, and the watch goes on."""
        try:
            action()
        except CourseError as error:
            self.say(str(error))
        except Exception as error:
            self.say(f"That did not work ({type(error).__name__}: {error}). Still watching.")

    def _saved(self, chapter: Chapter) -> None:
        text = _fingerprint(chapter)
        if text == self.texts[chapter.key]:  # our own write of the other file of the pair, or nothing new
            return
        self.texts[chapter.key] = text
        if said := sync_pair(chapter):
            self.say(said)
        self.texts[chapter.key] = _fingerprint(chapter)
        before, now = self.digests[chapter.key], digests(chapter)
        self.digests[chapter.key] = now
        changed = [exercise for exercise in chapter.exercises if before.get(exercise.name) != now.get(exercise.name)]
        following = None if changed else next_exercise(self.catalog, chapter)
        self._check(chapter, [following] if following else changed)

    def _check(self, chapter: Chapter, exercises: list[Exercise]) -> None:
        self.say(f"── {time.strftime('%H:%M:%S')} " + "─" * 40)
        brief = len(exercises) > SHOWN_IN_FULL
        passing = True
        for verdict in check_exercises(chapter, exercises):
            passing = passing and verdict.ok
            self.current = self.catalog.find_exercise(verdict.exercise)
            self.say((as_line if brief else as_text)(verdict, colour()))
        if self._next() is None:
            self.say("Every exercise here passes.")
        elif passing and exercises:
            self.say(f"  {next_words(self.catalog, exercises[-1])}")

    def _next(self) -> Exercise | None:
        """The first exercise that isn't done in the watched chapters."""
        found = (next_exercise(self.catalog, chapter) for chapter in self.chapters)
        return next((exercise for exercise in found if exercise), None)

    def _go_on(self) -> None:
        """Key n: the next exercise after this one that isn't done, around the end to the first."""
        every = [exercise for chapter in self.chapters for exercise in chapter.exercises]
        states = {name: state for chapter in self.chapters for name, state in progress.states(chapter).items()}
        start = every.index(self.current) + 1 if self.current in every else 0
        undone = (e for e in every[start:] + every[:start] if states[e.name] is not progress.State.DONE)
        self.current = next(undone, None)
        self._again()

    def _again(self) -> None:
        """Key c."""
        if self.current is None:
            self.say("Every exercise here passes.")
        else:
            self._check(self.catalog.chapter_of(self.current), [self.current])

    def _hint(self) -> None:
        """Key h."""
        if self.current:
            self.say(next_hint(self.catalog, self.current))

    def _list(self) -> None:
        """Key l."""
        rows = [overview(chapter) for chapter in self.chapters]
        for chapter, row in zip(self.chapters, rows, strict=True):
            self.say("\n".join(list_lines(chapter, row)))
        self.say(legend(rows))


def _say(text: str) -> None:
    print(as_typed(text), flush=True)


def _fingerprint(chapter: Chapter) -> str:
    """Changes with what is written in either file of the pair; a notebook's outputs don't count."""
    digest = hashlib.sha256()
    for path in (chapter.script, chapter.notebook):
        try:
            content = "\0".join(cell.source for cell in read_cells(path)).encode("utf-8", "surrogatepass")
        except CourseError:
            content = path.read_bytes() if path.is_file() else b"missing"
        digest.update(content + b"\0\0")
    return digest.hexdigest()
