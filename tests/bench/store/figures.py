"""The quarter's full set of figures over few and over many dossiers."""
import json
import os
import shutil
import statistics
import subprocess

from ground import (PATIENCE_S, SOURCE, dossiers_service, install_duckdb, make_node, run, say,
                    store_of)
from postgres import postgres
from verdict import Line

QUARTER = {":first": "DATE '2024-09-15'", ":last": "DATE '2024-12-14'",
           ":after": "DATE '2024-12-15'"}
MEASURES = 13  # that the questions share; ours has the refusals too
DUCKDB_TIMES = 11
SERVICE_MS = 5
TIMES_THE_FEW = 2
TIMES_POSTGRES = 100
TIMES_DUCKDB = 10


def question():
    sql = (SOURCE / "figures.sql").read_text(encoding="utf-8")
    for name, value in QUARTER.items():
        sql = sql.replace(name, value)
    return sql[sql.index("SELECT"):]


def counted(lines):
    """Rows as a dictionary, without those in which nothing is counted."""
    rows = {}
    for line in lines:
        unit, field, *values = line.split("\t")
        values = [int(value) for value in values[:MEASURES]]
        if any(values):
            rows[unit, field] = values
    return rows


def ask_ours(folder, records):
    node = make_node(folder / "node")
    run("store_fill", store_of(node), records)
    os.sync()
    with dossiers_service(node):
        head, *rows = run("store_figures", node)
    shutil.rmtree(node)
    return json.loads(head), counted(rows)


def ask_postgres(folder, rows, procedures, rounds):
    with postgres(folder) as server:
        server.make_tables()
        server.copy("procedures", procedures)
        server.copy("dossiers", rows)
        server.make_indexes()
        server.ask("VACUUM ANALYZE")
        server.settle()
        # Inside the server: without the start of the client and its connection.
        times = [f"EXPLAIN (ANALYZE, TIMING OFF) {question()}"] * (rounds + 1)
        lines = [server.ask(sql) for sql in times]
        taken = [float(line.split(":")[1].split()[0]) for plan in lines[1:] for line in plan
                 if line.startswith("Execution Time")]
        say("\n".join(f"    {line}" for line in lines[-1]))
        return statistics.median(taken), counted(server.ask(question()))


def ask_duckdb(folder, rows, procedures):
    path = folder / "question.sql"
    path.write_text(question(), encoding="utf-8")
    environment = dict(os.environ, NODE_PATH=str(install_duckdb()))
    done = subprocess.run(
        ["node", str(SOURCE / "duckdb.js"), str(rows), str(procedures), str(path),
         str(DUCKDB_TIMES)],
        stdout=subprocess.PIPE, text=True, check=True, env=environment, timeout=PATIENCE_S)
    head, *lines = done.stdout.splitlines()
    return json.loads(head)["ms"], counted(lines)


def write_lines(path, lines):
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
    return path


def figures(folder, options):
    few = options.records // 20
    many = options.records * 5
    say(f"figures: over {few:,} dossiers")
    before, _ = ask_ours(folder, few)
    say(f"figures: over {many:,} dossiers")
    ours, rows_of_ours = ask_ours(folder, many)
    rows = write_lines(folder / "rows", run("store_rows", many))
    procedures = write_lines(folder / "procedures", run("store_rows", "procedures"))
    postgres_ms, rows_of_postgres = ask_postgres(folder, rows, procedures, options.rounds)
    duckdb_ms, rows_of_duckdb = ask_duckdb(folder, rows, procedures)
    rows.unlink()
    same = rows_of_ours == rows_of_postgres == rows_of_duckdb and len(rows_of_ours) > 0
    say(f"figures: {len(rows_of_ours)} rows, {'all equal' if same else 'THEY DIFFER'}")
    service_ms = ours["service_ms"]
    yield Line(f"figures over {many:,}, in the service", f"{service_ms:.2f} ms", "5 ms",
               service_ms / SERVICE_MS, most=1)
    yield Line(f"  with {few:,} dossiers", f"{service_ms:.2f} ms",
               f"{before['service_ms']:.2f} ms", service_ms / before["service_ms"],
               most=TIMES_THE_FEW)
    yield Line("  at the client", f"{ours['client_ms']:.2f} ms", f"{before['client_ms']:.2f} ms",
               ours["client_ms"] / before["client_ms"])
    yield Line("  times as fast as PostgreSQL, indexed", f"{service_ms:.2f} ms",
               f"{postgres_ms:.1f} ms", postgres_ms / service_ms, least=TIMES_POSTGRES)
    yield Line("  times as fast as DuckDB", f"{service_ms:.2f} ms", f"{duckdb_ms:.1f} ms",
               duckdb_ms / service_ms, least=TIMES_DUCKDB)
    yield Line("  rows that are the same in all three", str(len(rows_of_ours)),
               str(len(rows_of_postgres)), float(same), least=1)
