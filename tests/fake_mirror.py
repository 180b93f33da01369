"""A mirror on this machine that sends what it is told to, right or wrong."""

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><html><body>Access denied</body></html>"


def packed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Packs files as a mirror holds them."""
    return {f"{name}.gz": gzip.compress(content, 1, mtime=0) for name, content in files.items()}


@contextmanager
def mirror(files: Mapping[str, bytes], short: int = 0, silent: bool = False) -> Iterator[str]:
    """Serves files, and yields the address of their folder.

    Arguments:
        files: What there is; all else is answered by 404.
        short: How many bytes are missing at the end of each answer.
        silent: Whether to take connections and say nothing.
    """
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if silent:
                over.wait(60)
                return
            content = files.get(self.path.rpartition("/")[2])
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - short])

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/mnist/"
        finally:
            over.set()
            server.shutdown()
            thread.join()
