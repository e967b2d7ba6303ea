"""Authorization: header, token, scope and counter."""

import pytest
import requests

from tests.support.emulator_fixture import RunningEmulator


def ask(
    emulator: RunningEmulator, authorization: str | None, counter: object = None
) -> requests.Response:
    asked = emulator.counter if counter is None else counter
    return requests.get(
        f"{emulator.url}/cdp/api/v1/counter/{asked}/schema/types",
        headers={"Authorization": authorization} if authorization else {},
        timeout=10,
    )


@pytest.mark.parametrize(
    "authorization",
    [None, "OAuth", "OAuth ", "Basic abc", "a-made-up-token", "Bearer a-made-up-token"],
)
def test_authority_missing_or_malformed_header_is_401(
    emulator: RunningEmulator, authorization: str | None
) -> None:
    answer = ask(emulator, authorization)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["error_type"] == "unauthorized"
    assert answer.json()["code"] == 401
    assert answer.json()["message"]


def test_authority_token_in_the_url_does_not_count(emulator: RunningEmulator) -> None:
    url = f"{emulator.crm}/schema/types?oauth_token={emulator.token}"
    assert requests.get(url, timeout=10).status_code == 401


def test_authority_unknown_token_is_403(emulator: RunningEmulator) -> None:
    answer = ask(emulator, "OAuth another-token")
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["error_type"] == "invalid_token"


def test_another_counter_is_not_found(emulator: RunningEmulator) -> None:
    answer = ask(emulator, f"OAuth {emulator.token}", counter=1)
    assert (answer.status_code, answer.json()["errors"][0]["error_type"]) == (404, "not_found")


def test_authority_token_that_may_only_read_cannot_upload(emulator: RunningEmulator) -> None:
    emulator.switches(token_scope="read")
    assert emulator.call("GET", "/schema/types").status_code == 200
    answer = emulator.upload("/data/contacts/csv", "uniq_id\n1\n")
    assert (answer.status_code, answer.json()["errors"][0]["error_type"]) == (403, "access_denied")
    assert emulator.sql("select * from contacts") == []


def test_authority_refusal_reaches_a_client_that_is_still_sending(
    emulator: RunningEmulator,
) -> None:
    answer = requests.post(
        f"{emulator.crm}/data/contacts/csv",
        files={"file": ("data.csv", b"x" * 20_000_000, "text/csv")},
        timeout=20,
    )
    assert answer.status_code == 401


def test_unknown_methods_and_verbs_are_answered_in_the_same_form(
    emulator: RunningEmulator,
) -> None:
    for method, path, status in (
        ("GET", "/schema/lists", 404),
        ("DELETE", "/schema/products", 405),
        ("GET", "/data/orders/csv", 405),
        ("POST", "/data/contacts", 404),
    ):
        answer = emulator.call(method, path)
        assert answer.status_code == answer.json()["code"] == status
        assert set(answer.json()["errors"][0]) == {"error_type", "message"}
    answer = ask(emulator, f"OAuth {emulator.token}", counter="abc")
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_neither_tokens_nor_queries_nor_bodies_are_logged(emulator: RunningEmulator) -> None:
    emulator.upload("/data/contacts/csv", "uniq_id,emails\n1,mail@yandex.ru\n")
    logged = str(emulator.sql("select * from requests"))
    assert "/data/contacts/csv" in logged
    assert emulator.token not in logged
    assert "mail@yandex.ru" not in logged
    assert "merge_mode" not in logged
