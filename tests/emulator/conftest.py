"""One emulator for all tests of this folder, empty again before each."""

from collections.abc import Iterator

import pytest

from tests.support.emulator_fixture import RunningEmulator


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[RunningEmulator]:
    # Files here name Metrica's own columns, and few are about the mapping.
    with RunningEmulator(columns_mapping_required="off") as running:
        yield running


@pytest.fixture
def emulator(emulator_process: RunningEmulator) -> RunningEmulator:
    emulator_process.reset()
    return emulator_process
