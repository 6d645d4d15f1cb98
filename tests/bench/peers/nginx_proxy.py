"""Peer: nginx that passes requests on to another nginx, which has the answers; one worker each."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

INSTALL = "apt-get install nginx-light"
_PLACES = ("/usr/sbin", "/usr/local/sbin", *os.get_exec_path())
_SERVER = """
{user}
daemon off;
worker_processes 1;
pid {folder}/{name}.pid;
error_log {folder}/{name}.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/{name}_client;
  proxy_temp_path {folder}/{name}_proxy;
  fastcgi_temp_path {folder}/{name}_fastcgi;
  uwsgi_temp_path {folder}/{name}_uwsgi;
  scgi_temp_path {folder}/{name}_scgi;
  {more}
}}
"""
_FILES = "server {{ listen 127.0.0.1:{port} backlog=1024; root {folder}/answers; }}"
_PROXY = (
    "upstream behind {{ server 127.0.0.1:{behind}; keepalive 64; keepalive_requests 100000000; }}"
    " server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ proxy_pass http://behind; proxy_http_version 1.1;"
    ' proxy_set_header Connection ""; }} }}'
)


def program() -> str:
    """The path of nginx; empty when it is not installed."""
    return shutil.which("nginx", path=os.pathsep.join(_PLACES)) or ""


@contextlib.contextmanager
def proxying(folder: Path, answers: dict[str, bytes]) -> Iterator[tuple[str, int]]:
    """Address and process of a proxy in front of these answers, by their names."""
    (folder / "answers").mkdir()
    for place in (folder, folder / "answers"):
        place.chmod(0o755)
    for name, content in answers.items():
        (folder / "answers" / name).write_bytes(content)
    behind, port = _free(), _free()
    started = [_start(folder, "files", _FILES.format(port=behind, folder=folder))]
    started.append(_start(folder, "proxy", _PROXY.format(port=port, behind=behind)))
    try:
        for one in (behind, port):
            _wait_for(one)
        yield f"http://127.0.0.1:{port}", started[1].pid
    finally:
        for process in started:
            process.terminate()
            process.wait(10)


def _start(folder: Path, name: str, more: str) -> subprocess.Popen[bytes]:
    user = "user root;" if os.geteuid() == 0 else ""
    settings = folder / f"{name}.conf"
    settings.write_text(_SERVER.format(folder=folder, name=name, more=more, user=user))
    return subprocess.Popen([program(), "-c", settings, "-p", folder, "-e", folder / f"{name}.log"])


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
