"""The tokens and passwords that do not belong in a settings file."""

import re

NO_SECRETS = (
    "git keeps this file, so no token or password stands in it. Remove it, and set METRICA_TOKEN "
    "or METRICA_WEBHOOK_URL in the environment. Revoke a token that was committed."
)

_KEY = re.compile(r"token|password|secret|webhook", re.IGNORECASE)

_BEGIN = r"(y[0-9]_|AQAAAA|AgAAAA)"
"""Tokens of Yandex begin so."""

# Within a text only a long one counts, since a filter may have a short word like it.
_TOKEN = re.compile(rf"\s*(OAuth\s+)?{_BEGIN}\S+|.*(?<![A-Za-z0-9]){_BEGIN}[\w-]{{16,}}", re.DOTALL)


def is_secret(key: str) -> bool:
    """Return whether a key names a token or a password."""
    return _KEY.search(key) is not None


def has_token(value: object) -> bool:
    """Return whether a value of the file, or a text of a list or mapping, has a token."""
    texts = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    )
    return any(isinstance(text, str) and _TOKEN.match(text) for text in texts)
