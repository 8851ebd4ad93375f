"""What is scraped: two revisions of our own application, and a proxy in front of each kind of trouble."""

import socket
import subprocess

from processes import eventually, fetch, free_port
from prometheus import Target
from upstream import Client, Upstream

APP = "slipway/slipway"
GATES = "slipway/gates"
# Requests of a case each second: of hundreds, one more or less is no matter for a share.
RATE = 15


class Fleet:
    """Starts everything; nothing is asked of it before `ask`."""

    def __init__(self, processes, root, target):
        self.processes, self.root, self.target = processes, root, target
        self.folder = processes.folder
        self.targets, self.ports = [], {}
        self.github = free_port()
        manifest = self.manifest()
        # The second finds what the first has compiled.
        self.applications = [self.application(manifest, revision) for revision in ("stable", "canary")]
        for name, upstream in {
            "healthy": Upstream(),
            "failing": Upstream(failing=100),
            "faulty": Upstream(failing=6),
            "slow": Upstream(seconds=0.7),
            "quiet": Upstream(failing=34),
            "silent": Upstream(),
        }.items():
            self.sidecar(name, upstream.port)
        self.sidecar("dead", free_port())

    def manifest(self):
        """The application's own, with components where they were built."""
        text = (self.root / "spin.toml").read_text(encoding="utf-8")
        manifest = self.folder / "spin.toml"
        components = f'source = "{self.target}/wasm32-wasip2/component/'
        manifest.write_text(text.replace('source = "target/wasm32-wasip2/component/', components), encoding="utf-8")
        return manifest

    def started(self, name, admin, hash, job, *command):
        process = self.processes.start(name, self.target / "debug" / "slipway", *command)

        def serving():
            if process.poll() is not None:
                log = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"{name} has ended:\n{log}")
            # A proxy whose upstream fails is never ready, and scraped all the same.
            return fetch(f"http://127.0.0.1:{admin}/{'readyz' if job == APP else 'healthz'}")

        eventually(f"{name} serves", 60, serving)
        self.targets.append(Target(admin, f"slipway-{name}", hash, job))

    def application(self, manifest, revision):
        listen, admin = free_port(), free_port()
        arguments = [
            f"--from={manifest}",
            f"--listen=127.0.0.1:{listen}",
            f"--admin-listen=127.0.0.1:{admin}",
            f"--state-dir={self.folder / revision}",
            f"--cache-dir={self.folder / 'cache'}",
            "--sweep-every=1s",
            "--drain-delay=0s",
            # Nobody listens there: spans are dropped, and counted.
            "--otlp-endpoint=http://127.0.0.1:9",
            f"--variable=@{self.root / 'deploy/local/variables.toml'}",
            f"--variable=github_api_url=http://127.0.0.1:{self.github}",
            f"--variable=github_origin=http://127.0.0.1:{self.github}",
        ]
        self.started(revision, admin, revision, APP, "up", *arguments)
        return listen

    def sidecar(self, name, upstream):
        self.ports[name], admin = free_port(), free_port()
        arguments = [
            f"--upstream=http://127.0.0.1:{upstream}",
            f"--listen=127.0.0.1:{self.ports[name]}",
            f"--admin-listen=127.0.0.1:{admin}",
            f"--component={name}",
            "--drain-delay=0s",
        ]
        self.started(name, admin, name, GATES, "sidecar", *arguments)

    def ask(self):
        """Begins all traffic; most of it goes on until the end."""
        for name in ("healthy", "failing", "faulty", "dead"):
            Client(self.ports[name], RATE)
        for _ in range(4):
            Client(self.ports["slow"], RATE)
        Client(self.ports["quiet"], RATE, count=3)
        self.promote()
        for listen in self.applications:
            Client(listen, RATE)
            deployments = f"http://127.0.0.1:{listen}/api/v1/deployments"
            fetch(deployments, b'{"service_name": "api", "version": "1.4.2", "environment": "staging"}')
            fetch(deployments)

    def promote(self):
        """Signed and unsigned webhooks to the stable revision, over a double of GitHub that takes the commit."""
        binaries = self.target / "debug"
        github = f"127.0.0.1:{self.github}"
        self.processes.start(
            "github",
            binaries / "github-double",
            f"--listen={github}",
            f"--root={self.folder / 'github'}",
            "--token=dev-token",
            "--repository=acme/gitops",
        )
        eventually("GitHub's double listens", 30, lambda: reachable(self.github))
        webhook = f"http://127.0.0.1:{self.applications[0]}/webhooks/github"
        for tag, secret in (("1.4.2", "dev-secret"), ("not-a-version", "dev-secret"), ("1.4.3", "wrong")):
            command = [binaries / "send-webhook", f"--url={webhook}", f"--secret={secret}", f"--tag={tag}"]
            sent = subprocess.run(command, capture_output=True, text=True, check=False)
            if (sent.returncode == 0) != (secret == "dev-secret"):
                raise RuntimeError(f"a webhook was answered in another way than expected: {sent.stdout}{sent.stderr}")


def reachable(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
