import pytest
from zograscope_server.generative.networks.styled import StyledGenerator

from ..small import small_generator


@pytest.fixture(scope="session")
def generator() -> StyledGenerator:
    return small_generator()
