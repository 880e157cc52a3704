"""A specimen's folder opens in transformers, TransformerLens and nnsight without a network, and gives our numbers."""

import contextlib
import io
import warnings

import pytest
import torch

from course_utils.specimens import files

TEXTS = ["Ada gave a lamp to Boris.", "Claim: 71 is larger than 29.", "naïve (zebra]\n?", " two  spaces", "Xylophon"]
CLOSE = {"atol": 1e-4, "rtol": 0}
NAMES = ["tiny", "tiny-attn-only", *files.shipped()]


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def need(library, extra):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(library, reason=f"{library} is not installed: pip install 'glassbox[{extra}]'")


@pytest.fixture(params=NAMES)
def any_specimen(specimen, request):
    return specimen(request.param)


@pytest.fixture
def tokens(any_specimen):
    cfg = any_specimen.recipe.cfg
    return torch.randint(0, cfg.d_vocab, (2, 20), generator=torch.Generator().manual_seed(3))


def hf_model(folder):
    return need("transformers", "hf").AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def test_transformers_gives_our_logits(any_specimen, tokens):
    with torch.no_grad():
        theirs = hf_model(any_specimen.folder)(tokens).logits
    torch.testing.assert_close(any_specimen.load(raw=True)(tokens), theirs, **CLOSE)
    folded = any_specimen.load()(tokens)
    torch.testing.assert_close(folded.log_softmax(-1), theirs.log_softmax(-1), **CLOSE)


def test_the_bridge_gives_our_logits(any_specimen, tokens):
    need("transformer_lens", "lens")
    from transformer_lens.model_bridge import TransformerBridge

    bridge = quietly(TransformerBridge.boot_transformers, str(any_specimen.folder), device="cpu", dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(any_specimen.load(raw=True)(tokens), bridge(tokens), **CLOSE)
        quietly(bridge.enable_compatibility_mode)
        theirs = bridge(tokens)
    torch.testing.assert_close(any_specimen.load()(tokens).log_softmax(-1), theirs.log_softmax(-1), **CLOSE)
    for text in TEXTS:
        assert bridge.to_tokens(text).tolist() == any_specimen.load().to_tokens(text).tolist()


def test_nnsight_gives_our_logits(any_specimen, tokens):
    nnsight = need("nnsight", "nn")
    model = quietly(nnsight.TransformersModel, str(any_specimen.folder), task="text-generation", dispatch=True)
    with torch.no_grad(), model.trace(tokens):
        theirs = model.lm_head.output.save()
    torch.testing.assert_close(any_specimen.load(raw=True)(tokens), theirs.float(), **CLOSE)
    for text in TEXTS:
        assert model.tokenizer(text)["input_ids"] == any_specimen.load().tokenizer.encode(text)


def test_transformers_tokenizes_as_we_do(any_specimen):
    theirs = need("transformers", "hf").AutoTokenizer.from_pretrained(any_specimen.folder)
    ours = any_specimen.load().tokenizer
    assert (
        (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id) == (ours.bos, ours.eos, ours.pad) == (0, 0, 0)
    )
    for text in TEXTS:
        ids = ours.encode(text)
        assert theirs(text)["input_ids"] == ids
        assert theirs.decode(ids, clean_up_tokenization_spaces=False) == ours.decode(ids)
        assert ours.decode(ids).removeprefix(" ") == text.removeprefix(" ")


def test_every_checkpoint_opens_and_is_a_model_of_its_own(any_specimen, tokens):
    steps = files.steps_in(any_specimen.folder)
    assert steps == sorted(any_specimen.recipe.ships)
    seen = [any_specimen.load(step=step)(tokens) for step in steps] + [any_specimen.load()(tokens)]
    for i, logits in enumerate(seen):
        assert logits.isfinite().all()
        assert not any(torch.allclose(logits, other, atol=1e-2) for other in seen[:i])
