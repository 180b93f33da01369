"""Files from mirrors: the first right answer counts, told by its sha256, within a time limit."""

import hashlib
import http.client
import time
import urllib.request
import zlib
from collections.abc import Iterable
from urllib.parse import urlsplit

from latentq.errors import InputError

TIMEOUT_SECONDS = 30  # Without an answer.
DEADLINE_SECONDS = 600  # For a file, from a mirror that answers too slowly.
CHUNK = 2**16
UNPACKED = 2**26  # The largest file of MNIST has 47 MB: whatever unpacks to more is not it.


class MirrorError(InputError):
    """No mirror sent the right file; the message says what each of them sent."""


def fetch(mirrors: Iterable[str], name: str, sha256: str) -> bytes:
    """Downloads a file, and unpacks it where it is not an archive that is asked for.

    Arguments:
        mirrors: The addresses of folders, in the order in which they are asked.
        name: The name of the file; with `.gz`, the archive itself, otherwise what is in it.
        sha256: The hash of this file.

    Raises:
        MirrorError: If no mirror sends the right one.
    """
    failures = []
    for mirror in mirrors:
        address = f"{mirror}{name.removesuffix('.gz')}.gz"
        try:
            packed = _get(address)
            unpacked = _unpack(packed)
        except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
            failures.append(f"{address}: {_reason(error)}")
            continue
        content = packed if name.endswith(".gz") else unpacked
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
        failures.append(f"{address}: sent another file, its sha256 is not {sha256[:12]}...")
    raise MirrorError(", ".join(failures))


def _reason(error: Exception) -> str:
    """Returns the first line of what went wrong."""
    text = str(getattr(error, "reason", "") or error).strip()
    code = getattr(error, "code", None)
    first = text.splitlines()[0] if text else type(error).__name__
    return f"{code} {first}" if code else first


def _get(address: str) -> bytes:
    """Downloads a packed file, of which no more is read than can be the right one."""
    end, parts, size = time.monotonic() + DEADLINE_SECONDS, [], 0
    if urlsplit(address).scheme not in ("http", "https"):
        raise ValueError("is no http address")
    # A new one, as the one that `urlopen` keeps has the proxies of its first call.
    opener = urllib.request.build_opener()
    with opener.open(address, timeout=TIMEOUT_SECONDS) as answer:
        while chunk := answer.read1(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > UNPACKED:
                raise ValueError("sent too much")
            if time.monotonic() > end:
                raise TimeoutError("was too slow")
        expected = answer.headers.get("Content-Length")
    if expected is not None and expected.isdecimal() and int(expected) != size:
        raise ValueError(f"sent {size} of {expected} bytes")
    return b"".join(parts)


def _unpack(packed: bytes) -> bytes:
    """Unpacks gzip, never to more than the largest file of MNIST."""
    if packed.lstrip()[:1] == b"<":
        raise ValueError("sent a page, not a file")
    stream = zlib.decompressobj(wbits=31)
    content = stream.decompress(packed, UNPACKED)
    if not stream.eof:
        raise ValueError("sent a part of a gzip file, or too large a one")
    return content
