"""Download: one file from the first of its mirrors that has it, whole and verified.

Proxies and certificates come from HTTPS_PROXY, NO_PROXY, and REQUESTS_CA_BUNDLE.
"""

import errno
import hashlib
import random
import socket
import threading
import time
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests import exceptions as errors

from charrnn_helpers.book.formats import beginning

PATIENCE = 5.0  # seconds without a byte; after as many, a transfer must be fast enough
WAITS = (1.0, 2.0)  # seconds before the second and the third try; by chance up to twice as many
UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


class Mirror(NamedTuple):
    """The address of a file, with its SHA-256 and its size there."""

    url: str
    sha256: str
    size: int  # bytes


class Problem(NamedTuple):
    """Why a mirror did not give the file, and what would help."""

    kind: str
    what: str  # goes on a sentence that begins with the name of the host
    remedy: str
    passing: bool = False  # worth another try in a moment

    def told(self, host):
        return f"{self.kind}: {host} {self.what}; {self.remedy}"


class RefusedError(Exception):
    """Raised with the Problem when one attempt fails."""


def download(mirrors, deadline):
    """Return the bytes of the file, verified, from the first mirror that has it, and an empty list.

    If no mirror gives it, return None, and what is wrong with each.  Ends by the deadline, a value
    of time.monotonic(), whatever the network does.
    """
    problems = dict.fromkeys(mirrors, TOO_SLOW._replace(passing=True))  # until they are asked
    for wait in (0.0, *WAITS):
        pause = wait * random.SystemRandom().uniform(1, 2)  # not thirty at the same moment
        asked = [mirror for mirror, problem in problems.items() if problem.passing]
        if not asked or time.monotonic() + pause > deadline:
            break
        time.sleep(pause)
        for mirror in asked:
            try:
                return fetch(mirror, deadline), []
            except RefusedError as error:
                [problems[mirror]] = error.args
    return None, [problem.told(urlsplit(m.url).netloc) for m, problem in problems.items()]


def fetch(mirror, deadline):
    """Return what the mirror sends, if it is the file; raise RefusedError if not."""
    transfer = Transfer(mirror)
    transfer.start()
    try:
        while transfer.is_alive() and transfer.in_time(deadline):
            transfer.join(0.05)
    finally:
        transfer.unwanted = True
    if transfer.is_alive():
        raise RefusedError(TOO_SLOW)
    if transfer.error is not None:
        raise RefusedError(explain(transfer.error)) from transfer.error
    if hashlib.sha256(transfer.body).hexdigest() != mirror.sha256:
        raise RefusedError(wrong_content("sent another file of the same length"))
    return bytes(transfer.body)


class Transfer(threading.Thread):
    """Fetches in a thread, to be left alone: nothing else ends a name server that hangs."""

    def __init__(self, mirror):
        super().__init__(daemon=True)
        self.mirror, self.body, self.error, self.unwanted = mirror, bytearray(), None, False
        self.began = time.monotonic()

    def in_time(self, deadline):
        """Tell whether the transfer, at the speed it has had, ends by the deadline."""
        now = time.monotonic()
        seconds, missing = now - self.began, self.mirror.size - len(self.body)
        if seconds > PATIENCE:
            now += missing * seconds / (len(self.body) or 1)
        return now <= deadline

    def run(self):
        try:
            with requests.Session() as session:
                session.max_redirects = 5
                with session.get(self.mirror.url, stream=True, timeout=PATIENCE) as response:
                    self.read(response)
        except Exception as error:  # raised again by fetch(), in the thread that waits
            self.error = error

    def read(self, response):
        if response.status_code != 200:
            raise RefusedError(status_problem(response))
        while not self.unwanted and (piece := response.raw.read1(2**14, decode_content=True)):
            self.body += piece
            if len(self.body) > self.mirror.size:
                break
        check_body(self.body, self.mirror.size)


def check_body(content, size):
    """Raise RefusedError, with the reason, if these bytes cannot be the file."""
    start = beginning(content[:1000])
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<script", b"<!--")):
        raise RefusedError(PORTAL)
    if len(content) > size:
        raise RefusedError(wrong_content(f"sent more than the {size:,} bytes of the file"))
    if len(content) < size:
        raise RefusedError(wrong_content(f"sent {len(content):,} bytes of {size:,}"))


LOG_IN = "open any page in a browser: perhaps the network wants a log-in"
PORTAL = Problem("portal page", "sent a web page, such as the log-in page of a network", LOG_IN)
CIRCLE = Problem("redirects", "sent us from address to address without end", LOG_IN)
CERTIFICATE = Problem(
    "certificate",
    "showed a certificate that this machine does not trust",
    "a log-in page or a proxy probably intercepts the connection: open any page in a browser and "
    "log in, or let REQUESTS_CA_BUNDLE name the proxy's certificate; also check the clock",
)
PROXY = Problem("proxy", "could not be reached through the proxy", "check HTTPS_PROXY, or unset it")
NO_NETWORK = Problem("no network", "is out of reach", "go online: check Wi-Fi and the cable")
OFFLINE = "go online; if you are, the network needs a log-in, a proxy (HTTPS_PROXY), or has no DNS"
NO_NAME = Problem("name not found", "is not known to the name server", OFFLINE)
AGAIN = "try again later, or on another network"
TOO_SLOW = Problem("time-out", "did not send the file in time", AGAIN)
FIREWALL = "try again later; if it lasts, a firewall may be in the way"
NO_ANSWER = Problem("connection refused", "does not accept connections", FIREWALL, True)
BROKEN = Problem("broken connection", "broke off in the middle", AGAIN, True)


def wrong_content(what):
    remedy = "try again; if it lasts, something on the way changes files"
    return Problem("wrong content", what, remedy, True)


def status_problem(response):
    """Return the Problem of an answer that is no file, by its HTTP status, such as 404 or 204."""
    status = response.status_code
    if status == 511:  # Network Authentication Required
        return PORTAL
    if status == 407:
        return PROXY._replace(what="was cut off by the proxy, which wants a password")
    kind, what = f"HTTP status {status}", f"answered with the status {status}"
    if status in (408, 425, 429) or status >= 500:
        passing = "Retry-After" not in response.headers  # it asks for more time than there is
        return Problem(kind, what, "it is busy: try again in some minutes", passing)
    return Problem(kind, what, "the file is not there, or not for this network")


KINDS = (  # the first that fits any of the errors behind an error
    ((requests.TooManyRedirects,), CIRCLE),
    ((errors.ProxyError, errors.InvalidProxyURL, urllib3.exceptions.ProxyError), PROXY),
    ((errors.SSLError, urllib3.exceptions.SSLError), CERTIFICATE),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError), NO_NAME),
    ((requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError), TOO_SLOW),
    ((ConnectionRefusedError, urllib3.exceptions.NewConnectionError), NO_ANSWER),
    ((urllib3.exceptions.DecodeError,), wrong_content("sent a packed file that is damaged")),
    ((requests.ConnectionError, urllib3.exceptions.ProtocolError), BROKEN),
)


def explain(error):
    """Return the Problem behind an error that ended a transfer."""
    if isinstance(error, RefusedError):
        return error.args[0]
    behind = list(causes(error))
    if any(getattr(cause, "errno", None) in UNREACHABLE for cause in behind):
        return NO_NETWORK
    for types, problem in KINDS:
        if any(isinstance(cause, types) for cause in behind):
            return problem
    if "CA certificate bundle" in str(error):  # the one that the environment names
        return CERTIFICATE
    return Problem("error", f"failed: {error}", "see what this says")


def causes(error):
    """Yield the error, and all errors that caused it."""
    yield error
    for cause in (*error.args, getattr(error, "reason", None), error.__cause__):
        if isinstance(cause, BaseException):
            yield from causes(cause)
