"""A throw-away PostgreSQL cluster on a loopback port."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path


def _binaries() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


class Cluster:
    """initdb, start, databases by name, stop. PostgreSQL refuses root, so root lends it the user postgres."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        self._folder = folder

    def start(self):
        self._run("initdb", "-D", self.data, "-U", "hotline", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.resume()

    def resume(self):
        """Start the server."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self._folder} -c fsync=off -c max_connections=60"
        self._run("pg_ctl", "-D", self.data, "-w", "-o", options, "-l", self._folder / "log", "start")

    def halt(self):
        """Stop the server as a crash would."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def stop(self):
        self.halt()
        shutil.rmtree(self._folder, ignore_errors=True)

    def database(self, name, template="template1"):
        """Create a database, a copy of `template`, and return its URL."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "hotline")
        self._run("createdb", *where, "-T", template, "--strategy=file_copy", name)
        return f"postgresql+psycopg://hotline@127.0.0.1:{self.port}/{name}"

    @staticmethod
    def _run(program, *arguments):
        command = [str(_binaries() / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # The server keeps the pipe it inherits open, so its output must not be waited for.
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}")
