"""The SQL for a column of a known type, and that for a column of any type, give the same values."""

from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import Warehouse

COMMON = {
    "text": ["' 12,5'", "'100.0'", "'-2.005'", "'5e-05'", "'1e400'", "'NaN'", "''", "'+7 999'"],
    "varchar(40)": ["'1990-05-31 x'", "'9007199254740993'", "' 0012.50 '", "'1990-02-31'"],
    "smallint": ["7", "-1"],
    "integer": ["2147483647", "-5"],
    "bigint": ["9223372036854775807", "79995551111", "0"],
    "numeric(12, 3)": ["100.005", "-0.005", "79995551.0", "123456789.125"],
    "numeric(18, 2)": ["9999999999999999.99", "-0.01"],
    "numeric(18, 3)": ["999999999999999.995"],
    "numeric(38, 0)": ["12345678901234567890123456789012345678", "79995551111"],
    "real": ["16777216", "0.1", "'NaN'", "'Infinity'", "3e38", "79995552"],
    "double precision": [
        "2.675",
        "-2.665",
        "1e18",
        "1.6e15",
        "'-Infinity'",
        "5e-324",
        "79995551111",
    ],
    "boolean": ["true", "false"],
    "date": ["'1990-05-31'", "'infinity'"],
    "timestamp": ["'2026-01-01 21:30:00.9'", "'-infinity'"],
    "timestamptz": ["'2026-01-01 21:30:00.9+00'", "'infinity'", "'1990-05-31 23:00:00+00'"],
    "uuid": ["'3c56ff8f-ef0f-6c65-b36b-2d25720fe276'"],
    "json": ["""'["+7 999 555-11-11"]'""", "'null'", "'5'"],
}
OWN = {
    "postgres": {
        "numeric": ["1.005", "'NaN'", "1e30", "79995551111.00"],
        "numeric(12, 2)": ["'NaN'", "9999999999.99"],
        "numeric(18, -2)": ["99999999999999999900", "100"],
        "money": ["12.345", "-7"],
        "jsonb": ["""'[{"VALUE": "a@example.com"}]'"""],
        "text[]": ["array['+7 999', null]"],
    },
    "duckdb": {
        "utinyint": ["255"],
        "hugeint": ["170141183460469231731687303715884105727"],
        "varchar[]": ["['+7 999', null]"],
        "struct(v integer)": ["{'v': 1}"],
        "float[]": ["[79995551111, 1234567]"],
    },
}
NOT_NUMBERS = {
    "boolean",
    "uuid",
    "json",
    "jsonb",
    "text[]",
    "varchar[]",
    "struct(v integer)",
    "float[]",
}
TIMES = {"date", "timestamp", "timestamptz"}
DAYS = {*TIMES, "text", "varchar(40)"}


def macros_for(kind: str) -> list[str]:
    """Return the calls whose results are compared; `{}` stands for the value and the types."""
    calls = ["id_text({})", "cell_text({})"]
    if kind not in TIMES | NOT_NUMBERS:
        calls += ["number_text({})", "money({})", "number({}, 0)", "number({}, 3)"]
    if kind in TIMES:
        calls.append("instant({})")
    if kind in DAYS:
        calls.append("day({})")
    return calls


def test_crm_types_of_a_known_type_change_no_value(warehouse: Warehouse) -> None:
    kinds = COMMON | OWN[warehouse.target]
    columns = {kind: f"c{number}" for number, kind in enumerate(kinds)}
    declared = ", ".join(f"{column} {kind}" for kind, column in columns.items())
    warehouse.run(
        f"create table crm.cells_of_every_type ({declared})",
        "insert into crm.cells_of_every_type (c0) values (null)",
        *(
            f"insert into crm.cells_of_every_type ({columns[kind]}) select cast({value} as {kind})"
            for kind, values in kinds.items()
            for value in values
        ),
    )
    pairs = []
    for kind, column in columns.items():
        for number, call in enumerate(macros_for(kind)):
            name, _, rest = call.partition("({}")
            known = f"{name}('{column}'{rest[:-1]}, types=types)"
            unknown = f"{name}('{column}'{rest[:-1]})"
            pairs += [
                f"cast({{{{ {known} }}}} as text) as {column}_{number}_known",
                f"cast({{{{ {unknown} }}}} as text) as {column}_{number}_any",
            ]
    models = warehouse.project / "models/intermediate"
    (models / "every_type.sql").write_text(
        "{{ config(materialized='table') }}\n{%- set types = crm_types('cells_of_every_type') %}\n"
        f"select {', '.join(pairs)} from {{{{ source('metrica_crm', 'cells_of_every_type') }}}}",
        encoding="utf-8",
    )
    sources = warehouse.project / "models/staging/crm/_crm__sources.yml"
    text = sources.read_text("utf-8")
    sources.write_text(text + "      - name: cells_of_every_type\n", encoding="utf-8")
    outcome = warehouse.dbt("run", "--select", "every_type")
    assert outcome.success, outcome.complaints
    names = warehouse.columns("select * from metrica_work.every_type")
    rows = warehouse.rows("select * from metrica_work.every_type")
    assert len(rows) == 1 + sum(map(len, kinds.values()))
    found = [dict(zip(names, row, strict=True)) for row in rows]
    of = {column: kind for kind, column in columns.items()}
    for row in found:
        for name, value in row.items():
            if name.endswith("_known"):
                kind = of[name.split("_")[0]]
                assert value == row[name.replace("_known", "_any")], (kind, name)
    # Each type is recognised, so that its values are not those of an empty mapping.
    compiled = next((warehouse.output / "target/compiled").rglob("every_type.sql"))
    for number, line in enumerate(compiled.read_text("utf-8").split("_known")[:-1]):
        assert "typeof(" not in line.split("_any")[-1], number


def test_crm_types_take_the_lower_case_column_of_two(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("postgres")
    warehouse.run(
        "drop table crm.products",
        'create table crm.products ("Product_ID" integer, product_id text, name text, '
        "updated_at timestamptz)",
        "insert into crm.products values (7, ' p1 ', 'Pear', null)",
    )
    outcome = warehouse.dbt("run", "--select", "stg_crm__products")
    assert outcome.success, outcome.complaints
    assert warehouse.rows("select product_id from metrica_work.stg_crm__products") == [(" p1 ",)]


def test_phones_in_a_list_of_singles_have_lost_digits(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    model = warehouse.project / "analyses/singles.sql"
    model.write_text("select {{ cell_text('cells') }} as cell", encoding="utf-8")
    assert warehouse.dbt("compile", "--select", "singles").success
    compiled = warehouse.output / "target/compiled/metrica_crm/analyses/singles.sql"
    query = compiled.read_text(encoding="utf-8")
    source = "(select [79995551111::float, 1234567::float] as cells)"
    assert warehouse.rows(f"{query} from {source}") == [("[7e+7,1234567.0]",)]
