"""A large import through the path of a call, with COPY; and what it takes on the disk."""
import os
import shutil

from ground import dossiers_service, make_node, measure, run, say, tables_of
from postgres import postgres
from verdict import Line, median

TIMES_THE_BYTES = 2


def import_ours(folder, options):
    node = make_node(folder / "node")
    with dossiers_service(node):
        result = measure("store_import", node, options.records, options.records)
    tables = tables_of(node)
    shutil.rmtree(node)
    return result, tables


def import_theirs(server, rows, records):
    server.make_tables()
    server.make_indexes()
    server.settle()
    seconds = server.copy("dossiers", rows)
    return {"seconds": seconds, "per_s": records / seconds}


def print_sizes(tables, sizes, records):
    for name, table in tables.items():
        if table["bytes"] >= records:
            say(f"  {name}: {table['bytes'] / records:.1f} bytes a dossier, "
                f"{table.get('entries', 0) / records:.2f} entries")
    for name, size in sizes.items():
        say(f"  PostgreSQL {name}: {size / records:.1f} bytes a dossier")


def imports(folder, options):
    ours = []
    theirs = []
    rows = folder / "rows"
    with rows.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in run("store_rows", options.records))
    with postgres(folder) as server:
        for number in range(options.rounds):
            say(f"import: round {number + 1} of {options.rounds}")
            result, tables = import_ours(folder, options)
            ours.append(result)
            os.sync()
            theirs.append(import_theirs(server, rows, options.records))
        sizes = server.sizes()
    rows.unlink()
    print_sizes(tables, sizes, options.records)
    taken = sum(table["bytes"] for name, table in tables.items() if name != "(file)")
    yield Line(f"import of {options.records:,} dossiers, with COPY",
               f"{median(ours, 'per_s'):.0f}/s", f"{median(theirs, 'per_s'):.0f}/s",
               median(ours, "per_s") / median(theirs, "per_s"), least=1)
    yield Line("  bytes a dossier", f"{taken / options.records:.0f}",
               f"{sizes['(total)'] / options.records:.0f}", taken / sizes["(total)"],
               most=TIMES_THE_BYTES)
    file = tables["(file)"]["bytes"]
    yield Line("  bytes of the file, with free pages", f"{file / options.records:.0f}",
               f"{sizes['(total)'] / options.records:.0f}", file / sizes["(total)"])
