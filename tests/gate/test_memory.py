"""What the gate notices of the inputs that checks give: it must tell drawn ones from those that stay the same."""

import torch
from torch import nn

from course_utils.authoring.data_of import data_of
from course_utils.authoring.memory import drawn_checks
from course_utils.authoring.record import Record
from course_utils.model import ActivationCache, HookedTransformer, HookedTransformerConfig


class Scale(nn.Module):
    """Multiplies by weights that it draws for itself."""

    def __init__(self, size):
        super().__init__()
        self.w = nn.Parameter(torch.randn(size))

    def forward(self, x):
        return self.w * x


def drawn(thing, ask):
    """Whether `ask(thing)` asks something else when other random numbers are drawn."""
    records = [Record(thing), Record(thing)]
    for seed, record in enumerate(records):
        torch.manual_seed(seed)
        record.begin("the check")
        ask(record.noting())
    return bool(drawn_checks(*records))


def test_arguments():
    assert not drawn(abs, lambda f: f(torch.ones(3)))
    assert drawn(abs, lambda f: f(torch.randn(3)))
    assert drawn(lambda values, k: k, lambda f: f({"x": [torch.randn(())]}, k=2))


def test_what_a_callback_knows():
    def asking(value):
        return lambda f: f(lambda x: x + value())

    assert not drawn(lambda callback: callback(1), asking(lambda: 2.0))
    assert drawn(lambda callback: callback(1), lambda f: f((lambda a: lambda x: x + a)(float(torch.rand(())))))


def test_what_a_function_that_came_back_is_given():
    def made():
        return lambda x: 2 * x

    assert not drawn(made, lambda f: f()(torch.ones(2)))
    assert drawn(made, lambda f: f()(torch.randn(2)))


def test_weights_that_an_object_made_for_itself_are_not_asked():
    assert not drawn(Scale, lambda cls: cls(3)(torch.ones(3)))
    assert drawn(Scale, lambda cls: cls(3)(torch.randn(3)))


def test_weights_that_a_check_put_in_are():
    def with_weights(weights):
        def ask(cls):
            layer = cls(3)
            layer.w.data.copy_(weights())
            layer(torch.ones(3))

        return ask

    assert not drawn(Scale, with_weights(lambda: torch.ones(3)))
    assert drawn(Scale, with_weights(lambda: torch.randn(3)))


def test_gradients_count():
    def asking(gradient):
        def ask(f):
            parameter = nn.Parameter(torch.ones(2))
            parameter.grad = gradient()
            f([parameter])

        return ask

    assert not drawn(len, asking(lambda: torch.ones(2)))
    assert drawn(len, asking(lambda: torch.randn(2)))


def test_a_cache_counts_by_what_it_holds():
    cfg = HookedTransformerConfig(n_layers=1, d_model=4, n_heads=1, d_head=4, n_ctx=3, d_vocab=5, attn_only=True)

    def asking(pattern):
        return lambda f: f(ActivationCache({"blocks.0.attn.hook_pattern": pattern()}, HookedTransformer(cfg)))

    assert not drawn(len, asking(lambda: torch.ones(1, 1, 3, 3)))
    assert drawn(len, asking(lambda: torch.rand(1, 1, 3, 3)))


def test_questions_about_names_are_left_out():
    names, numbers = Record(len), Record(abs)
    names.noting()("a specimen")
    numbers.noting()(-1)
    assert [record.is_about_names for record in (names, numbers)] == [True, False]


def test_answers_come_back_in_their_order():
    record = Record(lambda x: 1 / x)
    noted = record.noting()
    noted(2)
    for call in (noted, record.recalling()):
        try:
            came = call(0)
        except ZeroDivisionError:
            came = "an error"
        assert came == ("an error" if call is noted else 0.5)


def test_things_that_go_round_in_circles_have_data():
    one: list[object] = [1]
    one.append(one)
    assert data_of(one) != data_of([1, 2])
