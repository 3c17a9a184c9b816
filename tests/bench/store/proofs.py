"""Making a store again out of its log, and proving that one is whole."""
import json
import os
import shutil

from ground import run, say
from verdict import Line, median

EVENTS_PER_S = 150000
VERIFY_S = 10


def rebuild(folder, options):
    origin = folder / "origin"
    results = {}
    run("store_fill", origin, options.records)
    for number in range(options.rounds):
        say(f"rebuild: round {number + 1} of {options.rounds}")
        room = folder / "again"
        room.mkdir()
        os.sync()
        for line in run("store_rebuild", origin, room):
            result = json.loads(line)
            results.setdefault(result["name"], []).append(result)
        shutil.rmtree(room)
    shutil.rmtree(origin)
    for name, what in (("follow", "replay of the log, checked"),
                       ("restore", "restoring a backup, with its verification"),
                       ("backup", "writing that backup")):
        rate = median(results[name], "per_s")
        yield Line(what, f"{rate:.0f}/s", f"{EVENTS_PER_S}/s", rate / EVENTS_PER_S,
                   least=1 if name == "follow" else None)


def verify(folder, options):
    store = folder / "store"
    results = []
    run("store_fill", store, options.records, "rounds")
    for number in range(options.rounds):
        say(f"verify: round {number + 1} of {options.rounds}")
        results.append(json.loads(run("store_verification", store)[0]))
    shutil.rmtree(store)
    say(f"  {json.dumps(results[-1])}")
    seconds = median(results, "seconds") / (options.records / 1e6)
    yield Line("verify, seconds for a million dossiers", f"{seconds:.2f} s", f"{VERIFY_S} s",
               seconds / VERIFY_S, most=1)
