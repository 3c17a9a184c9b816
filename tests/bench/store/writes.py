"""Durable writes of one dossier each, by 1, 16 and 64 clients."""
from ground import dossiers_service, make_node, measure, run, say
from postgres import postgres
from verdict import Line, median

CLIENTS = {1: None, 16: 2, 64: 3}  # and how many times PostgreSQL's rate is asked for
OF_BARE_LMDB = 0.8


class Contest:
    """Both have the history already and get the same dossiers after it."""

    def __init__(self, node, server, history, seconds):
        self.history = history
        self.seconds = seconds
        self.next = {"store_load": history, "postgres_load": history}
        self.where = {"store_load": node, "postgres_load": server.connection}

    def measure(self, program, clients):
        result = measure(program, self.where[program], clients, self.seconds, self.next[program],
                         self.history)
        self.next[program] = result["next"]
        return result


def bare(folder, kind, number, options):
    room = folder / f"bare-{kind}-{number}"
    room.mkdir()
    result = measure("bare_disk", room, options.seconds, options.history, kind)
    for file in room.iterdir():
        file.unlink()
    return result


def gather(folder, options):
    ours = {clients: [] for clients in CLIENTS}
    theirs = {clients: [] for clients in CLIENTS}
    bares = {kind: [] for kind in ("sync", "0", "3")}
    node = make_node(folder / "node")
    rows = folder / "rows"
    with postgres(folder) as server, dossiers_service(node):
        rows.write_text("\n".join(run("store_rows", options.history)) + "\n", encoding="utf-8")
        server.make_tables()
        server.make_indexes()
        server.copy("dossiers", rows)
        run("store_import", node, options.history, options.history)
        contest = Contest(node, server, options.history, options.seconds)
        for number in range(options.rounds):
            say(f"writes: round {number + 1} of {options.rounds}")
            for clients in CLIENTS:
                server.settle()
                ours[clients].append(contest.measure("store_load", clients))
                server.settle()
                theirs[clients].append(contest.measure("postgres_load", clients))
            for kind, results in bares.items():
                results.append(bare(folder, kind, number, options))
    return ours, theirs, bares


def show(result):
    return f"{median(result, 'per_s'):.0f}/s"


def writes(folder, options):
    ours, theirs, bares = gather(folder, options)
    alone = median(ours[1], "per_s")
    for clients, least in CLIENTS.items():
        yield Line(f"writes, {clients} clients, with PostgreSQL", show(ours[clients]),
                   show(theirs[clients]),
                   median(ours[clients], "per_s") / median(theirs[clients], "per_s"), least=least)
    yield Line("writes, 1 client, with bare LMDB's commits", show(ours[1]), show(bares["0"]),
               alone / median(bares["0"], "per_s"), least=OF_BARE_LMDB)
    yield Line("  with three index entries", show(ours[1]), show(bares["3"]),
               alone / median(bares["3"], "per_s"))
    yield Line("  with fdatasync alone", show(ours[1]), show(bares["sync"]),
               alone / median(bares["sync"], "per_s"))
