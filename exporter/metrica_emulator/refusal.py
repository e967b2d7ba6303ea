"""Refusals: requests that are answered with Metrica's error body."""

from dataclasses import dataclass


@dataclass(eq=False)
class Refusal(Exception):
    """A request is refused as a whole.

    `location` is the name of the parameter or the place in the body, if there is one.
    """

    status: int
    error_type: str
    message: str
    location: str | None = None

    def body(self) -> dict[str, object]:
        """Return the JSON body: `errors`, `code` and `message`."""
        error: dict[str, object] = {"error_type": self.error_type, "message": self.message}
        if self.location is not None:
            error["location"] = self.location
        return {"errors": [error], "code": self.status, "message": self.message}


def invalid(message: str, location: str) -> Refusal:
    """Return the refusal of a parameter or a field of a body."""
    return Refusal(400, "invalid_parameter", message, location)


def missing(parameter: str) -> Refusal:
    """Return the refusal of a request without a required parameter."""
    return Refusal(400, "missing_parameter", f"Parameter {parameter} is required.", parameter)


def bad_file(message: str) -> Refusal:
    """Return the refusal of a body that is not a proper file."""
    return Refusal(400, "invalid_uploading", message)
