"""drt: its PostgreSQL source and its REST destination in batch mode.

Each request carries a JSON list with as many rows as a file of the other rivals. PostgreSQL writes
the JSON of a row, which is faster than drt's filter `tojson_safe`. The rate limit is off. drt's
defaults are a request for every row and 10 requests a second.
"""

import json
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from drt.cli.main import app

from benchmarks.rivals.job import CHUNK_ROWS, DSN, MARTS


def _profile() -> dict[str, object]:
    database = urlsplit(DSN)
    return {
        "type": "postgres",
        "host": database.hostname,
        "port": database.port,
        "dbname": database.path.removeprefix("/"),
        "user": database.username,
        "password": unquote(database.password or ""),
        "fetch_size": CHUNK_ROWS,
    }


def _sync(mart: str, columns: str) -> dict[str, object]:
    rows = f"select {columns} from metrica.{mart}"
    items = '{{ rows | join(", ", attribute="item") }}'
    return {
        "name": mart,
        "model": f"select cast(row_to_json(mart) as text) as item from ({rows}) as mart",
        "destination": {
            "type": "rest_api",
            "url": f"{os.environ['BENCH_SINK']}/cdp/api/v1/counter/1/data/{mart}",
            "headers": {"Content-Type": "application/json"},
            "body_mode": "batch",
            "batch_template": f'{{"{mart}": [{items}]}}',
            "rate_limit": {"requests_per_second": 0},
        },
        "sync": {"batch_size": CHUNK_ROWS},
    }


with tempfile.TemporaryDirectory() as home:
    files = {
        "drt_project.yml": {"name": "metrica", "profile": "bench"},
        ".drt/profiles.yml": {"bench": _profile()},
    }
    files |= {f"syncs/{mart}.yml": _sync(mart, columns) for mart, (columns, _) in MARTS.items()}
    for name, content in files.items():
        path = Path(home, name)
        path.parent.mkdir(exist_ok=True)
        # JSON is YAML.
        path.write_text(json.dumps(content), encoding="utf-8")
    os.environ |= {"HOME": home, "DO_NOT_TRACK": "1"}
    os.chdir(home)
    app(["run"])
