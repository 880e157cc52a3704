from course_utils.grading import Wrong

import torch
from torch import Tensor, nn


def centre(x: Tensor) -> Tensor:
    raise Wrong('all is well')
