"""Applications that behave as it is wanted of them, and clients that ask them all the time."""

import http.client
import itertools
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Upstream:
    """Answers 200, and 500 for `failing` of every hundred, spread evenly; each after `seconds`."""

    def __init__(self, failing=0, seconds=0.0):
        counter = itertools.count()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                number = next(counter)
                fails = (number + 1) * failing // 100 > number * failing // 100
                time.sleep(seconds)
                self.send_response(500 if fails else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Client(threading.Thread):
    """Asks a port for `/`, `rate` times a second at most, until the check is over; or `count` times."""

    def __init__(self, port, rate, count=None):
        super().__init__(daemon=True)
        self.port, self.period, self.count = port, 1 / rate, count
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for _ in range(self.count) if self.count else itertools.count():
            due = time.monotonic() + self.period
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
            time.sleep(max(0.0, due - time.monotonic()))
