"""What every rival is told, and the request that each would make."""

import os

import requests

DSN = os.environ["BENCH_DSN"]
CHUNK_ROWS = int(os.environ["BENCH_CHUNK_ROWS"])

# The marts with the columns that Metrica takes, and the separator of their files.
MARTS = {
    "contacts": (
        (
            "uniq_id, name, create_date_time, birth_date, client_ids, emails, phones, emails_md5, "
            "phones_md5, identifiers_count"
        ),
        ",",
    ),
    "orders": (
        (
            "id, client_uniq_id, client_type, create_date_time, finish_date_time, order_status, "
            "revenue, cost, currency, goals, products, items_count"
        ),
        ";",
    ),
}

_session = requests.Session()


def upload(mart: str, content: str | bytes) -> None:
    """Send one file of a mart; raises when it is not taken."""
    url = f"{os.environ['BENCH_SINK']}/cdp/api/v1/counter/1/data/{mart}/csv"
    file = {"file": (f"{mart}.csv", content, "text/csv")}
    answer = _session.post(url, params={"merge_mode": "SAVE"}, files=file, timeout=300)
    answer.raise_for_status()
    if answer.json()["uploading"]["api_validation_status"] != "PASSED":
        raise RuntimeError(mart)
