"""A private PostgreSQL: default settings, a socket in its own folder, gone afterwards."""
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

from ground import SOURCE, quiet

PROGRAMS = "/usr/lib/postgresql/15/bin"
USER = "postgres"
SETTINGS = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on"}
ANSWER_S = 3600


def unprivileged(*command):
    """The server refuses to be run by root."""
    words = [str(word) for word in command]
    return words if os.geteuid() != 0 else ["runuser", "-u", USER, "--", *words]


class Postgres:
    def __init__(self, folder):
        self.folder = folder
        self.connection = f"host={folder} dbname=postgres user={USER}"

    def ask(self, sql):
        """Rows of columns by tab."""
        done = subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator",
             "\t", "--set", "ON_ERROR_STOP=1", self.connection],
            input=sql, stdout=subprocess.PIPE, text=True, check=True, timeout=ANSWER_S)
        return done.stdout.splitlines()

    def timed(self, sql):
        """Seconds and rows; what was written before is on the disk first."""
        begun = time.perf_counter()
        rows = self.ask(sql)
        return time.perf_counter() - begun, rows

    def settle(self):
        self.ask("CHECKPOINT")
        os.sync()

    def make_tables(self):
        self.ask("SET client_min_messages = warning; DROP TABLE IF EXISTS dossiers, procedures")
        self.ask((SOURCE / "tables.sql").read_text(encoding="utf-8"))

    def make_indexes(self):
        self.ask((SOURCE / "indexes.sql").read_text(encoding="utf-8"))

    def copy(self, table, path):
        return self.timed(f"COPY {table} FROM '{path}'")[0]

    def sizes(self):
        """Bytes of the table with all that belongs to it, and of each index."""
        self.ask("VACUUM ANALYZE dossiers")
        self.settle()
        rows = self.ask(
            "SELECT 'dossiers', pg_table_size('dossiers') UNION ALL "
            "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index "
            "WHERE indrelid = 'dossiers'::regclass UNION ALL "
            "SELECT '(total)', pg_total_relation_size('dossiers')")
        return {name: int(size) for name, size in (row.split("\t") for row in rows)}


@contextmanager
def postgres(parent):
    folder = parent / "postgres"
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    data = folder / "data"
    options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    quiet(*unprivileged(f"{PROGRAMS}/initdb", "--auth", "trust", "--username", USER, "--encoding",
                        "UTF8", "--locale", "C", data), cwd="/")
    quiet(*unprivileged(f"{PROGRAMS}/pg_ctl", "start", "--wait", "-D", data, "-l", folder / "log",
                        "-o", f"-k {folder} {options}"), cwd="/")
    try:
        yield Postgres(folder)
    finally:
        quiet(*unprivileged(f"{PROGRAMS}/pg_ctl", "stop", "--wait", "--mode", "fast", "-D", data),
              cwd="/")
        shutil.rmtree(folder)
