#!/bin/bash
# Gives the contract's build step one breach of its rules after another; each must be refused by name.
set -uo pipefail
protoc=$1
tool=$2
proto=$3
includes=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/cchc"
failed=0

# breach NAME EXPECTED: the body of a .proto comes on stdin
breach() {
	{
		echo 'syntax = "proto3"; package cchc; import "cchc/options.proto";'
		cat
	} >"$folder/cchc/breach.proto"
	if ! "$protoc" -I"$folder" -I"$proto" -I"$includes" --experimental_allow_proto3_optional \
		--include_imports --include_source_info --descriptor_set_out="$folder/set" \
		"$folder/cchc/breach.proto"; then
		echo "not ok: $1: protoc itself refused it"
		failed=1
	elif "$tool" breach "$folder/set" >"$folder/out" 2>"$folder/err"; then
		echo "not ok: $1: was accepted"
		failed=1
	elif ! grep -q "$2" "$folder/err"; then
		echo "not ok: $1: refused for another reason:"
		cat "$folder/err"
		failed=1
	else
		echo "ok: $1"
	fi
}

breach 'a message inside itself' 'Tree: is recursive' <<'END'
// A tree.
message Tree {
  repeated Tree children = 1;  // below
}
END
breach 'messages inside each other' 'is recursive' <<'END'
// One.
message One {
  Two two = 1;  // the other
}
// Two.
message Two {
  One one = 1;  // the other
}
END
breach 'optional' 'is `optional`' <<'END'
// A message.
message Loose {
  optional uint32 count = 1;  // maybe
}
END
breach 'map' 'map' <<'END'
// A message.
message Mapped {
  map<string, uint32> counts = 1;  // by name
}
END
breach 'floating point' 'floating point' <<'END'
// A message.
message Share {
  double share = 1;  // inexact
}
END
breach 'a field without comment' 'silent: has no comment' <<'END'
// A message.
message Silent {
  uint32 silent = 1;
}
END
breach 'a method that does not say its access' 'does not say its access' <<'END'
// A message.
message Nothing {
}
// A service.
service Careless {
  // A method.
  rpc Do(Nothing) returns (Nothing) {
    option (permission) = SERVICES;
    option (deadline_ms) = 1000;
    option idempotency_level = IDEMPOTENT;
  }
}
END
breach 'a method without deadline' 'does not say its deadline' <<'END'
// A message.
message Nothing {
}
// A service.
service Careless {
  // A method.
  rpc Do(Nothing) returns (Nothing) {
    option (access) = READS;
    option (permission) = SERVICES;
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
END
breach 'a stream that cannot wait' 'streams and must say that it CALLS' <<'END'
// A message.
message Nothing {
}
// A service.
service Flowing {
  // A method.
  rpc Do(Nothing) returns (stream Nothing) {
    option (access) = READS;
    option (permission) = SERVICES;
    option (deadline_ms) = 1000;
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
END
breach 'a method made again although it changes something' 'although it has side effects' <<'END'
// A message.
message Nothing {
}
// A service.
service Careless {
  // A method.
  rpc Do(Nothing) returns (Nothing) {
    option (access) = CALLS;
    option (permission) = SERVICES;
    option (deadline_ms) = 1000;
    option (attempts) = 3;
    option idempotency_level = IDEMPOTENCY_UNKNOWN;
  }
}
END
exit $failed
