"""What every bench here stands on: packages, the build, a folder on a disk, and a node."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCE = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "bench-store"
BIN = ROOT / "build" / "release" / "bin"
PACKAGES = ["libpq-dev", "nodejs", "npm", "postgresql-15"]
NODE_CODE = "H51.15"
PATIENCE_S = 3600


def is_installed(package):
    query = subprocess.run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
                           capture_output=True, text=True, check=False)
    return query.stdout == "installed"


def is_there(package):
    """A program may have come another way than by its package."""
    return is_installed(package) or shutil.which({"nodejs": "node"}.get(package, package))


def install():
    missing = [package for package in PACKAGES if not is_there(package)]
    if not missing:
        return
    if os.geteuid() != 0:
        sys.exit("missing packages: " + " ".join(missing))
    subprocess.run(["apt-get", "update", "--quiet"], check=True)
    subprocess.run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing],
                   check=True)


def quiet(*command, **options):
    """Runs a command whose output only matters when it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(done.stdout)


def build():
    install()
    quiet(ROOT / "deploy" / "install-packages")
    quiet("cmake", "--preset", "release", cwd=ROOT)
    quiet("cmake", "--build", "--preset", "release", "--parallel", os.cpu_count(),
          "--target", "bench_store", "cchc", "cchc-dossiers", cwd=ROOT)


def install_duckdb():
    """Not in Debian. Returns where its module is found."""
    modules = BUILD / "node_modules"
    if not (modules / "@duckdb" / "node-api").exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        quiet("npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", BUILD,
              "@duckdb/node-api")
    return modules


@contextmanager
def temporary_folder(parent):
    folder = Path(tempfile.mkdtemp(prefix="bench-store-", dir=parent))
    folder.chmod(0o755)  # the yardstick's own user reads there
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def run(program, *arguments):
    """The output of one of our programs, as lines."""
    done = subprocess.run([str(word) for word in (BIN / program, *arguments)],
                          stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE_S)
    return done.stdout.splitlines()


def measure(program, *arguments):
    """The line of JSON that a program prints. What was written before is on the disk first."""
    os.sync()
    return json.loads(run(program, *arguments)[0])


def make_node(folder):
    quiet(BIN / "cchc", "node", "init", folder, "--code", NODE_CODE, "--name", "UBND huyện")
    return folder


@contextmanager
def dossiers_service(node):
    """The process that serves the dossiers of a node; a caller waits until it answers."""
    process = subprocess.Popen([BIN / "cchc-dossiers", "--node", node])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def store_of(node):
    return node / "data" / "dossiers"


def tables_of(node):
    """Bytes by table of a store that nobody has open."""
    lines = [json.loads(line) for line in run("store_tables", store_of(node) / "store.mdb")]
    return {line["table"]: line for line in lines}


def say(text):
    print(text, file=sys.stderr, flush=True)
