"""What a call may change of a check's own things, and what is undone of it."""

import socket

import pytest
import torch

from course_utils.jail.talk import wire
from course_utils.jail.talk.errors import told_of
from course_utils.jail.talk.firewall import Open
from course_utils.jail.talk.links import TensorRecord
from course_utils.jail.talk.proxy import OutsidePeer

TASK, HANDLE = (False, 1), (False, 2)


@pytest.fixture
def peer():
    """The outside, and how to put the jail's next answer on its line: `peer.answers(updates, tensors)`."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer = OutsidePeer(ours, {}, lambda state: 0, Open())
        peer.left, peer.permanent, peer.theirs = 60.0, frozenset({TASK}), theirs
        yield peer


def answer(peer, updates=(), tensors=(), **message):
    told = {"k": "return", "v": None, "u": list(updates), **message}
    peer.theirs.sendall(wire.pack(told, list(tensors)))


def call(peer, *args, of=TASK):
    """One call, and what of it the jail gets to read."""
    peer.ask("call", of, args)
    return wire.receive(peer.theirs, None)


def number_of(peer, thing):
    return peer.links.ref(thing)[1]


def set_to(peer, thing, blob=0):
    return [False, number_of(peer, thing), [blob, None, None]]


def test_a_call_may_change_what_it_was_given(peer):
    x = torch.zeros(2)
    answer(peer)
    call(peer, x)
    answer(peer, [set_to(peer, x)], [torch.ones(2)])
    call(peer, x)
    assert x.tolist() == [1, 1] and not peer.tainted
    peer.put_back()
    assert x.tolist() == [0, 0]


def test_a_call_that_changes_what_an_earlier_one_was_given_taints(peer):
    x = torch.zeros(2)
    answer(peer)
    call(peer, x)
    answer(peer, [set_to(peer, x)], [torch.ones(2)])
    call(peer, torch.zeros(3))
    assert peer.tainted


def test_a_function_that_an_earlier_call_returned_may(peer):
    scores = torch.zeros(2)
    answer(peer)
    call(peer, scores)
    peer.links.things[HANDLE] = print
    answer(peer, [set_to(peer, scores)], [torch.ones(2)])
    call(peer, of=HANDLE)
    assert scores.tolist() == [1, 1] and not peer.tainted


def test_what_a_call_changed_before_it_raised_is_undone(peer):
    x = torch.zeros(2)
    answer(peer)
    call(peer, x)
    told = told_of(ValueError("no"), "f", {})
    answer(peer, [set_to(peer, x)], [torch.ones(2)], k="raise", e=told)
    with pytest.raises(ValueError, match="no"):
        call(peer, x)
    assert x.tolist() == [0, 0]


def test_views_of_one_memory_are_put_back_to_what_was_there_first(peer):
    """A check that hands out a new view of its constant in each call keeps the constant."""
    constant = torch.zeros(3)
    for spoilt in (1.0, 2.0):
        view = constant[:]
        peer.links.own(view, TensorRecord(view))
        constant.fill_(spoilt)
    peer.put_back()
    assert constant.tolist() == [0, 0, 0]


def test_an_item_that_was_replaced_is_told_with_its_own_values(peer):
    items = [torch.zeros(2)]
    answer(peer)
    call(peer, items)
    items[0] = torch.full((2,), 5.0)
    answer(peer)
    message, tensors = call(peer, torch.full((3,), 7.0), items)
    (change,) = [told for own, number, told in message["u"] if (own, number) == (True, number_of(peer, items))]
    tag, _, index, *_ = change[0]
    assert tag == "X" and tensors[index].tolist() == [5, 5]


@pytest.mark.parametrize("may", [True, False])
def test_weights_are_changed_only_where_that_is_the_point(peer, may):
    weight, peer.may_write = torch.nn.Parameter(torch.ones(2)), may
    answer(peer)
    call(peer, weight)
    answer(peer, [set_to(peer, weight)], [torch.zeros(2)])
    call(peer, weight)
    assert weight.tolist() == [0, 0] and peer.tainted is not may
