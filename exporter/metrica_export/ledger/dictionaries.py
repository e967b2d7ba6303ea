"""The dictionaries in a counter's ledger: column bits, status numbers, the mapping, and goals."""

from collections.abc import Iterable

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER as L
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import STATUS_NUMBERS


class Dictionaries:
    """Writes the dictionaries. Only a run that holds the lock has one."""

    def __init__(self, wh: Attached, counter_id: int) -> None:
        """Take a warehouse whose ledger `open_ledger` has opened."""
        self._wh, self._counter_id = wh, counter_id

    def create_status_numbers(self) -> None:
        """Create the staging table `status_numbers` without rows."""
        self._wh.run(STATUS_NUMBERS.create_empty())

    def record_columns(self, entity: str, bits: dict[str, int]) -> None:
        """Record the bit of each column in `filled`. A recorded column keeps its bit."""
        values = ", ".join(
            f"({self._counter_id}, {quote(entity)}, {quote(column)}, {bit})"
            for column, bit in sorted(bits.items())
        )
        with self._wh.transaction():
            self._wh.command(
                f"insert into {L}.ledger_columns values {values} on conflict do nothing"
            )

    def number_statuses(self, statuses: str) -> None:
        """Give each order status (`_status`) of a query its number in the ledger.

        The query has each status once. A recorded status keeps its number. `prepare_upload`
        reads the numbers from `status_numbers`.
        """
        self._wh.run(
            f"create or replace table {STATUS_NUMBERS.name} as select status as _status, "
            f"cast(status_no as integer) as _no, false as _is_new from {L}.ledger_status_numbers "
            f"where counter_id = {self._counter_id}"
        )
        self._wh.run(
            render(
                __package__,
                "number_statuses",
                statuses=statuses,
                status_numbers=STATUS_NUMBERS.name,
            )
        )
        if self._wh.rows(f"from {STATUS_NUMBERS.name} where _is_new limit 1"):
            self._wh.run(
                f"insert into {L}.ledger_status_numbers "
                f"select {self._counter_id}, _no, _status from {STATUS_NUMBERS.name} where _is_new"
            )

    def record_statuses(self, statuses: str) -> None:
        """Replace the recorded mapping of statuses with the one that Metrica just accepted.

        `statuses` is a query of `id`, `type`, `humanized` and `goal_action_ids`.
        """
        with self._wh.transaction():
            self._wh.run(f"delete from {L}.ledger_statuses where counter_id = {self._counter_id}")
            self._wh.run(
                f"insert into {L}.ledger_statuses "
                f"select {self._counter_id}, id, type, humanized, goal_action_ids "
                f"from ({statuses})"
            )

    def record_goals(self, goals: Iterable[str]) -> None:
        """Replace the counter's recorded JavaScript goals."""
        with self._wh.transaction():
            self._wh.run(f"delete from {L}.ledger_goals where counter_id = {self._counter_id}")
            self._wh.run(
                f"insert into {L}.ledger_goals select {self._counter_id}, unnest(?)",
                [sorted(goals)],
            )
