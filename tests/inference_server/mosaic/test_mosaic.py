"""What a mosaic tells of its images can be told in a message."""

import numpy as np
from zograscope_protocol.wire import check_descriptions, describe_array
from zograscope_server.collection.collection import Item
from zograscope_server.embedding.embed import EmbeddedCollection
from zograscope_server.mosaic.mosaic import _values


def test_columns_of_long_names_make_height_too() -> None:
    fields = {"y" * length: "7" for length in (1, 122, 123, 5000)}
    embedded = EmbeddedCollection(
        items=(Item("a", "a", fields=fields),),
        digests=("0" * 64,),
        sizes=np.array([[4, 3]], np.int32),
        colours=np.zeros((1, 3), np.float32),
        vectors=np.zeros((1, 2), np.float32),
        thumbnails=lambda number: b"",
        problems=(),
    )
    values = _values(embedded, np.zeros(1), np.zeros(1, int))
    assert [name for name in values if "y" in name] == ["y", "y" * 100]
    check_descriptions([describe_array(f"value.{name}", array) for name, array in values.items()])
