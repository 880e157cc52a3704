"""Tensors that a jail sends may cost the outside no more than their bytes: a frame that would cost more is malformed."""

import pytest
import torch

from course_utils.jail.talk import bounds
from course_utils.jail.talk.codec import Codec


def test_a_sparse_tensor_has_no_values(answered):
    got = answered(["st", "sparse", "", [1] * 15 + [1 << 20], "uint8"])
    assert got.layout is torch.sparse_coo
    assert got._nnz() == 0


@pytest.mark.parametrize("what", ["sparse", "meta"])
@pytest.mark.parametrize("shape", [[1 << 21], [1] * 17, [1 << 30, 0], [-1], [1.0], "ab"])
def test_a_tensor_without_values_is_small(what, shape, refused):
    refused(["st", what, "", shape, "float32"])


def test_a_sparse_answer_of_any_size_crosses(outside):
    inside = outside[0]
    inside.inside = True
    large = torch.empty(1 << 15, 1 << 15, layout=torch.sparse_coo)
    assert Codec(inside.links, home=inside).encode(large) == ["st", "sparse", "", [0], "float32"]
    assert Codec(inside.links, home=inside).encode(torch.eye(2).to_sparse())[3] == [2, 2]


@pytest.mark.parametrize(
    "value",
    [
        ["l", [["X", 1 + n, 0, False, True, True] for n in range(2)]],
        ["l", [["t", 0, None], ["t", 0, None]]],
        ["l", [["np", 0, False], ["np", 0, False]]],
        ["P", 1, 0, False, 0],
    ],
)
def test_a_place_of_a_tensor_is_read_once(value, refused):
    assert "no place of a tensor" in refused(value, [torch.ones(3)])


def test_so_is_one_on_a_tape(answered, refused):
    assert answered(["t", 0, 0], [torch.ones(3)], t=[0, [0], []]).requires_grad
    assert "no place of a tensor" in refused(["t", 0, 0], [torch.ones(3)], t=[0, [0, 0], []])


def test_one_result_twice_is_one_place_of_a_tape(outside):
    peer, _ = outside
    message = Codec(peer.links, home=peer)
    result = torch.ones(2, requires_grad=True) * 2
    assert message.encode([result, result]) == ["l", [["t", 0, 0], ["t", 0, 0]]]
    assert len(message.tensors) == 1


@pytest.mark.parametrize("times", [1, 64])
def test_views_are_no_larger_than_what_they_lie_in(times, answered, refused):
    peer = answered.peer
    whole = torch.zeros(4)
    number = peer.links.own(whole)
    view = ["w", ["@", "y", number], 0, [times, whole.numel()], [0, 1]]
    assert answered(view).shape == (times, whole.numel()) if times == 1 else refused(view)


def test_all_views_of_a_message_together(answered, refused, monkeypatch):
    number = answered.peer.links.own(torch.zeros(100))
    view = ["w", ["@", "y", number], 0, [100], [1]]
    monkeypatch.setattr(bounds, "MOST_VIEWED", 1200)
    assert len(answered(["l", [view] * 3])) == 3
    assert "a view of more" in refused(["l", [view] * 4])


def test_a_view_with_many_axes(answered, refused):
    number = answered.peer.links.own(torch.zeros(4))
    refused(["w", ["@", "y", number], 0, [(1 << 31) - 1] * 20_000, [0] * 20_000])


def test_the_jail_writes_out_what_would_be_more_views_than_that(outside, monkeypatch):
    peer, _ = outside
    peer.inside = True
    known = torch.zeros(4)
    peer.links.take(1, known)
    peer.remember(known)
    monkeypatch.setattr(bounds, "MOST_VIEWED", 40)
    assert Codec(peer.links, home=peer).encode(known.expand(3, 4))[0] == "t"
    told = Codec(peer.links, home=peer).encode([known[:4].view(2, 2)] * 3)[1]
    assert [one[0] for one in told] == ["w", "w", "t"]
