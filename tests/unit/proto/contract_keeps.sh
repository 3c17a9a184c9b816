#!/bin/bash
# What a release could say, every later version understands: each line of proto/baseline.txt stands
# in the contract as it is now. A removed field's number, a changed type or a method that streams
# where it did not is a line that is gone. After a release: contract_tool --list SET > proto/baseline.txt
set -uo pipefail
tool=$1
set=$2
baseline=$3
if gone=$(comm -23 <(LC_ALL=C sort "$baseline") <("$tool" --list "$set" | LC_ALL=C sort)) && [ -z "$gone" ]; then
	echo "ok: $(wc -l <"$baseline") lines kept"
	exit 0
fi
echo "not ok: gone since the last release:"
echo "$gone"
exit 1
