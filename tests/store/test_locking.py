import pytest

from graphgov.errors import StoreError
from graphgov.store.locking import locked


def test_what_turns_out_to_be_no_graph_keeps_no_lock(tmp_path):
    target = tmp_path / "awards.csv"
    with pytest.raises(StoreError), locked(target, write=True):
        raise StoreError("awards.csv is no graph")
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_graph_stays(tmp_path):
    target = tmp_path / "case.lbug"
    with locked(target, write=True):
        pass
    with pytest.raises(StoreError), locked(target, write=True):
        raise StoreError("a later load failed")
    assert [p.name for p in tmp_path.iterdir()] == ["case.lbug.lock"]
