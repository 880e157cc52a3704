"""The hooked transformer: every activation can be read and edited, under TransformerLens's names.

Start with `transformer.py`; then `hooks.py`, `attention.py` and `cache.py`. Imports torch and nothing heavier.
"""

from course_utils.model.cache import ActivationCache, NotCached
from course_utils.model.config import Activation, Direction, HookedTransformerConfig, Norm, Positions
from course_utils.model.factored_matrix import FactoredMatrix, composition_scores
from course_utils.model.hooks import BadHook, HookedRootModule, HookPoint
from course_utils.model.kv_cache import KeyValueCache
from course_utils.model.names import UnknownHook, get_act_name
from course_utils.model.processing import process_weights
from course_utils.model.tokenizer import TextTokenizer, load_tokenizer
from course_utils.model.transformer import HookedTransformer, next_token_loss
from course_utils.model.weights import load_model, save_model

__all__ = [
    "Activation",
    "ActivationCache",
    "BadHook",
    "Direction",
    "FactoredMatrix",
    "HookPoint",
    "HookedRootModule",
    "HookedTransformer",
    "HookedTransformerConfig",
    "KeyValueCache",
    "Norm",
    "NotCached",
    "Positions",
    "TextTokenizer",
    "UnknownHook",
    "composition_scores",
    "get_act_name",
    "load_model",
    "load_tokenizer",
    "next_token_loss",
    "process_weights",
    "save_model",
]  # fmt: skip
