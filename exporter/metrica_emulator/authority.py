"""Authorization: the token, its scope, and the counter."""

import re
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from metrica_emulator.metrica import Metrica
from metrica_emulator.options import EmulatorOptions
from metrica_emulator.refusal import Refusal

_COUNTER = re.compile(r"/counter/([0-9]+)(/|$)")


def authorise_debug(headers: Headers, client: str, options: EmulatorOptions) -> None:
    """Admit a debug request that has the token or that a program on this machine sent.

    A web page that is open on this machine could send requests too. They name another host
    (DNS rebinding) or carry an Origin. Raises Refusal.
    """
    _, _, token = (headers.get("authorization") or "").partition(" ")
    if _is_valid(token, options):
        return
    is_local = _is_loopback(client) and _is_loopback(_host_of(headers.get("host", "")))
    if not is_local or "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
        message = "From another machine or a web page, send `Authorization: OAuth <token>`."
        raise Refusal(403, "access_denied", message)


def authorise(headers: Headers, method: str, path: str, metrica: Metrica) -> None:
    """Check the header `Authorization`, the counter in the path and the scope; raises Refusal."""
    scheme, _, token = (headers.get("authorization") or "").partition(" ")
    if scheme != "OAuth" or not token.strip():
        message = "Send the header `Authorization: OAuth <token>`."
        raise Refusal(401, "unauthorized", message)
    if not _is_valid(token, metrica.options):
        raise Refusal(403, "invalid_token", "The token is not valid.")
    match = _COUNTER.search(path)
    if match and int(match[1]) != metrica.options.counter:
        raise Refusal(404, "not_found", "There is no such counter.")
    scope = metrica.switches.token_scope
    if method != "GET" and scope == "read":
        raise Refusal(403, "access_denied", "The token may only read: it lacks metrika:write.")
    if method != "GET" and scope == "offline_data" and "/data/" not in path:
        message = "The token may only upload data: it lacks metrika:write."
        raise Refusal(403, "access_denied", message)


def _is_valid(token: str, options: EmulatorOptions) -> bool:
    return secrets.compare_digest(token.strip().encode(), options.token.encode())


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
