"""Processes and addresses of a check, all of them on this machine and gone with it."""

import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(what, seconds, ask):
    """The first answer of `ask` that is neither empty nor an error of the network."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
        except (urllib.error.URLError, OSError):
            answer = None
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def fetch(url, body=None, timeout=10):
    """The body of an answer of 2xx."""
    headers = {"content-type": "application/json"} if body else {}
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        # An empty body is an answer too.
        return answer.read() or b" "


class Processes:
    """Started programs; on leaving, each is ended, and killed if it does not end."""

    def __init__(self, folder):
        self.folder = folder
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name, *command, cwd=None):
        """Starts a program whose output goes to a file of its name."""
        log = self.folder / f"{name}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command], stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=cwd
            )
        self.running.append(process)
        return process
