"""Small random models of every architecture, and the same weights in transformers and TransformerLens."""

import contextlib
import io
import os
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported: nothing here needs the hub

import pytest
import torch

from course_utils.model import HookedTransformer, HookedTransformerConfig, TextTokenizer

SIZES = {"n_layers": 2, "d_model": 24, "n_heads": 4, "d_head": 8, "n_ctx": 16, "d_vocab": 40, "d_mlp": 20, "seed": 1}

ARCHITECTURES = {
    "gpt2": {"tie_word_embeddings": True},
    "neox": {"act_fn": "gelu", "positional_embedding_type": "rotary", "rotary_dim": 4, "parallel_attn_mlp": True},
    "llama": {
        "act_fn": "silu",
        "gated_mlp": True,
        "normalization_type": "RMS",
        "positional_embedding_type": "rotary",
        "n_key_value_heads": 2,
        "eps": 1e-6,
    },
    "mistral": {
        "act_fn": "silu",
        "gated_mlp": True,
        "normalization_type": "RMS",
        "positional_embedding_type": "rotary",
        "n_key_value_heads": 2,
        "window_size": 3,
    },
    "attn_only": {"attn_only": True, "normalization_type": None},
    "classifier": {"attention_dir": "bidirectional", "d_vocab_out": 2, "act_fn": "relu"},
    "no_positions": {"positional_embedding_type": None, "normalization_type": "LNPre", "act_fn": "gelu"},
    "folded_rms": {"normalization_type": "RMSPre", "positional_embedding_type": "rotary", "act_fn": "relu"},
}


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


def build(name, **changes):
    """A model of an architecture in which no weight, bias or scale is zero or one."""
    model = HookedTransformer(HookedTransformerConfig(**{**SIZES, **ARCHITECTURES[name], **changes}))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.fixture(params=ARCHITECTURES)
def architecture(request):
    return request.param


@pytest.fixture
def model(architecture):
    return build(architecture)


@pytest.fixture
def make():
    return build


@pytest.fixture
def tokens():
    return torch.randint(0, 40, (3, 9), generator=torch.Generator().manual_seed(3))


def small_tokenizer():
    """Words and pieces of words over 40 ids."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = [chr(ord("a") + i) for i in range(26)]
    words = ["<bos>", "<eos>", "<pad>", *letters, "Ġ", "Ġt", "he", "Ġthe", "ca", "Ġca", "Ġcat", "cat"]
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("c", "a"), ("Ġ", "ca"), ("Ġca", "t"), ("ca", "t")]
    vocab = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<bos>", "<eos>", "<pad>"])
    return TextTokenizer(tokenizer, bos="<bos>", eos="<eos>", pad="<pad>")


@pytest.fixture
def tokenizer():
    return small_tokenizer()


def hf_model(name):
    """A random model of transformers with every bias and scale away from its default."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    llama = {
        "vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 20, "max_position_embeddings": 16, "bos_token_id": 0,
        "eos_token_id": 1,
    }  # fmt: skip
    scaled = {"rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0,
              "high_freq_factor": 4.0, "original_max_position_embeddings": 8}  # fmt: skip
    neox = {
        "vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "bos_token_id": 0,
        "intermediate_size": 20, "max_position_embeddings": 16, "rotary_pct": 0.25, "eos_token_id": 1,
    }  # fmt: skip
    gpt2 = {"vocab_size": 40, "n_positions": 16, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_inner": 20}
    gpt2 |= {"bos_token_id": 0, "eos_token_id": 1}
    kinds = {
        "gpt2": ("GPT2", "GPT2LMHeadModel", gpt2),
        "gpt2-untied-gelu": ("GPT2", "GPT2LMHeadModel", gpt2 | {"activation_function": "gelu"}),
        "neox": ("GPTNeoX", "GPTNeoXForCausalLM", neox),
        "neox-sequential": ("GPTNeoX", "GPTNeoXForCausalLM", neox | {"use_parallel_residual": False}),
        "llama": ("Llama", "LlamaForCausalLM", llama),
        "llama-tied-scaled": (
            "Llama", "LlamaForCausalLM", llama | {"tie_word_embeddings": True, "head_dim": 8, "rope_parameters": scaled},
        ),
        "mistral": ("Mistral", "MistralForCausalLM", llama | {"sliding_window": 3}),
    }  # fmt: skip
    prefix, kind, sizes = kinds[name]
    config = getattr(transformers, f"{prefix}Config")(**sizes, attn_implementation="eager")
    model = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


HF_NAMES = ["gpt2", "gpt2-untied-gelu", "neox", "neox-sequential", "llama", "llama-tied-scaled", "mistral"]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """`checkpoint(name)`: the model of transformers and the folder that it was saved to, with a tokenizer."""
    made = {}

    def make_checkpoint(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            model = hf_model(name)
            model.save_pretrained(folder)
            small_tokenizer().save(folder)
            made[name] = model, folder
        return made[name]

    return make_checkpoint


@pytest.fixture(params=HF_NAMES)
def hf_name(request):
    return request.param


@pytest.fixture(scope="session")
def lens():
    """TransformerLens 3, quiet; the test is skipped, with the reason, where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reason = "transformer_lens is not installed: pip install 'glassbox[lens]'"
        return pytest.importorskip("transformer_lens", reason=reason)


def call_quietly(call, *args, **kwargs):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


@pytest.fixture(name="quietly")
def quietly_fixture():
    """`quietly(f, ...)`: call f without warnings and output."""
    return call_quietly


def hooked_transformer(model):
    """TransformerLens's own class with our configuration and weights."""
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    cfg = model.cfg
    told = {
        name: getattr(cfg, name)
        for name in (
            "n_layers", "d_model", "n_heads", "d_head", "n_ctx", "d_vocab", "d_vocab_out", "eps", "attn_only", "gated_mlp",
            "parallel_attn_mlp", "rotary_dim", "dtype",
        )
    }  # fmt: skip
    told |= {
        "act_fn": str(cfg.act_fn),
        "attention_dir": str(cfg.attention_dir),
        "d_mlp": cfg.d_mlp or None,
        "device": "cpu",
    }
    told |= {"normalization_type": cfg.normalization_type and str(cfg.normalization_type)}
    told |= {"positional_embedding_type": str(cfg.positional_embedding_type or "standard")}
    if cfg.n_key_value_heads != cfg.n_heads:
        told["n_key_value_heads"] = cfg.n_key_value_heads
    if cfg.window_size is not None:
        told |= {"use_local_attn": True, "window_size": cfg.window_size, "attn_types": ["local"] * cfg.n_layers}
    theirs = call_quietly(HookedTransformer, HookedTransformerConfig(**told))
    state = dict(model.state_dict()) | {"unembed.W_U": model.W_U}
    grouped = {"W_K", "W_V", "b_K", "b_V"} if "n_key_value_heads" in told else set()
    for name in list(state):
        if name.rpartition(".")[2] in grouped:
            state[name.replace("attn.", "attn._")] = state.pop(name)
    if cfg.positional_embedding_type is None:
        state["pos_embed.W_pos"] = torch.zeros(cfg.n_ctx, cfg.d_model)
    left_out = theirs.load_state_dict(state, strict=False)
    assert not left_out.unexpected_keys
    assert all(
        key.rpartition(".")[2] in ("mask", "IGNORE", "rotary_sin", "rotary_cos") for key in left_out.missing_keys
    )
    return theirs


@pytest.fixture
def as_theirs(lens):
    """`as_theirs(model)`: TransformerLens's HookedTransformer with our configuration and weights."""
    return hooked_transformer
