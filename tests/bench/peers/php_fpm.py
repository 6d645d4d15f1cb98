"""Peer: the job in PHP (`php/prefill.php`): PHP-FPM and nginx, on configuration that is written here."""

import getpass
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).with_name("php") / "prefill.php"
INSTALL = "apt-get install php-fpm php-soap php-curl php-mbstring php-sqlite3 nginx-light"
NEEDED = {"soap", "curl", "mbstring", "pdo_sqlite", "Zend OPcache"}
#: so many requests are under way in one worker each; more of them wait in the listen queue
WORKERS = 12
_PLACES = ("/usr/sbin", "/usr/local/sbin", *os.get_exec_path())
#: OPcache never looks at the file again; the compiler of 8.0 and later is on where it exists
_SETTINGS = {
    "opcache.enable": "1",
    "opcache.validate_timestamps": "0",
    "opcache.file_update_protection": "0",
    "opcache.jit": "tracing",
    "opcache.jit_buffer_size": "32M",
    "soap.wsdl_cache": "3",
    "display_errors": "0",
    "log_errors": "1",
    "realpath_cache_ttl": "3600",
}
_FPM = """
[global]
daemonize = no
error_log = {folder}/fpm.log
log_level = warning
[bench]
user = {user}
listen = {folder}/fpm.sock
pm = static
pm.max_children = {workers}
pm.max_requests = 0
catch_workers_output = yes
php_admin_value[soap.wsdl_cache_dir] = {folder}
env[STUB] = {stub}
env[DB] = {folder}/log.db
"""
_NGINX = """
{user_line}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location = /prefill {{
      fastcgi_pass unix:{folder}/fpm.sock;
      fastcgi_buffer_size 16k;
      fastcgi_buffers 8 16k;
      fastcgi_param SCRIPT_FILENAME {script};
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
    }}
  }}
}}
"""


def missing() -> str:
    """What the peer lacks on this machine; empty when it can run."""
    fpm = _php_fpm()
    if not fpm:
        return "php-fpm"
    if not _nginx():
        return "nginx"
    listed = subprocess.run([fpm, "-m"], capture_output=True, text=True, check=True)
    return ", ".join(sorted(NEEDED - set(listed.stdout.splitlines())))


def commands(folder: Path, port: int, stub: str) -> list[tuple[str, list[str], str | tuple[str, int]]]:
    """Write configuration and an empty log into `folder`; what to start: a name, its command line, where it listens."""
    fpm, nginx = _php_fpm(), _nginx()
    user = getpass.getuser()
    words = {
        "folder": folder, "port": port, "stub": stub, "script": SCRIPT, "user": user, "workers": WORKERS,
        "user_line": f"user {user};" if user == "root" else "",
    }  # fmt: skip
    (folder / "fpm.conf").write_text(_FPM.format(**words))
    (folder / "nginx.conf").write_text(_NGINX.format(**words))
    with sqlite3.connect(folder / "log.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE record (id INTEGER PRIMARY KEY, leaf TEXT NOT NULL)")
    settings = [part for name, value in _SETTINGS.items() for part in ("-d", f"{name}={value}")]
    root = ["--allow-to-run-as-root"] if user == "root" else []
    serve_php = [fpm, "--nodaemonize", *root, "--fpm-config", f"{folder}/fpm.conf", *settings]
    serve_http = [nginx, "-c", f"{folder}/nginx.conf", "-p", str(folder), "-e", f"{folder}/nginx.log"]
    return [("fpm", serve_php, f"{folder}/fpm.sock"), ("nginx", serve_http, ("127.0.0.1", port))]


def _php_fpm() -> str:
    """The newest one: Debian calls it php-fpm8.4."""
    names = [path.name for place in _PLACES for path in Path(place).glob("php-fpm*")]
    return shutil.which(max(names), path=os.pathsep.join(_PLACES)) or "" if names else ""


def _nginx() -> str:
    return shutil.which("nginx", path=os.pathsep.join(_PLACES)) or ""
