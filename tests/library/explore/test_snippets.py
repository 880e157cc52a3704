"""Every program that the explorer offers runs as it stands, and gives the numbers that were shown."""

import pytest
import torch

from course_utils.explore import ablation, attention, attribution, lens, patching, predictions
from course_utils.explore.ablation import Filling, Part
from course_utils.explore.patching import Places
from course_utils.explore.prompt import read_prompt
from course_utils.explore.question import ask
from course_utils.explore.snippet import literal, loading

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
AWKWARD = 'Ada "said": \\n\' {0} %s naïve\n你 \u2028 🦊 to'


def ran(program, capsys):
    names = {}
    exec(compile(program, "<copied>", "exec"), names)
    assert capsys.readouterr().out.strip()
    return names


def test_predictions(model, giving, capsys):
    names = ran(predictions.code(loading(model.name), giving, 9, 4), capsys)
    guesses = predictions.next_tokens(model, giving, 9, 4)
    assert names["best"].indices.tolist() == [guess.token.id for guess in guesses]
    torch.testing.assert_close(names["best"].values, torch.tensor([guess.probability for guess in guesses]), **CLOSE)


def test_a_prompt_with_every_awkward_sign(model, capsys):
    prompt = read_prompt(model, AWKWARD)
    names = ran(predictions.code(loading(model.name), prompt, len(prompt) - 1), capsys)
    assert names["tokens"].tolist() == [prompt.ids]


@pytest.mark.parametrize("text", [AWKWARD, "", "\x00\x7f\\", "'\"'''\"\"\"", "\u2028\ufeff"])
def test_a_text_survives_being_written_as_python(text):
    assert eval(literal(text)) == text


def test_attention(model, giving, capsys):
    names = ran(attention.code(loading(model.name), giving, 1, 3), capsys)
    torch.testing.assert_close(names["pattern"], attention.attention(model, giving, 1)[3], **CLOSE)


def test_lens(model, giving, capsys):
    names = ran(lens.code(loading(model.name), giving), capsys)
    shown = lens.logit_lens(model, giving)
    torch.testing.assert_close(names["best"].values, shown.probabilities, **CLOSE)
    assert names["best"].indices.tolist() == [[token.id for token in row] for row in shown.guesses]


@pytest.mark.parametrize(("answer", "rival"), [("Ada", "Boris"), (".", ""), ("", "")])
def test_attribution(model, giving, capsys, answer, rival):
    question = ask(model, giving, answer, rival, 11)
    names = ran(attribution.code(loading(model.name), model, giving, question), capsys)
    shown = attribution.attribute(model, giving, question)
    torch.testing.assert_close(names["heads"], shown.heads, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(names["mlps"], shown.mlps, atol=1e-4, rtol=1e-4)
    for name in ("embeddings", "biases", "unembedding", "lead", "total"):
        assert abs(names[name].item() - getattr(shown, name)) < 1e-4


@pytest.mark.parametrize("places", list(Places))
def test_patching(model, giving, other, capsys, places):
    if places is Places.MLPS and model.cfg.attn_only:
        pytest.skip("this specimen has no MLPs")
    question = ask(model, giving, "Ada", "Boris")
    names = ran(patching.code(loading(model.name), model, other, giving, question, places), capsys)
    shown = patching.patch_map(model, other, giving, question, places)
    torch.testing.assert_close(names["leads"], shown.leads, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(names["recovered"], shown.recovered, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("filling", list(Filling))
def test_ablation(model, giving, other, capsys, filling):
    parts = [Part(0, 2), Part(1, 4), Part(1, 1), *([] if model.cfg.attn_only else [Part(1), Part(3)])]
    names = ran(ablation.code(loading(model.name), giving, parts, filling, 14, other), capsys)
    shown = ablation.ablate(model, giving, parts, filling, 14, other)
    torch.testing.assert_close(names["before"], shown.before, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(names["after"], shown.after, atol=1e-4, rtol=1e-4)


def test_ablation_of_nothing(model, giving, capsys):
    names = ran(ablation.code(loading(model.name), giving, [], Filling.ZERO, 14), capsys)
    assert torch.equal(names["before"], names["after"])
