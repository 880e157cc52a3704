"""The filter of system calls, run by a small interpreter of the kernel's language: for both machines, on either."""

import os
import struct

import pytest

from course_utils.jail.walls import seccomp, syscalls
from course_utils.jail.walls.refused import REFUSED
from course_utils.jail.walls.seccomp import MACHINES, program

ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
X86, ARM = MACHINES["x86_64"], MACHINES["aarch64"]
EVERYDAY = {  # read, write, close, mmap, munmap, futex, exit_group, rt_sigaction, sendto, recvfrom, openat, getrandom
    "x86_64": (0, 1, 3, 9, 11, 202, 231, 13, 44, 45, 257, 318),
    "aarch64": (63, 64, 57, 222, 215, 98, 94, 134, 206, 207, 56, 278),
}


def verdict(code, arch, number, *arguments):
    """What the filter returns for one call."""
    data = struct.pack("<IIQ", number, arch, 0) + b"".join(struct.pack("<Q", a) for a in (*arguments, *[0] * 6)[:6])
    held, at = 0, 0
    for _ in range(len(code)):
        op, true, false, value = struct.unpack_from("<HBBI", code, 8 * at)
        at += 1
        if op == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif op == 0x06:
            return value
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[op]
            at += true if holds else false
    raise AssertionError("the filter does not end")


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("may_fork", [True, False])
def test_every_call_of_the_list_is_refused_and_the_everyday_ones_pass(name, may_fork):
    machine = MACHINES[name]
    code = program(machine, may_fork=may_fork, only_signal=None)
    for call, numbers in REFUSED.items():
        if numbers[machine.column] is not None:
            assert verdict(code, machine.arch, numbers[machine.column]) == EPERM, call
    for number in EVERYDAY[name]:
        assert verdict(code, machine.arch, number) == ALLOW, number
    assert len(code) // 8 < 4096  # the kernel's most


@pytest.mark.parametrize(
    ("machine", "all_disks", "own_file"), [(X86, (162, 306), (74, 75)), (ARM, (81, 267), (82, 83))]
)
def test_a_file_may_be_written_out_but_not_every_disk(machine, all_disks, own_file):
    code = program(machine, may_fork=False)
    assert [verdict(code, machine.arch, number) for number in all_disks] == [EPERM, EPERM]
    assert [verdict(code, machine.arch, number) for number in own_file] == [ALLOW, ALLOW]


@pytest.mark.parametrize(("machine", "clone"), [(X86, 56), (ARM, 220)])
def test_new_processes_threads_and_namespaces_are_told_apart(machine, clone):
    thread, process, namespace = 0x3D0F00, 0x01200011, 0x10000011
    for may_fork, expected in ((True, (ALLOW, ALLOW, EPERM)), (False, (ALLOW, EPERM, EPERM))):
        code = program(machine, may_fork=may_fork)
        assert tuple(verdict(code, machine.arch, clone, flags) for flags in (thread, process, namespace)) == expected
        for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
            assert verdict(code, machine.arch, clone, thread | flag) == EPERM


def test_fork_and_vfork_of_x86():
    assert [verdict(program(X86, may_fork=True), X86.arch, number) for number in (57, 58)] == [ALLOW, ALLOW]
    assert [verdict(program(X86, may_fork=False), X86.arch, number) for number in (57, 58)] == [EPERM, EPERM]


@pytest.mark.parametrize("machine", [X86, ARM])
def test_newer_calls_are_answered_as_by_an_old_kernel(machine):
    code = program(machine, may_fork=False)
    allowed = {436, 437, 439, 441, 449}
    for number in range(424, 600):
        assert verdict(code, machine.arch, number) == (ALLOW if number in allowed else ENOSYS)


@pytest.mark.parametrize(("machine", "kill", "tgkill", "tkill"), [(X86, 62, 234, 200), (ARM, 129, 131, 130)])
def test_signals_go_to_one_process_only_where_there_is_no_pid_namespace(machine, kill, tgkill, tkill):
    code = program(machine, may_fork=False, only_signal=4321)
    for call in (kill, tgkill):
        assert verdict(code, machine.arch, call, 4321, 9) == ALLOW
        for other in (1, 0, 0xFFFFFFFF, 4320):
            assert verdict(code, machine.arch, call, other, 9) == EPERM
    assert verdict(code, machine.arch, tkill, 4321, 9) == EPERM
    assert verdict(program(machine, may_fork=False), machine.arch, kill, 0xFFFFFFFF, 9) == ALLOW


@pytest.mark.parametrize(
    ("machine", "prlimit", "prctl", "fcntl", "ioctl"), [(X86, 302, 157, 72, 16), (ARM, 261, 167, 25, 29)]
)
def test_calls_that_are_refused_for_some_arguments(machine, prlimit, prctl, fcntl, ioctl):
    code = program(machine, may_fork=False)
    for call, arguments, expected in (
        (prlimit, (0, 7), ALLOW),
        (prlimit, (17, 7), EPERM),
        (prctl, (15, 0), ALLOW),
        (prctl, (1, 0), EPERM),
        (fcntl, (3, 3), ALLOW),
        (fcntl, (3, 8), EPERM),
        (fcntl, (3, 10), EPERM),
        (ioctl, (3, 0x5401), ALLOW),
        (ioctl, (3, 0x5412), EPERM),
        (ioctl, (3, 0x8901), EPERM),
    ):
        assert verdict(code, machine.arch, call, *arguments) == expected, (call, arguments)


def test_other_conventions_end_the_process():
    assert verdict(program(X86, may_fork=True), 0x40000003, 1) == KILL  # i386 on x86_64
    assert verdict(program(ARM, may_fork=True), 0x40000028, 1) == KILL  # arm on aarch64
    assert verdict(program(X86, may_fork=True), X86.arch, 0x40000001) == KILL  # x32


@pytest.mark.skipif(not seccomp.available(), reason="no filter for this kind of machine")
def test_the_kernel_takes_the_filter_and_holds_to_it():
    child = os.fork()
    if child == 0:
        status = 9
        try:
            syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
            seccomp.install(may_fork=False, only_signal=os.getpid())
            try:
                os.kill(os.getppid(), 0)
            except PermissionError:
                status = 4
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
