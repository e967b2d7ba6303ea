"""Reasons why a mart row is rejected or held."""

import tomllib
from functools import cache
from importlib.resources import files

from metrica_export.metrica.formats import (
    MAX_AMOUNT,
    MAX_HUMANIZED,
    MAX_ID,
    MAX_VALUES,
    STATUS_TYPES,
    Kind,
)

REJECTED = "rejected"
HELD = "held"
PENDING = "pending"

REASONS = {
    "value_missing": "Metrica requires the column and the row has no value in it.",
    "hash_missing": "The mart gives the row no row_hash, so changes cannot be detected.",
    "hash_malformed": "A row_hash is an md5: 32 lower-case hexadecimal digits.",
    "id_malformed": f"An id is 1 to {MAX_ID} printable characters, no space first or last.",
    "name_malformed": f"Metrica accepts 1 to {MAX_ID} of A-Z a-z 0-9 _ : - here.",
    "type_unknown": "A status type is one of " + ", ".join(STATUS_TYPES) + ".",
    "client_type_unknown": "Metrica accepts the client type CONTACT only.",
    "date_out_of_range": "Metrica accepts dates from 1970-01-01 with a year of four digits.",
    "date_in_future": "The creation date is in the future. Metrica never changes it again, so the "
    "row is held until that date.",
    "number_malformed": "A number is digits with a dot before decimals, without an exponent.",
    "amount_too_large": f"Metrica accepts amounts up to {MAX_AMOUNT:,}.",
    "currency_unknown": "A currency is the ISO 4217 code, in capitals, of money in use today.",
    "too_many_values": f"Metrica accepts {MAX_VALUES[Kind.CLIENT_IDS]} ClientIDs, "
    f"{MAX_VALUES[Kind.EMAILS]} values of each other identifier and "
    f"{MAX_VALUES[Kind.GOALS]} goals in a row.",
    "values_repeated": "Metrica accepts each value of a list once. Remove the repeated values.",
    "client_ids_malformed": "ClientIDs are digits, separated by commas.",
    "emails_malformed": "E-mails are lower-case, Latin, with @ and a domain, comma-separated.",
    "phones_malformed": "Phones are 7 to 15 digits with the country code, comma-separated.",
    "md5_malformed": "Hashes are 32 lower-case hexadecimal digits each, comma-separated.",
    "goals_malformed": "Goals are written goal[:price],goal[:price].",
    "products_malformed": "Products are written product:quantity with whole quantities from 1.",
    "goal_ids_malformed": "Goal ids are 1 to 10 different ones, comma-separated, without spaces "
    "or colons.",
    "humanized_too_long": f"A display name has at most {MAX_HUMANIZED} characters.",
    "row_too_large": "The row alone is larger than the limit of a file. Raise --chunk-bytes.",
    "refused_by_metrica": "Metrica refused a file with this row alone.",
    "path_malformed": "The statuses in status_path are comma-separated and end with the order's "
    "own status.",
    "identifier_missing": "A simple order needs a ClientID, an e-mail or a phone, or their md5.",
    "window_past": "Metrica ties no order to a visit after 21 days and updates none after 111 "
    "days, and --late-orders is hold.",
    "id_duplicated": "Several rows of the mart have this id. Leave one row per id.",
    "status_unknown": "The status is neither mapped in order_statuses, nor one of Metrica's own, "
    "nor a JavaScript goal of the counter.",
    "status_unmapped": "The CRM's status has no row in order_status_map: add one and run "
    "dbt build.",
    "contact_unknown": "Metrica does not have the order's contact (yet).",
    "contact_unsendable": "The order's contact is itself rejected or held.",
    "refused_with_others": "Metrica refused a file with this row. The row was not sent alone: it "
    "shares a trait in the named column with refused rows, or the budget of requests ended "
    "(--split-requests).",
    "steps_left": "The order has more undelivered statuses than one run sends (--max-steps). The "
    "next run continues.",
    "outcome_unknown": "Metrica's answer did not say whether the upload passed. The next run "
    "sends the row again.",
}
"""The closed list of reasons, each with its meaning."""


def explain_reason(reason: str, language: str = "en") -> str:
    """Return the meaning of a reason in `en` or `ru`.

    For a reason that only a later version of the program has, it is the reason itself.
    """
    return (REASONS if language == "en" else _in_russian()).get(reason, f"{reason}.")


@cache
def _in_russian() -> dict[str, str]:
    text = files(__package__).joinpath("reasons.ru.toml").read_text(encoding="utf-8")
    fields = {
        "max_id": MAX_ID,
        "status_types": ", ".join(STATUS_TYPES),
        "max_amount": f"{MAX_AMOUNT:,}".replace(",", "\N{NO-BREAK SPACE}"),
        "max_client_ids": MAX_VALUES[Kind.CLIENT_IDS],
        "max_emails": MAX_VALUES[Kind.EMAILS],
        "max_goals": MAX_VALUES[Kind.GOALS],
        "max_humanized": MAX_HUMANIZED,
    }
    return {code: meaning.format(**fields) for code, meaning in tomllib.loads(text).items()}
