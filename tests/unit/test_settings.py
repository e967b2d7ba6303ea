"""Settings: what is refused before anything is opened."""

import pytest
from metrica_export.cli.option_values import read_only
from metrica_export.errors import SettingsError
from metrica_export.metrica.access import DEFAULT_API_URL, Api, is_loopback, read_api
from metrica_export.settings import Limits

TOKEN = "y0_a-made-up-token"


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("METRICA_TOKEN", TOKEN)
    return TOKEN


def refused(url: str = DEFAULT_API_URL) -> str:
    """Return the message of settings that must be refused; no message holds the token."""
    with pytest.raises(SettingsError) as caught:
        read_api(url, 1)
    assert caught.value.exit_code == 2
    assert TOKEN not in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("token")
def test_settings_token_comes_from_the_environment_and_is_not_shown() -> None:
    api = read_api("https://api-metrika.yandex.net/", 7)
    assert api == Api("https://api-metrika.yandex.net", 7, TOKEN)
    assert TOKEN not in repr(api)


def test_white_space_around_a_token_is_not_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICA_TOKEN", f" {TOKEN}\n")
    assert read_api(DEFAULT_API_URL, 1).token == TOKEN


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_settings_missing_token_is_asked_for_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("METRICA_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("METRICA_TOKEN", value)
    assert "METRICA_TOKEN" in refused()


@pytest.mark.parametrize("prefix", ["OAuth ", "токен", "a\nb: ", "a\rb", "\x7f", "\u200b"])
def test_settings_token_that_cannot_be_a_header_is_refused(
    monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv("METRICA_TOKEN", f"{prefix}{TOKEN}")
    message = refused()
    assert "METRICA_TOKEN" in message
    assert prefix not in message


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "api-metrika.yandex.net",
        "https://",
        "https:///cdp",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://[::1",
        "https://host:port",
        "https://host:99999",
        "https://host:0",
        "https://host name",
        "https://host\n",
        "https://host\t/",
        "https://user:s3cret@host",
        "https://s3cret@host",
        "https://host?oauth_token=s3cret",
        "https://host#s3cret",
    ],
)
def test_settings_refuse_malformed_address_without_repeating_it(url: str) -> None:
    message = refused(url)
    assert "--api-url" in message
    assert "https://host[:port]" in message
    assert "s3cret" not in message


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    "url",
    [
        "http://api-metrika.yandex.net",
        "http://10.0.0.1:8000",
        "http://0.0.0.0:8000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
    ],
)
def test_clear_text_goes_to_this_machine_only(url: str) -> None:
    assert "https" in refused(url)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:80", "http://127.1.2.3"]
)
def test_settings_emulator_on_this_machine_needs_no_https(url: str) -> None:
    api = read_api(url, 1)
    assert api.url == url
    assert api.is_local


@pytest.mark.parametrize("url", [DEFAULT_API_URL, "https://128.0.0.1", "https://[2001:db8::1]"])
def test_other_machines_are_not_local(url: str) -> None:
    assert not is_loopback(url)


def test_marts_are_worked_in_their_own_order_whatever_the_order_of_the_names() -> None:
    assert read_only(None) == ("order_statuses", "products", "contacts", "orders")
    assert read_only("orders, contacts,contacts,") == ("contacts", "orders")


@pytest.mark.parametrize("names", ["", ",", "contact", "orders,nope", "Orders"])
def test_settings_name_that_is_no_mart_is_refused_with_the_names_there_are(names: str) -> None:
    with pytest.raises(SettingsError, match="--only") as caught:
        read_only(names)
    assert "order_statuses,products,contacts,orders" in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "flag"),
    [
        ({"chunk_rows": 0}, "--chunk-rows"),
        ({"chunk_rows": -1}, "--chunk-rows"),
        ({"chunk_bytes": 999}, "--chunk-bytes"),
        ({"chunk_bytes": 1_000_000_001}, "--chunk-bytes"),
        ({"split_requests": -1}, "--split-requests"),
        ({"max_steps": 0}, "--max-steps"),
    ],
)
def test_limits_out_of_range_are_refused_by_the_name_of_their_flag(
    limits: dict[str, int], flag: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{flag} is "):
        Limits(**limits)


@pytest.mark.parametrize(
    "limits",
    [{"chunk_rows": 1}, {"chunk_bytes": 1_000}, {"chunk_bytes": 10**9}, {"split_requests": 0}],
)
def test_limits_at_the_ends_of_their_range_are_taken(limits: dict[str, int]) -> None:
    ((name, value),) = limits.items()
    assert getattr(Limits(**limits), name) == value
