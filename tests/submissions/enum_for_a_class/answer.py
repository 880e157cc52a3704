import enum


class Affine(enum.Enum):
    W = 1
    B = 2
