"""A client in another language: what proto/README.md says, and nothing else.

It begins with proto/cchc/call.proto and asks a server for the rest of the contract:

    with Connection("ipc://NODE/run/dossiers", Contract.of_calls()) as line:
        line.hello()
        line.contract = line.describe()
        print(line.call("Health/Check").status)

A connection belongs to one thread, which hears only while it waits for something. It keeps to the
protocol; who wants to break it says parts with `say`, or sends frames with `socket`.
"""

import collections
import ctypes
import hashlib
import os
import secrets
import subprocess
import tempfile
import time

import zmq
from google.protobuf import descriptor_pb2, descriptor_pool, empty_pb2, message_factory
from zmq.utils import z85

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto")

PATIENCE_SECONDS = 10  # for what has to come

PROTOCOL = 1
PAYLOAD_MAX = 1 << 20
WINDOW_OF_CALL = 2048
WINDOW_OF_CONNECTION = 4096
COST_OF_MESSAGE = 64  # credit beside its bytes

STATUSES = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
            "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
            "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")

SOCKET_OPTIONS = {
    zmq.IMMEDIATE: 1,
    zmq.RCVHWM: 0,
    zmq.SNDHWM: 0,
    zmq.LINGER: 100,
    zmq.MAXMSGSIZE: PAYLOAD_MAX + 64,
    zmq.SNDTIMEO: PATIENCE_SECONDS * 1000,
}


class Silence(AssertionError):
    """What had to come did not."""


class Goodbye(Exception):
    """The server takes no more calls on this connection."""

    def __init__(self, goodbye):
        self.reason = goodbye.Reason.Name(goodbye.reason)
        self.last_call = goodbye.last_call
        self.retry_after_ms = goodbye.retry_after_ms
        super().__init__(self.reason)


class Failed(Exception):
    """A call that ended with another status than OK."""

    def __init__(self, header):
        self.status = STATUSES[header.status]
        self.reason = header.fault.Reason.Name(header.fault.reason)
        self.header = header
        super().__init__(f"{self.status} {header.fault}")


# ---------------------------------------------------------------------------------------------
# The contract


Method = collections.namedtuple("Method", "name request reply streams_requests streams_replies keyed")

# Asks for everything; a DescribeReply reads as the FileDescriptorSet that it is.
DESCRIBE = Method("Reflection/Describe", empty_pb2.Empty, descriptor_pb2.FileDescriptorSet, False, False, False)

WRITES = 2  # Access


class Contract:
    """Messages and methods, made from descriptors. `contract.Dossier` is that message's class."""

    def __init__(self, files):
        self.files = files
        self.pool = descriptor_pool.DescriptorPool()
        self.classes = message_factory.MessageFactory(self.pool)
        for file in files.file:
            self.pool.AddSerializedFile(file.SerializeToString())

    @classmethod
    def of_calls(cls):
        """What call.proto says: enough to be introduced and to ask for the rest."""
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run(["protoc", "-I", PROTO, "--include_imports", f"--descriptor_set_out={file.name}",
                            "cchc/call.proto"], check=True)
            return cls(descriptor_pb2.FileDescriptorSet.FromString(file.read()))

    def __getattr__(self, name):
        return self.message_class(f"cchc.{name}")

    def message_class(self, full_name):
        """The class of a message by its name with the package."""
        return self.classes.GetPrototype(self.pool.FindMessageTypeByName(full_name))

    def method(self, name):
        """A method by "Service/Method"."""
        service, _, last = name.partition("/")
        found = self.pool.FindServiceByName(f"cchc.{service}").methods_by_name[last]
        return Method(name, self.message_class(found.input_type.full_name),
                      self.message_class(found.output_type.full_name), found.client_streaming,
                      found.server_streaming, self.option(found, "access") == WRITES)

    def option(self, method, name):
        """One of the options of options.proto, as a number."""
        options = self.message_class("google.protobuf.MethodOptions")()
        options.ParseFromString(method.GetOptions().SerializeToString())
        return options.Extensions[self.pool.FindExtensionByName(f"cchc.{name}")]

    def hash(self):
        """What two builds have in common when they speak the same contract."""
        bare = descriptor_pb2.FileDescriptorSet(file=self.files.file)
        for file in bare.file:
            file.ClearField("source_code_info")
        return hashlib.blake2b(bare.SerializeToString(), digest_size=32).digest()

    # Messages of the wire --------------------------------------------------------------------

    def part(self, kind, payload=b"", **fields):
        """One part: a Header and its payload."""
        return self.Header(kind=kind, size=len(payload), **fields), payload

    def hello(self, **fields):
        """How a dialler introduces itself."""
        said = {"protocol_min": PROTOCOL, "protocol_max": PROTOCOL, "boot": secrets.randbits(64),
                "message_max": PAYLOAD_MAX, "credit": WINDOW_OF_CONNECTION,
                "time_ms": time.time_ns() // 1_000_000, "program": "foreign"} | fields
        return self.part("HELLO", self.Hello(**said).SerializeToString())

    def message(self, *parts):
        """The two frames of one message that says these parts."""
        headers = self.Headers(headers=[header for header, _ in parts])
        return [headers.SerializeToString(), b"".join(payload for _, payload in parts)]

    def parts(self, frames):
        """What a message says, part by part."""
        headers, payloads = frames
        at = 0
        for header in self.Headers.FromString(headers).headers:
            yield header, payloads[at:at + header.size]
            at += header.size


# ---------------------------------------------------------------------------------------------
# Calls


class Window:
    """Credit in bytes, of one call or of a whole connection."""

    def __init__(self, size):
        self.may_send = size
        self.size = size
        self.taken = 0

    def send(self, size):
        """A message leaves."""
        self.may_send -= size + COST_OF_MESSAGE

    def take(self, size):
        """A message that came was used up; the bytes to grant now, 0: none yet."""
        self.taken += size + COST_OF_MESSAGE
        if self.taken < self.size // 2:
            return 0
        granted, self.taken = self.taken, 0
        return granted


class Connection:
    """One connection to one server, which ends with a goodbye: who wants to go on opens another."""

    def __init__(self, endpoint, contract, keys=None, server_key=None):
        """Over tcp with our (public, secret) keys and the server's published one."""
        self.contract = contract
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        for option, value in SOCKET_OPTIONS.items():
            self.socket.setsockopt(option, value)
        if server_key:
            self.socket.curve_publickey, self.socket.curve_secretkey = keys
            self.socket.curve_serverkey = server_key
        self.socket.connect(endpoint)
        self.heard = collections.deque()
        self.grants = True
        self.begin_anew()

    def begin_anew(self):
        """As it is before a HELLO, the first one or one after a goodbye."""
        self.window = Window(WINDOW_OF_CONNECTION)
        self.goodbye = None  # STOPPING was heard: what was begun is still answered
        self.calls = {}
        self.next_call = 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, *parts):
        """One message."""
        self.socket.send_multipart(self.contract.message(*parts))

    def hello(self, **fields):
        """Introduce ourselves; the server's Welcome."""
        self.begin_anew()
        self.say(self.contract.hello(**fields))
        welcome = self.contract.Welcome.FromString(self.expect("HELLO_OK")[1])
        self.window.may_send += (welcome.credit or WINDOW_OF_CONNECTION) - WINDOW_OF_CONNECTION
        return welcome

    def describe(self):
        """The contract the server was built with."""
        return Contract(self.begin(DESCRIBE).end())

    def hear(self, seconds=PATIENCE_SECONDS):
        """The next part that comes, after all that it means was done."""
        if not self.heard:
            if not self.socket.poll(max(0, seconds) * 1000):
                raise Silence(f"nothing came for {seconds} s")
            self.heard.extend(self.contract.parts(self.socket.recv_multipart()))
        header, payload = self.heard.popleft()
        call = self.calls.get(header.call)  # none: it crossed our CANCEL
        kind = header.Kind.Name(header.kind)
        if kind == "PING":
            self.say(self.contract.part("PONG"))
        elif kind == "GOAWAY":
            self.goodbye = Goodbye(self.contract.Goodbye.FromString(payload))
            if self.goodbye.reason != "STOPPING":
                raise self.goodbye
        elif kind == "CREDIT" and header.call == 0:
            self.window.may_send += header.credit
        elif kind == "DATA":
            self.grant(0, self.window.take(len(payload)))
        if call:
            call.hear(kind, header, payload)
        return header, payload

    def expect(self, kind, seconds=PATIENCE_SECONDS):
        """The next part of this kind."""
        deadline = time.monotonic() + seconds
        while True:
            header, payload = self.hear(deadline - time.monotonic())
            if header.kind == self.contract.Header.Kind.Value(kind):
                return header, payload

    def wait(self, condition, seconds=PATIENCE_SECONDS):
        """Hear until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.hear(deadline - time.monotonic())

    def grant(self, call, size):
        """Say how much more we take; call 0 is the connection itself."""
        if size and self.grants:
            self.say(self.contract.part("CREDIT", call=call, credit=size))

    def begin(self, method, request=None, seconds=0, **fields):
        """Open a call that has `seconds` to live; 0: as long as the method gives it."""
        if self.goodbye:
            raise self.goodbye
        method = self.contract.method(method) if isinstance(method, str) else method
        if method.keyed:
            fields.setdefault("idempotency_key", secrets.token_bytes(16))
        if not method.streams_requests:
            request = request or method.request()
        call = self.calls[self.next_call] = Call(self, self.next_call, method)
        self.next_call += 2
        self.say(self.contract.part("REQUEST", request.SerializeToString() if request else b"", call=call.number,
                                    method=method.name, deadline_ms=round(seconds * 1000), **fields))
        return call

    def call(self, method, request=None, **options):
        """The reply of a call that streams nothing."""
        return self.begin(method, request, **options).end()


class Call:
    """A call from its REQUEST to its STATUS."""

    def __init__(self, line, number, method):
        self.line = line
        self.number = number
        self.method = method
        self.window = Window(WINDOW_OF_CALL)
        self.arrived = collections.deque()
        self.status = None  # the header that ended it …
        self.reply = None   # … and its payload

    def hear(self, kind, header, payload):
        """A part of this call came."""
        if kind == "DATA":
            self.arrived.append(payload)
        elif kind == "CREDIT":
            self.window.may_send += header.credit
        elif kind == "STATUS":
            self.status, self.reply = header, payload
            del self.line.calls[self.number]

    def say(self, kind, payload=b""):
        """A part of this call."""
        self.line.say(self.line.contract.part(kind, payload, call=self.number))

    def send(self, message):
        """One message of the stream that goes up, once the server takes it."""
        payload = message.SerializeToString()
        self.line.wait(lambda: self.status or (self.window.may_send > 0 and self.line.window.may_send > 0))
        if self.status:
            raise Failed(self.status)
        self.window.send(len(payload))
        self.line.window.send(len(payload))
        self.say("DATA", payload)

    def half_close(self):
        """That was the last one."""
        self.say("HALF_CLOSE")

    def receive(self, seconds=PATIENCE_SECONDS):
        """The next message of the stream that comes down; None after the last one."""
        self.line.wait(lambda: self.arrived or self.status, seconds)
        if not self.arrived:
            return None
        payload = self.arrived.popleft()
        if not self.status:
            self.line.grant(self.number, self.window.take(len(payload)))
        return self.method.reply.FromString(payload)

    def __iter__(self):
        return iter(self.receive, None)

    def end(self, seconds=PATIENCE_SECONDS):
        """The reply, or None of a method that streams replies; Failed when the status is not OK."""
        self.line.wait(lambda: self.status, seconds)
        if self.status.status:
            raise Failed(self.status)
        return None if self.method.streams_replies else self.method.reply.FromString(self.reply)

    def cancel(self):
        """The answer is not wanted any more: whatever still comes is passed over."""
        del self.line.calls[self.number]
        self.say("CANCEL")


# ---------------------------------------------------------------------------------------------
# Tokens


def sign(contract, token, secret_key):
    """A packed SignedToken, by the node's secret key as its file has it."""
    sodium = ctypes.CDLL("libsodium.so.23")
    seed = hashlib.blake2b(b"cchc actor token 1\0", digest_size=32, key=z85.decode(secret_key)).digest()
    public, secret, signature = (ctypes.create_string_buffer(size) for size in (32, 64, 64))
    packed = token.SerializeToString()
    sodium.crypto_sign_seed_keypair(public, secret, seed)
    sodium.crypto_sign_detached(signature, None, packed, ctypes.c_ulonglong(len(packed)), secret)
    return contract.SignedToken(token=packed, signature=signature.raw).SerializeToString()
