"""dlt: its source for SQL databases by way of Arrow, and a destination of one's own."""

import io
import tempfile

import dlt
import pyarrow as pa
import pyarrow.csv
from dlt.common.schema import TTableSchema
from dlt.sources.sql_database import sql_database

from benchmarks.rivals.job import CHUNK_ROWS, DSN, MARTS, upload


@dlt.destination(  # type: ignore[untyped-decorator] # dlt is not installed here
    batch_size=CHUNK_ROWS, loader_file_format="parquet", skip_dlt_columns_and_tables=True
)
def metrica(items: pa.RecordBatch | pa.Table, table: TTableSchema) -> None:
    """Upload one batch of a table."""
    mart = table["name"]
    columns, separator = MARTS[mart]
    file = io.BytesIO()
    options = pyarrow.csv.WriteOptions(delimiter=separator)
    pyarrow.csv.write_csv(items.select(columns.split(", ")), file, options)
    upload(mart, file.getvalue())


with tempfile.TemporaryDirectory() as folder:
    source = sql_database(
        DSN, schema="metrica", table_names=list(MARTS), backend="pyarrow", chunk_size=CHUNK_ROWS
    )
    dlt.pipeline("metrica", pipelines_dir=folder, destination=metrica()).run(source)
