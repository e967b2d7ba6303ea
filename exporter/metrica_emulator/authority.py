"""Who may ask (authorization, errors)."""

import re
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from metrica_emulator.options import EmulatorOptions
from metrica_emulator.refusal import Refusal
from metrica_emulator.switches import Switches

_COUNTER = re.compile(r"/counter/([0-9]+)(/|$)")


def authorise_debug(headers: Headers, client: str, options: EmulatorOptions) -> None:
    """Allow a debug request with the token, or one that a program on this machine made.

    A web page that is open on this machine could ask too. Its requests name a host that is not
    this machine (DNS rebinding), or carry an Origin. Raises Refusal.
    """
    _, _, token = (headers.get("authorization") or "").partition(" ")
    if secrets.compare_digest(token.strip().encode(), options.token.encode()):
        return
    is_local = _is_loopback(client) and _is_loopback(_host_of(headers.get("host", "")))
    if not is_local or "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
        message = "From another machine or a web page, send `Authorization: OAuth <token>`."
        raise Refusal(403, "access_denied", message)


def _host_of(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def authorise(
    authorization: str | None, method: str, path: str, options: EmulatorOptions, switches: Switches
) -> None:
    """Check the `Authorization` header and the counter in the path; raises Refusal."""
    scheme, _, token = (authorization or "").partition(" ")
    schemes = ("OAuth",) if switches.auth_scheme_strict == "on" else ("OAuth", "Bearer")
    if scheme not in schemes or not token.strip():
        message = "Send the header `Authorization: OAuth <token>`."
        raise Refusal(401, "unauthorized", message)
    if not secrets.compare_digest(token.strip().encode(), options.token.encode()):
        status = int(switches.bad_token_status)
        error_type = {401: "unauthorized", 403: "invalid_token"}[status]
        raise Refusal(status, error_type, "The token is not valid.")
    match = _COUNTER.search(path)
    if match and int(match[1]) != options.counter:
        if switches.foreign_counter == "access_denied":
            raise Refusal(403, "access_denied", "Access to this counter is denied.")
        raise Refusal(404, "not_found", "There is no such counter.")
    if method == "GET" or switches.token_scope == "write":  # noqa: S105 - no password
        return
    if switches.token_scope == "read":  # noqa: S105 - the same
        raise Refusal(403, "access_denied", "The token may read only: it lacks metrika:write.")
    if "/data/" not in path:
        message = "The token may upload data only: it lacks metrika:write."
        raise Refusal(403, "access_denied", message)
