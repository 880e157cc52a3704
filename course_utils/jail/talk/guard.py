"""Outside: what the jail may do to the check's own things, and what is undone of it.

A check keeps tensors, lists and models, some of them for all whom it will ever judge, and computes what is right from
them. So a call changes what it was given, and nothing else; and when a check is over, all is as it was before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from course_utils.jail.talk.home import Home
from course_utils.jail.talk.hooked import ModelRecord
from course_utils.jail.talk.links import ContainerRecord, Record, Ref, TensorRecord


class Guard(Home):
    """What `OutsidePeer` does about changes."""

    tainted = False  # whether the jail changed what is nobody's to change: no answer passes then
    permanent: frozenset[Ref] = frozenset()  # what lives longer than a check: the thing under test itself
    may_write = False  # whether writing into what was given is the point of the exercise
    _strict = False  # whether the call under way is one of the thing under test, and not of what it returned earlier
    _undo: tuple[Record, ...] = ()  # what the call under way changed of the check's own plain things

    @contextmanager
    def guarding(self, ref: Ref | None) -> Iterator[None]:
        """In this block the check waits for one answer, of the thing with this number."""
        hooks = {own: record.on() for own, record in self._models()}
        self._strict, self._undo = ref in self.permanent, tuple[Record, ...]()
        try:
            yield
        except BaseException:
            # What it changed before it gave up is nobody's answer.
            for changed in reversed(self._undo):
                changed.restore()
            raise
        finally:
            # A hook that stays on a check's model runs in the check's own passes, and may be gone when it is over.
            if any(record.on() != hooks.get(own, record.first) for own, record in self._models()):
                self.tainted = True

    def _models(self) -> list[tuple[Ref, ModelRecord]]:
        found = self.links.records.items()
        return [(ref, record) for ref, record in found if ref[0] and isinstance(record, ModelRecord)]

    def changed(self, ref: Ref, values: bool, meant: bool) -> None:
        """The jail changed the thing with this number. meant: a call under way was given it.

        What an earlier call was given may be changed by a function that this call returned, and by nothing else.
        """
        if not values or not ref[0]:
            return
        record: Any = self.links.records[ref]
        is_data = isinstance(record, ContainerRecord | TensorRecord)
        is_weight = isinstance(self.links.things[ref], nn.Parameter)
        is_strange = is_weight or (self._strict and not meant)
        if ref in self.links.guarded or (is_data and is_strange and not self.may_write):
            self.tainted = True
        if is_data and not is_weight:
            self._undo += (record,)

    def put_back(self) -> None:
        """Undo what was changed of the check's own things, which the next learner's checks may use too.

        The last first: where two of them share memory, the older one knows what was there before anything changed.
        """
        for ref, record in reversed(self.links.records.items()):
            if ref[0]:
                self.tainted = self.tainted or (isinstance(record, ModelRecord) and record.left)
                record.restore()
