#!/usr/bin/env python3
"""How long `report make` takes, over one quarter and over many times its dossiers.

The yardstick is the first figure: a report answers from cells, so its time must not follow the
number of dossiers. Prints medians of whole processes and their ratio, and the rate of the import.

    tests/bench/report_scale.py [--times 100] [--bin build/release/bin]
"""
import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "deploy" / "sample" / "2024-q1"


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True)


def milliseconds(command, times=15):
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        run(*command)
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def multiply(source, target, times):
    """The same dossiers `times` times, each copy under its own numbers of the day."""
    with open(source, encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    code = rows[0].index("MaHoSo")
    with open(target, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(rows[0])
        for copy in range(times):
            for row in rows[1:]:
                head, number = row[code].rsplit("-", 1)
                writer.writerow([f"{head}-{int(number) + copy * 10000}" if i == code else cell
                                 for i, cell in enumerate(row)])


def resident_kib(pids):
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--bin", default=ROOT / "build" / "release" / "bin", type=Path)
    options = parser.parse_args()
    cchc = options.bin / "cchc"
    with tempfile.TemporaryDirectory(prefix="cchc-bench-") as folder:
        node = Path(folder) / "node"
        run(cchc, "node", "init", node, "--code", "H51.15", "--name", "UBND huyện Cù Lao Dung")
        office = subprocess.Popen([cchc, "node", "up", node], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        try:
            assert office.stdout.readline() == b"ready\n"
            idle = resident_kib([office.pid, *children(office.pid)])
            print(f"idle and empty: {idle / 1024:.1f} MiB resident, all processes together")
            run(cchc, "--node", node, "import", SAMPLE / "huyen")
            for commune in sorted(SAMPLE.glob("xa-*")):
                run(cchc, "--node", node, "import", commune)
            make = [cchc, "--node", node, "report", "make", "2024-Q1", "--format", "json"]
            once = milliseconds(make)
            print(f"report over  5,732 dossiers: {once:.1f} ms")
            large = Path(folder) / "ho-so.csv"
            count = 0
            begun = time.perf_counter()
            for source in sorted(SAMPLE.glob("*/ho-so.csv")):
                multiply(source, large, options.times)
                count += sum(1 for _ in open(large, encoding="utf-8")) - 1
                start = time.perf_counter()
                run(cchc, "--node", node, "import", large)
                print(f"  imported {source.parent.name}: {time.perf_counter() - start:.1f} s",
                      file=sys.stderr)
            print(f"import of {count:,} dossiers: {time.perf_counter() - begun:.0f} s")
            many = milliseconds(make)
            print(f"report over {count:,} dossiers: {many:.1f} ms, {many / once:.2f} times the first")
            grown = resident_kib([office.pid, *children(office.pid)])
            print(f"idle after that: {grown / 1024:.1f} MiB resident")
        finally:
            office.terminate()
            office.wait()


if __name__ == "__main__":
    main()
