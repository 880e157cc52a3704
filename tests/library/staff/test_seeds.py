"""Hidden seeds: the same for the same file and secret, nobody else's, and the secret stays where it is."""

import stat

import pytest

from course_utils.catalog import CourseError
from course_utils.staff.seeds import kept_secret, read_secret, seeds_for

SECRET = b"0123456789abcdef"
ONE = ("jane", "ch01_transformers", "ab12")


def test_the_same_again():
    assert seeds_for(SECRET, *ONE, ["double", "half"]) == seeds_for(SECRET, *ONE, ["double", "half"])


def test_every_part_counts():
    variants = [
        seeds_for(SECRET, *ONE, ["double"]),
        seeds_for(b"another secret !", *ONE, ["double"]),
        seeds_for(SECRET, "bob", "ch01_transformers", "ab12", ["double"]),
        seeds_for(SECRET, "jane", "ch02_induction", "ab12", ["double"]),
        seeds_for(SECRET, "jane", "ch01_transformers", "ab13", ["double"]),
        seeds_for(SECRET, "janec", "h01_transformers", "ab12", ["double"]),  # the same letters, cut elsewhere
    ]
    assert len({one.of["double"] for one in variants}) == len({one.name for one in variants}) == len(variants)


def test_exercises_have_seeds_of_their_own_that_fit_in_a_torch_generator():
    seeds = seeds_for(SECRET, *ONE, [f"e{i}" for i in range(100)]).of
    assert len(set(seeds.values())) == 100
    assert all(0 <= seed < 2**63 for seed in seeds.values())


def test_a_seed_shows_neither_in_its_name_nor_in_what_is_printed():
    seeds = seeds_for(SECRET, *ONE, ["double"])
    assert str(seeds.of["double"]) not in repr(seeds)
    assert f"{seeds.of['double']:x}" not in seeds.name


def test_the_kept_secret_is_made_once_and_for_its_owner_alone(tmp_path):
    first = kept_secret(tmp_path)
    assert len(first) == 64
    assert kept_secret(tmp_path) == first
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_a_kill_left_behind_is_in_nobodys_way(tmp_path):
    (tmp_path / ".secret.abc").write_text("half")
    assert len(kept_secret(tmp_path)) == 64


def test_a_secret_of_staffs_own(tmp_path):
    path = tmp_path / "mine"
    path.write_text("a secret that is long enough\n")
    path.chmod(0o600)
    assert read_secret(path) == b"a secret that is long enough"


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [("short", 0o600, "holds 5 bytes"), ("x" * 5000, 0o600, "must hold"), ("x" * 32, 0o644, "chmod 600")],
)
def test_secrets_that_are_none(tmp_path, content, mode, says):
    path = tmp_path / "mine"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(CourseError, match=says):
        read_secret(path)


def test_a_missing_secret_file(tmp_path):
    with pytest.raises(CourseError, match="can't be read"):
        read_secret(tmp_path / "none")
