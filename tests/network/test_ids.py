import pyarrow as pa
import pytest

from graphgov.network.ids import Index


def test_codes_are_ranks_whatever_the_order():
    index = Index.of(["b", "é", "a", "b"], pa.array(["Z", None]))
    assert index.names(range(len(index))) == sorted({"b", "é", "a", "Z"})
    assert index.codes(["a", "nobody", "é"]).tolist() == [1, -1, 3]
    assert index[0] == "Z"
    assert index.code("b") == 2


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param(["县", "😀", "\uffee", "z"], id="beyond the first plane"),
        pytest.param(["", " ", "a\x00b", "=1+1"], id="hostile"),
        pytest.param([], id="nothing"),
    ],
)
def test_ids_come_back_byte_for_byte(ids):
    index = Index.of(ids)
    assert index.names(index.codes(ids)) == ids
    assert index.names(range(len(index))) == sorted(ids)
