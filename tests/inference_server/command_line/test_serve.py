"""What `zograscope serve` makes of its options."""

import argparse

import psutil
import pytest
from zograscope_server.command_line import serve
from zograscope_server.images import MOST_BYTES

HALF = psutil.virtual_memory().total // 2


@pytest.mark.parametrize(
    ("options", "devices", "limit"),
    [
        ((), 1, max(serve.LEAST_MEMORY, HALF)),
        ((), 64, max(serve.LEAST_MEMORY, HALF // 64)),
        (("--memory-limit", "2.5"), 1, 2_500_000_000),
        (("--memory-limit", "0"), 1, None),
    ],
)
def test_workers_have_a_limit_of_memory(
    options: tuple[str, ...], devices: int, limit: int | None
) -> None:
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["serve", *options])
    assert serve._memory_limit(arguments.memory_limit, devices) == limit


def test_one_picture_needs_less_than_a_worker_may_have() -> None:
    limit = serve._memory_limit(None, 1)
    assert limit is not None
    assert limit > MOST_BYTES
