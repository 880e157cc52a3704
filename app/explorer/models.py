"""The specimens, opened once for all visitors. A model carries one reader's hooks at a time, so each has a lock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import streamlit as st
import torch

from app.sections import stamp
from course_utils.model import HookedTransformer
from course_utils.specimens import files
from course_utils.specimens.load import load

_THREADS = 1  # these models are small: more threads cost more in waiting for each other than they bring


@dataclass(frozen=True)
class _Opened:
    model: HookedTransformer
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def opened(specimen: str, step: int | None = None) -> Iterator[HookedTransformer]:
    """The model, for this thread alone while the block lasts, without gradients; CourseError if it isn't here.

    step: a checkpoint from the middle of its training.
    """
    kept = _open(specimen, step, stamp_of(specimen, step))
    with kept.lock, torch.inference_mode():
        yield kept.model


def stamp_of(specimen: str, step: int | None) -> tuple[tuple[int, int], ...]:
    """What changes when the specimen is trained anew. Raises CourseError if it isn't here."""
    folder = files.folder_of(specimen)
    return stamp(folder / "model.safetensors" if step is None else files.checkpoint(specimen, folder, step))


@st.cache_resource(max_entries=6, show_spinner="Opening the specimen …")
def _open(specimen: str, step: int | None, stamped: tuple[tuple[int, int], ...]) -> _Opened:
    torch.set_num_threads(_THREADS)
    return _Opened(load(specimen, step=step))
