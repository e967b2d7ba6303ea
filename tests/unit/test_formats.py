"""Metrica's columns, against the copies of them that the tests keep."""

import pytest
from metrica_export.metrica.formats import ENTITIES, Entity

from tests.support.marts_fixture import ATTRIBUTES, COLUMNS, KEYS

NOT_IN_MARTS = {"update_date_time"}
"""Columns of Metrica's that no mart has."""


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_formats_are_the_columns_of_hand_made_marts(entity: Entity) -> None:
    columns = {column.name for column in entity.columns} - NOT_IN_MARTS
    assert COLUMNS[entity.name].keys() - ATTRIBUTES.keys() == columns
    assert KEYS[entity.name] == entity.key
