from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.identifiers import new_identifier
from schema.ids import InvalidId, Kind, decode, decode_as, encode, node_ref
from storage.models import NodeKind, NodeRef


@pytest.mark.parametrize("kind", Kind)
def test_an_id_comes_back_as_what_it_was(kind: Kind) -> None:
    row_id = new_identifier()
    assert decode(encode(kind, row_id)) == (kind, row_id)


@pytest.mark.parametrize(
    "value",
    ["", "file", "file_", "file_x", "FILE_" + "0" * 26, "file_" + "0" * 25, "file_" + "0" * 27, "file_" + "u" * 26,
     "blob_" + "0" * 26, "file_" + "0" * 26 + "\n", "file_" + "٣" * 26, "file-" + "0" * 26, "\0"],
)  # fmt: skip
def test_what_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(InvalidId):
        decode(value)


@given(st.text())
def test_any_text_is_an_id_or_refused(value: str) -> None:
    try:
        kind, row_id = decode(value)
    except InvalidId:
        return
    assert encode(kind, row_id) == value


def test_an_id_of_another_kind_is_refused() -> None:
    value = encode(Kind.USER, "0" * 26)
    with pytest.raises(InvalidId):
        decode_as(value, Kind.GROUP)
    with pytest.raises(InvalidId):
        node_ref(value)
    with pytest.raises(InvalidId):
        node_ref(encode(Kind.FILE, "0" * 26), Kind.DRIVE, Kind.FOLDER)


def test_a_node_is_named_for_storage() -> None:
    assert node_ref(encode(Kind.FOLDER, "0" * 26)) == NodeRef(NodeKind.FOLDER, "0" * 26)
