"""A zygote with torch loaded: what a submission needs works in each worker, at every level."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course_utils.jail.walls.launch import Zygote
from course_utils.jail.walls.levels import strongest
from course_utils.jail.walls.rlimits import Limits
from course_utils.jail.walls.stage import modules_of
from tests.library.jail.conftest import ALL, Jail

MODULES = modules_of(None)


@pytest.fixture(scope="module", params=ALL)
def torch_jail(request):
    """A jail whose zygote has loaded what it loads for a chapter."""
    level, user = request.param
    jail = Jail(level, user, modules=MODULES)
    if "missing" in jail.hello:
        pytest.skip(f"no {level.name.lower()} for {user} here: {jail.hello['missing']}")
    yield jail
    jail.close()


def test_torch_works_in_a_worker(torch_jail):
    worker = torch_jail.worker()
    for code, expected in [
        ("import sys; value = [name in sys.modules for name in ('torch', 'einops', 'numpy', 'jaxtyping')]", [True] * 4),
        ("import torch; value = [torch.get_num_threads(), torch.get_num_interop_threads()]", [1, 1]),
        (
            "x = __import__('torch').ones(300, 300, requires_grad=True); (x @ x).sum().backward(); value = x.grad[0, 0].item()",
            600.0,
        ),
        (
            "import torch; torch.set_num_threads(2); value = (torch.ones(500, 500) @ torch.ones(500, 500))[3, 4].item()",
            500.0,
        ),
        ("import numpy; value = float((numpy.eye(200) @ numpy.eye(200)).sum())", 200.0),
        (
            "import torch; m = torch.nn.Linear(3, 2); o = torch.optim.AdamW(m.parameters()); m(torch.ones(1, 3)).sum().backward(); o.step()",
            None,
        ),
        ("import einops, torch; value = list(einops.rearrange(torch.ones(2, 3), 'a b -> b a').shape)", [3, 2]),
        ("import plotly.graph_objects as go; value = len(go.Figure().data)", 0),
    ]:
        assert worker.run(code) == expected, code
    worker.close()


def test_memory_beyond_the_limit_is_torchs_own_error(torch_jail):
    worker = torch_jail.worker(memory_mb=256)
    assert worker.run("import torch; torch.zeros(100 << 20)") == "RuntimeError"
    assert worker.run("import torch; value = torch.zeros(10).sum().item()") == 0.0
    worker.close()


def test_a_zygote_serves_two_threads_at_once():
    """Forked while another one runs, killed while another one starts, replaced while two wait."""
    level = strongest().level

    def stage(folder):
        shutil.copyfile(Path(__file__).with_name("attacker.py"), folder / "attacker.py")

    def serve(zygote, number):
        with zygote.worker(Limits(memory_mb=200)) as worker, worker.sock.makefile("rw", encoding="utf-8") as lines:
            lines.write(json.dumps(f"import torch; value = torch.full((9,), {number}).sum().item()") + "\n")
            lines.flush()
            return json.loads(lines.readline())["value"]

    jail = Zygote(level, None, driver="attacker", modules=("torch",), extra=stage, workers=9)
    with jail as zygote, ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda n: serve(zygote, n), range(24))) == [9 * n for n in range(24)]
