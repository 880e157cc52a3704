"""A matrix known as a product of two thin ones: what a head's QK and OV circuits are."""

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from course_utils.catalog import CourseError


class FactoredMatrix:
    """`A B` with `A [... left mid]` and `B [... mid right]`, never multiplied out unless `AB` is asked for.

    Leading axes (layers, heads) are broadcast and can be indexed. Products with a tensor or with another factored
    matrix are factored again.

    >>> M = FactoredMatrix(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]]))
    >>> M.AB, M.norm(), M.eigenvalues.real
    (tensor([[3., 4.],
            [6., 8.]]), tensor(11.1803), tensor([11.]))
    """

    def __init__(self, A: Float[Tensor, "... left mid"], B: Float[Tensor, "... mid right"]) -> None:
        if A.ndim < 2 or B.ndim < 2 or A.shape[-1] != B.shape[-2]:
            raise CourseError(
                f"A {list(A.shape)} and B {list(B.shape)} don't multiply: the last axis of A must be B's last but one."
            )
        try:  # not torch.broadcast_shapes: its first call imports sympy, which a check would wait for
            lead = torch.broadcast_tensors(A.new_empty(A.shape[:-2]), B.new_empty(B.shape[:-2]))[0].shape
        except RuntimeError:
            raise CourseError(f"A {list(A.shape)} and B {list(B.shape)} differ in their leading axes.") from None
        if (A.dtype, A.device) != (B.dtype, B.device):
            raise CourseError(f"A is {A.dtype} on {A.device} and B {B.dtype} on {B.device}: convert one with .to().")
        self.A = A.expand(*lead, *A.shape[-2:])
        self.B = B.expand(*lead, *B.shape[-2:])
        self.ldim, self.mdim, self.rdim = A.shape[-2], A.shape[-1], B.shape[-1]

    @property
    def shape(self) -> torch.Size:
        """The shape of the product."""
        return torch.Size([*self.A.shape[:-1], self.rdim])

    @property
    def ndim(self) -> int:
        return self.A.ndim

    @property
    def AB(self) -> Float[Tensor, "... left right"]:
        """The product itself, which may be large."""
        return self.A @ self.B

    @property
    def BA(self) -> Float[Tensor, "... mid mid"]:
        """The product in the other order: small, and with the same eigenvalues except for zeros."""
        if self.ldim != self.rdim:
            raise CourseError(f"BA needs a square matrix, and this one is {self.ldim} by {self.rdim}.")
        return self.B @ self.A

    @property
    def T(self) -> "FactoredMatrix":
        """The transpose, `B^T A^T`."""
        return FactoredMatrix(self.B.mT, self.A.mT)

    @property
    def eigenvalues(self) -> Complex[Tensor, "... mid"]:
        """The `mid` eigenvalues that may differ from zero."""
        return torch.linalg.eigvals(self.BA)

    @cached_property
    def _svd(self) -> tuple[Tensor, Tensor, Tensor]:
        # A = Q R and B = S^T P^T with orthonormal Q and P: the SVD of the small R S^T gives that of the product.
        q, r = torch.linalg.qr(self.A)
        p, s = torch.linalg.qr(self.B.mT)
        u, values, vh = torch.linalg.svd(r @ s.mT, full_matrices=False)
        return q @ u, values, vh @ p.mT

    def svd(self) -> tuple[Tensor, Tensor, Tensor]:
        """`U [... left mid]`, `S [... mid]` falling, `Vh [... mid right]`: the product is `U diag(S) Vh`."""
        return self._svd

    @property
    def U(self) -> Float[Tensor, "... left mid"]:
        return self._svd[0]

    @property
    def S(self) -> Float[Tensor, "... mid"]:
        return self._svd[1]

    @property
    def Vh(self) -> Float[Tensor, "... mid right"]:
        return self._svd[2]

    @property
    def V(self) -> Float[Tensor, "... right mid"]:
        return self._svd[2].mT

    def norm(self) -> Float[Tensor, "..."]:
        """The Frobenius norm, from the two small Gram matrices: `|AB|^2` is the sum of `A^T A * B B^T`."""
        squared = ((self.A.mT @ self.A) * (self.B @ self.B.mT)).sum(dim=(-2, -1))
        return squared.clamp(min=0).sqrt()

    def make_even(self) -> "FactoredMatrix":
        """The same product with the singular values shared equally between the two sides."""
        root = self.S.sqrt()
        return FactoredMatrix(self.U * root[..., None, :], root[..., :, None] * self.Vh)

    def collapse_l(self) -> Float[Tensor, "... mid right"]:
        """`S Vh`: the rows have the length and angles of the product's rows, in `mid` dimensions."""
        return self.S[..., :, None] * self.Vh

    def collapse_r(self) -> Float[Tensor, "... left mid"]:
        """`U S`, likewise for the columns."""
        return self.U * self.S[..., None, :]

    def get_corner(self, k: int = 3) -> Float[Tensor, "... k k"]:
        """The first `k` rows and columns of the product."""
        return self.A[..., :k, :] @ self.B[..., :, :k]

    def unsqueeze(self, dim: int) -> "FactoredMatrix":
        """A new leading axis."""
        return FactoredMatrix(self.A.unsqueeze(dim), self.B.unsqueeze(dim))

    def __matmul__(self, other: "FactoredMatrix | Tensor") -> "FactoredMatrix | Tensor":
        if not isinstance(other, Tensor | FactoredMatrix):
            return NotImplemented
        if other.ndim == 1:
            _check_product(self.shape, torch.Size([*other.shape, 1]))
            return (self.A @ (self.B @ other[:, None]))[..., 0]
        _check_product(self.shape, other.shape)
        if isinstance(other, Tensor):
            return FactoredMatrix(self.A, self.B @ other)
        middle = self.B @ other.A
        if self.mdim <= other.mdim:  # keep the narrower waist
            return FactoredMatrix(self.A, middle @ other.B)
        return FactoredMatrix(self.A @ middle, other.B)

    def __rmatmul__(self, other: Tensor) -> "FactoredMatrix | Tensor":
        if other.ndim == 1:
            _check_product(torch.Size([1, *other.shape]), self.shape)
            return ((other[None] @ self.A) @ self.B)[..., 0, :]
        _check_product(other.shape, self.shape)
        return FactoredMatrix(other @ self.A, self.B)

    def __mul__(self, scalar: float | Tensor) -> "FactoredMatrix":
        return FactoredMatrix(self.A * scalar, self.B)

    __rmul__ = __mul__

    def __getitem__(self, index: Any) -> "FactoredMatrix":
        """Leading axes as a tensor's; then a row and a column of the product, each of which stays an axis."""
        index = index if isinstance(index, tuple) else (index,)
        lead = self.ndim - 2
        if any(one is Ellipsis or one is None for one in index) or len(index) > self.ndim:
            raise CourseError("Index a FactoredMatrix with integers, slices and tensors, one for each axis in order.")
        heads, rest = index[:lead], [slice(i, i + 1 or None) if isinstance(i, int) else i for i in index[lead:]]
        A, B = self.A[heads], self.B[heads]
        if rest:
            A = A[..., rest[0], :]
        return FactoredMatrix(A, B[..., rest[1]] if len(rest) > 1 else B)

    def __repr__(self) -> str:
        return f"FactoredMatrix: shape {list(self.shape)}, mid {self.mdim}"


def _check_product(left: torch.Size, right: torch.Size) -> None:
    if left[-1] != right[-2]:
        raise CourseError(f"{list(left)} and {list(right)} don't multiply: axis {left[-1]} meets axis {right[-2]}.")


def composition_scores(
    left: FactoredMatrix, right: FactoredMatrix, broadcast_dims: bool = True
) -> Float[Tensor, "..."]:
    """How much of what `left` writes `right` reads: `|left right| / (|left| |right|)` (Elhage et al., 2021).

    With `broadcast_dims` every leading index of `left` meets every one of `right`: heads by heads.
    """
    _check_product(left.shape, right.shape)
    if broadcast_dims:
        n_left, n_right = left.ndim - 2, right.ndim - 2
        for _ in range(n_right):
            left = left.unsqueeze(n_left)
        for _ in range(n_left):
            right = right.unsqueeze(0)
    middle = left.B @ right.A  # [... mid mid]: all that is ever built for a pair
    squared = ((left.A.mT @ left.A) @ middle * (middle @ (right.B @ right.B.mT))).sum(dim=(-2, -1))
    return squared.clamp(min=0).sqrt() / (left.norm() * right.norm())
