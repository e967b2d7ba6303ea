"""What a command tells, and on which of the two streams."""

import json
import sys
from importlib.metadata import version

import pytest
from metrica_export.cli import inspections
from metrica_export.cli.output import finish, notes
from metrica_export.commands.outcome import Outcome
from metrica_export.commands.result import RunResult
from metrica_export.commands.schema import Differences
from metrica_export.console import Reporter, say, show
from metrica_export.errors import LedgerError, MetricaError, SettingsError
from metrica_export.ledger.records import EntityCounts
from metrica_export.metrica.redaction import json_line
from metrica_export.settings import FailOn

Streams = pytest.CaptureFixture[str]

DONE = EntityCounts(rows=10, sent=4, unchanged=3, rejected=2, held=1, uploads=2)
CUT_SHORT = EntityCounts(rows=10, sent=4, unchanged=3, rejected=0, held=0, uploads=1)


def test_json_is_one_object_with_the_promised_keys(capsys: Streams) -> None:
    finish(RunResult(entities={"contacts": DONE}, requests=5, exit_code=1), "sent", as_json=True)
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "entities": {
            "contacts": {
                "rows": 10,
                "sent": 4,
                "unchanged": 3,
                "rejected": 2,
                "held": 1,
                "uploads": 2,
                "pending": 0,
            }
        },
        "changes": {},
        "exceeded": {},
        "left_out": [],
        "foreign_uploads": None,
        "forecast": None,
        "warnings": {"rejected": 2, "held": 1, "new": None},
        "requests": 5,
        "bytes": 0,
        "exit_code": 1,
        "run_no": None,
        "counter": None,
        "target": None,
        "mode": None,
        "version": version("metrica-crm-export"),
        "started_at": None,
        "finished_at": None,
    }
    assert err == ""


def test_output_error_that_ended_a_run_is_in_json_and_on_standard_error(capsys: Streams) -> None:
    outcome = Outcome({"contacts": CUT_SHORT})
    outcome.fail(MetricaError("Ошибка [1]\nsecond line"))
    finish(outcome.result(), "sent", as_json=True)
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    shown = json.loads(out)
    assert (shown["exit_code"], shown["error"]) == (4, "Ошибка [1]\nsecond line")
    assert shown["entities"]["contacts"]["pending"] == 3
    assert "Ошибка" in out
    assert err == "Error: Ошибка [1]\\nsecond line\n"


def test_output_early_error_leaves_standard_output_empty_without_json(capsys: Streams) -> None:
    outcome = Outcome()
    outcome.fail(LedgerError("held"))
    finish(outcome.result(), "sent", as_json=False)
    assert capsys.readouterr() == ("", "Error: held\n")
    assert outcome.exit_code == 5


def test_output_table_shows_that_the_counts_add_up(capsys: Streams) -> None:
    outcome = Outcome({"contacts": DONE, "orders": CUT_SHORT}, new=3)
    finish(outcome.result(), "would send", as_json=False)
    out, err = capsys.readouterr()
    assert "would send" in out
    assert "4 + 3 + 2 + 1 = 10" in out
    assert "4 + 3 + 0 + 0 + 3 pending = 10" in out
    summary = "2 rows rejected, 1 held; 3 new"
    assert err == f"A run would finish with warnings: {summary}.\n"


@pytest.mark.parametrize(
    ("rule", "unsent", "new", "code"),
    [
        ("never", 100, 100, 0),
        ("any", 0, 0, 0),
        ("any", 1, 0, 1),
        ("new", 5, 0, 0),
        ("new", 5, 1, 1),
        ("5", 5, 5, 0),
        ("5%", 6, 0, 1),
        (" 0.5 ", 1, 0, 1),
        ("0", 1, 0, 1),
        ("0", 0, 0, 0),
        ("100", 100, 100, 0),
    ],
)
def test_fail_on_decides_the_exit_code_of_a_complete_run(
    rule: str, unsent: int, new: int, code: int
) -> None:
    outcome = Outcome({"orders": EntityCounts(100, 0, 100 - unsent, unsent, 0, 0)})
    outcome.complete(new, FailOn.parse(rule))
    assert outcome.exit_code == code


@pytest.mark.parametrize("text", ["", "always", "101", "-1", "nan", "5%%", "1e1", "\u0665"])
def test_fail_on_refuses_other_words(text: str) -> None:
    with pytest.raises(SettingsError, match="--fail-on"):
        FailOn.parse(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("[/]", "[/]"),
        ("a\\[b", "a\\[b"),
        ("back\\", "back\\"),
        ("order:100:1", "order:100:1"),
        (":smile:", ":smile:"),
        ("Анна", "Анна"),
        ("\x1b[31mred\r\n", "\\x1b[31mred\\r\\n"),
        (0, "0"),
        (None, ""),
    ],
)
def test_output_cell_shows_an_id_as_it_is_and_no_control_character(
    capsys: Streams, value: object, shown: str
) -> None:
    show(("id", "end"), [(value, "x")])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert [cell.strip() for cell in rows[0].split("│")] == ["", shown, "x", ""]


def test_output_long_id_is_shown_whole(capsys: Streams) -> None:
    identifier = "".join(str(i % 10) for i in range(255))
    show(("id",), [(identifier,)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert "".join(line.strip("│ ") for line in lines) == identifier


def test_progress_in_a_log_is_plain_lines_on_standard_error(capsys: Streams) -> None:
    reporter = Reporter()
    reporter.line("contacts: [2] rows :100: held")
    with reporter.progress("contacts", 5) as bar:
        bar(2)
        bar(3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "contacts: [2] rows :100: held",
        "contacts: 2 of 5 rows",
        "contacts: 5 of 5 rows",
    ]


def test_output_long_line_stays_one_line_in_a_log(capsys: Streams) -> None:
    Reporter().line("word " * 100)
    assert capsys.readouterr().err == "word " * 100 + "\n"


CONTROLS = "a\x1b[2J\r\n\x00\x7f\x9b31m\u202eb\ud800\U000e0001"


def test_no_output_lets_a_control_character_through(capsys: Streams) -> None:
    outcome = Outcome({"contacts": DONE}, error=CONTROLS, exceeded={"drift": CONTROLS})
    Reporter().line(CONTROLS)
    finish(outcome.result(), "sent", as_json=False)
    for note in notes(outcome.result()):
        say(note)
    finish(outcome.result(), "sent", as_json=True)
    out, err = capsys.readouterr()
    for line in (out + err).split("\n"):
        assert line.isprintable(), line
    assert json.loads(out.splitlines()[-1])["error"] == CONTROLS
    assert err.count("a\\x1b[2J") == 3


def test_json_keeps_letters_and_escapes_control_characters() -> None:
    assert json_line({"Анна": "a\x1b\x7f"}) == '{"Анна": "a\\u001b\\u007f"}'
    assert json_line({"Анна": 1}) == '{"Анна": 1}'


def test_question_without_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell's `<&-` closes it, and Python then has None.
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SettingsError, match="--yes"):
        inspections._ask(Differences([], []), as_json=False, counter_id=1)  # noqa: SLF001
