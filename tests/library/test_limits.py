"""The stop-watch inside a process."""

import signal
import threading
import time

import pytest

from course_utils.grading.limits import time_limit
from course_utils.grading.verdict import TimeUp

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm on this system")


def test_a_loop_is_ended():
    started = time.monotonic()
    with pytest.raises(TimeUp), time_limit(0.05):
        while True:
            pass
    assert time.monotonic() - started < 2


def test_code_that_swallows_everything_is_rung_at_again():
    rings = 0
    with pytest.raises(TimeUp), time_limit(0.05):
        while rings < 2:
            try:
                while True:
                    pass
            except BaseException:
                rings += 1
        while True:
            pass
    assert rings == 2


def test_except_exception_lets_it_through():
    assert not issubclass(TimeUp, Exception)


def test_what_was_there_before_is_put_back():
    def handler(signum, frame):
        pass

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with time_limit(10):
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        assert signal.getsignal(signal.SIGALRM) is handler
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    finally:
        signal.signal(signal.SIGALRM, before)


def test_outside_the_main_thread_there_is_no_limit():
    done = []

    def work():
        with time_limit(0.01):
            time.sleep(0.05)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
