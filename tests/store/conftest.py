"""What tests of the index may use besides: children to be killed."""

from collections.abc import Iterator

import pytest
from torture import Zygote


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("zygote")) as started:
        yield started
