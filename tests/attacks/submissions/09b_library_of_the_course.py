# attack 9: takes the answer from the course's own library
# expect LayerNorm: not_loadable
from course_utils.model.layer_norm import LayerNorm
from course_utils.model.components import LayerNorm
