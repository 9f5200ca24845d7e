"""Parts of a tile."""

import pytest

from d4p import Batch
from d4p.pairs.tile import Tile


@pytest.mark.parametrize("first, end", [(0, 5), (1, 4), (2, 2), (4, 9), (-2, None), (0, 1), (None, None)])
def test_a_slice_of_a_tile_is_the_tile_of_those_pairs(first, end):
    tile = Tile(Batch(["a", "b", "c"]), Batch([0, 1, 2]), [1, 0, 0], [3, 0, 3])
    part = tile[first:end]
    assert isinstance(part, Tile)
    assert list(part) == list(tile)[first:end] and len(part) == len(list(part))
