"""A factored matrix does what the whole matrix would do."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import FactoredMatrix, composition_scores


@pytest.fixture
def factored():
    generator = torch.Generator().manual_seed(0)
    return FactoredMatrix(*(torch.randn(shape, generator=generator) for shape in ((2, 3, 9, 4), (2, 3, 4, 9))))


def close(got, expected):
    torch.testing.assert_close(got.AB if isinstance(got, FactoredMatrix) else got, expected, atol=1e-4, rtol=1e-4)


def test_the_whole_and_its_parts(factored):
    whole = factored.A @ factored.B
    close(factored, whole)
    close(factored.T, whole.mT)
    close(factored.norm(), whole.norm(dim=(-2, -1)))
    close(factored.make_even(), whole)
    close(factored.get_corner(2), whole[..., :2, :2])
    close(2 * factored * 3, 6 * whole)
    close(factored[1, 2], whole[1, 2])
    close(factored[1], whole[1])
    close(factored[:, 1:], whole[:, 1:])
    close(factored[0, 1, 3], whole[0, 1, 3:4])
    rows = torch.tensor([4, 0])
    close(factored[0, 1, rows, rows], whole[0, 1][rows][:, rows])
    close(factored[0, 1, -1, 2:5], whole[0, 1, -1:, 2:5])
    assert factored.shape == whole.shape
    assert factored.ndim == 4


def test_products(factored):
    whole = factored.AB
    wide, vector = torch.randn(9, 5), torch.randn(9)
    close(factored @ wide, whole @ wide)
    close(wide.T @ factored, wide.T @ whole)
    close(factored @ vector, whole @ vector)
    close(vector @ factored, vector @ whole)
    narrow = FactoredMatrix(torch.randn(9, 2), torch.randn(2, 9))
    product = factored @ narrow
    close(product, whole @ narrow.AB)
    assert product.mdim == 2
    close(narrow @ factored, narrow.AB @ whole)


def test_svd_and_eigenvalues(factored):
    whole = factored.AB
    U, S, Vh = factored.svd()
    close(U * S[..., None, :] @ Vh, whole)
    close(S, torch.linalg.svdvals(whole)[..., :4])
    close(factored.V.mT, Vh)
    close(U.mT @ U, torch.eye(4).expand(2, 3, 4, 4))
    close(factored.collapse_l().norm(dim=-2), whole.norm(dim=-2))
    close(factored.collapse_r().norm(dim=-1), whole.norm(dim=-1))
    close(factored.eigenvalues.sum(-1).real, whole.diagonal(dim1=-2, dim2=-1).sum(-1))


def test_composition_is_the_ratio_of_norms(make):
    model = make("gpt2", n_layers=3)
    for mode, reader in (("Q", model.QK), ("K", model.QK.T), ("V", model.OV)):
        scores = model.all_composition_scores(mode)
        left, right = model.OV.AB[0, 1], reader.AB[2, 3]
        close(scores[0, 1, 2, 3], (left @ right).norm() / left.norm() / right.norm())
        assert not scores[1, :, 1].any()
        assert not scores[2, :, 0].any()
    close(composition_scores(model.OV[0, 1], model.QK[2, 3]), model.all_composition_scores("Q")[0, 1, 2, 3])


def test_composition_equals_transformer_lens(lens, make):
    from transformer_lens import FactoredMatrix as Theirs
    from transformer_lens.utilities import composition_scores as their_scores

    model = make("gpt2")
    theirs = their_scores(Theirs(model.OV.A[0], model.OV.B[0]), Theirs(model.QK.A[1], model.QK.B[1]))
    close(model.all_composition_scores("Q")[0, :, 1], theirs)


def test_circuits_of_grouped_heads(make):
    attn = make("llama").blocks[0].attn
    close(attn.QK[3], attn.W_Q[3] @ attn.W_K[1].T)
    close(attn.OV[1], attn.W_V[0] @ attn.W_O[1])


def test_shapes_that_do_not_fit(factored):
    with pytest.raises(CourseError, match=r"A \[2, 3\] and B \[4, 5\] don't multiply"):
        FactoredMatrix(torch.zeros(2, 3), torch.zeros(4, 5))
    with pytest.raises(CourseError, match="axis 9 meets axis 8"):
        factored @ torch.zeros(8, 2)
    with pytest.raises(CourseError, match="square"):
        _ = FactoredMatrix(torch.zeros(2, 3), torch.zeros(3, 5)).eigenvalues
    with pytest.raises(CourseError, match="axis 9 meets axis 3"):
        factored @ torch.zeros(3)
    with pytest.raises(CourseError, match="differ in their leading axes"):
        FactoredMatrix(torch.zeros(2, 3, 4), torch.zeros(5, 4, 3))
    with pytest.raises(CourseError, match="convert one"):
        FactoredMatrix(torch.zeros(3, 4), torch.zeros(4, 3).double())
    with pytest.raises(CourseError, match="don't multiply"):
        composition_scores(factored, FactoredMatrix(torch.zeros(5, 2), torch.zeros(2, 5)))
    with pytest.raises(CourseError, match="one for each axis"):
        factored[..., 0]
