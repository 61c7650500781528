"""A web server on loopback that does to a download what networks do."""

import gzip
import socket
import socketserver
import struct
import threading
import zlib
from collections import Counter
from contextlib import contextmanager


class Conversation(socketserver.BaseRequestHandler):
    """One connection: read the request, then do what the script of its path says."""

    def handle(self):
        try:
            head = self.hear()
            words = head.split()
            if len(words) < 2:
                return
            path = "/" + words[1].decode().split("://")[-1].partition("/")[2]  # a proxy's, too
            self.server.asked[path] += 1
            self.server.scripts.get(path, status(404))(self)
        except OSError:
            pass  # the other side has had enough: that is what is tested

    def hear(self):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(4096)
            if not piece:
                break
            head += piece
        return head

    def say(self, data):
        self.request.sendall(data)

    def hang(self):
        """Be silent, until the test is over."""
        self.server.over.wait()

    def drip(self, data, seconds=0.2):
        """Say one byte at a time, never so slowly that a single read takes too long."""
        for byte in data:
            if self.server.over.wait(seconds):
                return
            self.say(bytes([byte]))

    def reset(self):
        """End the connection as a machine does that has just been switched off."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    block_on_close = False
    request_queue_size = 100

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request, client_address):
        """A conversation that ends badly is what these are for."""


@contextmanager
def bad_server(scripts):
    """Serve these scripts `{path: function of a Conversation}`; `server.asked` counts requests."""
    with Server(("127.0.0.1", 0), Conversation) as server:
        server.scripts, server.asked, server.over = scripts, Counter(), threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


# Scripts, and what they are made of.


def head(code=200, *lines):
    """The status line and the headers of an answer."""
    return "\r\n".join([f"HTTP/1.1 {code} So", "Connection: close", *lines, "", ""]).encode()


def whole(body, *lines, code=200):
    """An answer as it should be, with its length."""
    return head(code, f"Content-Length: {len(body)}", *lines) + body


def chunked(body, size=4096):
    """The same in chunks."""
    parts = [body[i : i + size] for i in range(0, len(body), size)] + [b""]
    body = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
    return head(200, "Transfer-Encoding: chunked") + body


def packed(body):
    return whole(gzip.compress(body, mtime=0), "Content-Encoding: gzip")


def deflated(body):
    return whole(zlib.compress(body), "Content-Encoding: deflate")


def saying(data):
    return lambda talk: talk.say(data)


def status(code, *lines):
    return saying(whole(b"<html>Error</html>", *lines, code=code))


def redirect(target, code=302):
    return saying(whole(b"", f"Location: {target}", code=code))


def first_then(first, then):
    """One script for the first request of a server's path, another one for all that follow."""
    asked = []

    def script(talk):
        asked.append(talk)
        (first if len(asked) == 1 else then)(talk)

    return script
