"""How the emulator says no: to a request, and to being started."""

from dataclasses import dataclass


class EmulatorError(Exception):
    """The emulator cannot start; the message says why and what to do."""


@dataclass(eq=False)
class Refusal(Exception):
    """A request is refused as a whole, with Metrica's error body (errors).

    `location` is the name of the parameter or the place in the body, when there is one.
    `retry_after`, in seconds, becomes a header of the answer.
    """

    status: int
    error_type: str
    message: str
    location: str | None = None
    retry_after: int | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that the answer carries."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def body(self) -> dict[str, object]:
        """Return the JSON body: `errors`, `code` and `message`."""
        error: dict[str, object] = {"error_type": self.error_type, "message": self.message}
        if self.location is not None:
            error["location"] = self.location
        return {"errors": [error], "code": self.status, "message": self.message}


def invalid(message: str, location: str) -> Refusal:
    """Refuse a parameter or a field of a body."""
    return Refusal(400, "invalid_parameter", message, location)


def missing(parameter: str) -> Refusal:
    """Refuse a request without a required parameter."""
    return Refusal(400, "missing_parameter", f"Parameter {parameter} is required.", parameter)


def bad_file(message: str) -> Refusal:
    """Refuse what was sent in place of a file."""
    return Refusal(400, "invalid_uploading", message)
