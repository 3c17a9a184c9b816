"""What `run` and `idle` share: packages, the build, and servers that are started and stopped."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCE = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "bench-rpc"
ECHO = ROOT / "build" / "release" / "bin" / "cchc_echo"
PACKAGES = ["cmake", "g++", "libgrpc++-dev", "libprotobuf-c-dev", "libprotobuf-dev", "libzmq3-dev",
            "make", "openssl", "pkg-config", "protobuf-c-compiler", "protobuf-compiler",
            "protobuf-compiler-grpc"]
PATIENCE_S = 120


def is_installed(package):
    query = subprocess.run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
                           capture_output=True, text=True, check=False)
    return query.stdout == "installed"


def install():
    missing = [package for package in PACKAGES if not is_installed(package)]
    if not missing:
        return
    if os.geteuid() != 0:
        sys.exit("missing packages: " + " ".join(missing))
    subprocess.run(["apt-get", "update", "--quiet"], check=True)
    subprocess.run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing],
                   check=True)


def quiet(*command):
    """Runs a command whose output only matters when it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout)


def build():
    install()
    quiet("cmake", "-S", SOURCE, "-B", BUILD)
    quiet("cmake", "--build", BUILD, "--parallel", os.cpu_count())


def make_certificate(folder):
    quiet("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
          "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
          "-addext", "subjectAltName=IP:127.0.0.1",
          "-keyout", folder / "tls.key", "-out", folder / "tls.certificate")


@contextmanager
def temporary_folder():
    folder = Path(tempfile.mkdtemp(prefix="bench-rpc-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def ipc_endpoint(folder):
    return f"ipc://{folder}/socket"


def tcp_endpoint():
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@contextmanager
def ready(command):
    """A process that has said it is ready; it is gone afterwards."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"never ready: {command}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
