"""psycopg: a server-side cursor, the `csv` module, `requests`."""

import csv
import io

import psycopg

from benchmarks.rivals.job import CHUNK_ROWS, DSN, MARTS, upload

with psycopg.connect(DSN.replace("+psycopg", "")) as connection:
    for mart, (columns, separator) in MARTS.items():
        with connection.cursor(name=mart) as cursor:
            cursor.itersize = CHUNK_ROWS
            cursor.execute(f"select {columns} from metrica.{mart}")
            while rows := cursor.fetchmany(CHUNK_ROWS):
                file = io.StringIO(newline="")
                writer = csv.writer(file, delimiter=separator)
                writer.writerow(columns.split(", "))
                writer.writerows(rows)
                upload(mart, file.getvalue())
