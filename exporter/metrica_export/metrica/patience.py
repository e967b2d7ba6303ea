"""How long a request is tried."""

from dataclasses import dataclass

ATTEMPTS = 6
RETRY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Patience:
    """A request is given up after this many attempts, or when `seconds` are over.

    `connect` and `read` are the seconds to wait for a connection and for an answer.
    """

    attempts: int = ATTEMPTS
    seconds: float = RETRY_SECONDS
    connect: float = 10
    read: float = 300


PATIENT = Patience()
"""A run waits until a disturbance is over."""

QUICK = Patience(attempts=2, seconds=10, connect=5, read=30)
"""A person waits for the answer."""
