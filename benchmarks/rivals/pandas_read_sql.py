"""pandas: `read_sql` in chunks, `to_csv`, `requests`."""

import pandas as pd
from sqlalchemy import create_engine

from benchmarks.rivals.job import CHUNK_ROWS, DSN, MARTS, upload

# A server-side cursor, or pandas would hold the whole mart before the first chunk.
engine = create_engine(DSN).execution_options(stream_results=True)
with engine.connect() as connection:
    for mart, (columns, separator) in MARTS.items():
        query = f"select {columns} from metrica.{mart}"
        for frame in pd.read_sql(query, connection, chunksize=CHUNK_ROWS):
            upload(mart, frame.to_csv(index=False, sep=separator))
