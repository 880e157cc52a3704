"""The process that grades has so much memory, and no more."""

import subprocess
import sys

from course_utils.staff import workbench


def test_a_workbench_has_so_much_memory_and_no_more():
    code = (
        "import torch\nfrom course_utils.staff.workbench import limit_memory\nlimit_memory(256 << 20)\n"
        "bytearray(64 << 20)\n"
        "for make in (lambda: bytearray(1 << 30), lambda: torch.ones(1 << 28)):\n"
        "    try:\n        make()\n    except (MemoryError, RuntimeError):\n        print('none')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == ("none\nnone\n" if sys.platform.startswith("linux") else ""), done.stderr
    assert workbench.ROOM >= 1 << 30
