"""The verdicts of rows in files that Metrica refused."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from metrica_export.console import Reporter
from metrica_export.delivery.chunks import Chunk
from metrica_export.delivery.refused_files import RefusedFiles, Sent
from metrica_export.metrica.answer import Answer
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.session import Session, open_session
from metrica_export.warehouse.staging import PROBLEMS

from tests.support.marts_fixture import make_marts
from tests.unit.test_chunks import Table

if TYPE_CHECKING:
    from metrica_export.delivery.search import Search


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = make_marts(tmp_path_factory.mktemp("marts"), None)
    with open_session(DbtSettings(made.folder, made.folder)) as opened:
        yield opened


def test_refused_files_keep_no_word_of_a_row_in_the_reason_of_rows_held_with_it(
    session: Session,
) -> None:
    contacts = Table(session, session.marts.get("contacts"))
    contacts.stage(
        {"uniq_id": "1", "name": "Ivanova"},
        {"uniq_id": "2", "name": "Ivanova"},
        {"uniq_id": "3", "name": "Petrova"},
    )
    session.wh.run(PROBLEMS.create_empty("contacts"))
    refused, other = Chunk(first=0, last=1, rows=2), Chunk(first=2, last=2, rows=1)
    search = SimpleNamespace(
        wh=session.wh,
        staged=contacts.staged(),
        wave=1,
        refused=lambda _: [refused, other],
        advance=list,
    )
    answer = Answer("FAILED", "1", errors="bad value near Ivanova")
    RefusedFiles(cast("Search", search), Reporter(), Sent()).settle(refused, answer)
    details = session.wh.rows("select _row, _detail from problems_contacts order by _row")
    assert details == [(place, "bad value near …") for place in range(3)]
