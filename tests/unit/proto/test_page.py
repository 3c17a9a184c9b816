"""The page for strangers, proto/README.md, against the code: its numbers, names and tables are ours."""

import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")

NOT_FOR_STRANGERS = {"RPC_SPARE_CALLS_MAX", "RPC_TRY_AGAIN_MS", "RPC_WINDOW_LEAST_MS", "RPC_WINDOW_MOST_MS"}


def page():
    """The page as it is written."""
    with open(os.path.join(ROOT, "proto", "README.md"), encoding="utf-8") as file:
        return file.read()


def source(*names):
    """A C or .proto file without its comments."""
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/|//[^\n]*", "", file.read(), flags=re.DOTALL)


def table(*heads):
    """The page's table with these column heads: its rows as lists of texts, without decoration."""
    rows, inside = [], False
    for line in page().splitlines():
        cells = [re.sub(r"[`¹²³*]", "", cell).strip() for cell in line.strip("|").split("|")]
        if inside and line.startswith("|"):
            rows.append(cells)
        elif inside:
            return rows[1:]
        inside = inside or cells[:len(heads)] == list(heads)
    raise AssertionError(f"no table {heads}")


def constants():
    """Every constant under common/ and proto/ that is a number, by its name."""
    found, texts = {}, []
    for top in ("common", "proto"):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            texts += [source(folder, name) for name in names if name.endswith((".c", ".h"))]
    for name, value in re.findall(r"(?:#define\s+|\b)([A-Z][A-Z0-9_]+)\s*(?:=|\s|\\\n)\s*([(\w][^,;}\n]*)",
                                  "\n".join(texts)):
        value = re.sub(r"\(size_t\)|(?<=\d)(?:ull|u)\b", "", value)
        value = re.sub(r"[A-Z][A-Z0-9_]+", lambda match: str(found.get(match[0], "none")), value)
        if re.fullmatch(r"[\d\s()*+<]+", value):
            found[name] = eval(value)  # digits and operators of our own source
    return found


def values_of(path, pattern):
    """(number, name) of an enum in a source or .proto file."""
    (body,) = re.findall(pattern + r"\s*\{(.*?)\n\s*\}", source(*path), re.DOTALL)
    return [(int(number), name) for name, number in re.findall(r"(\w+) = (\d+)", body)]


class ThePage(unittest.TestCase):
    """What strangers read."""

    def test_its_limits_are_those_of_the_code(self):
        code, rows = constants(), table("limit", "number")
        self.assertEqual({row[0]: int(row[1]) for row in rows}, {row[0]: code.get(row[0]) for row in rows})

    def test_it_tells_every_limit_of_the_wire(self):
        declared = set(re.findall(r"#define (\w+)", source("common", "rpc", "limits.h")))
        told = {row[0] for row in table("limit", "number")}
        self.assertEqual(declared - told, NOT_FOR_STRANGERS)

    def test_its_states_are_those_of_the_code(self):
        states = {}
        for speaker, block in re.findall(r"\[(CALLER|CALLEE)\] = \{(.*?)\n\t\},",
                                         source("common", "rpc", "protocol.c"), re.DOTALL):
            for state, row in re.findall(r"\[CALL_(\w+)\] = \{(.*?)\}", block, re.DOTALL):
                for kind, following in re.findall(r"\[HEADER__KIND__(\w+)\] = TO\(CALL_(\w+)\)", row):
                    states[speaker, state, kind] = following
        self.assertGreater(len(states), 10)
        kinds = ("REQUEST", "DATA", "HALF_CLOSE", "CREDIT", "CANCEL", "STATUS")
        told = {}
        for speaker_and_state, *cells in table("", *kinds):
            speaker, state = (word.upper().replace(" ", "_") for word in speaker_and_state.split(", "))
            for kind, cell in zip(kinds, cells, strict=True):
                if cell:
                    told[speaker, state, kind] = cell.upper().replace(" ", "_")
        self.assertEqual(told, states)

    def test_its_kinds_reasons_and_statuses_are_those_of_the_code(self):
        call = ("proto", "cchc", "call.proto")
        for heads, path, pattern, prefix in (
                (("kind", "name"), call, r"enum Kind", ""),
                (("reason", "name"), call, r"message Goodbye \{\s*enum Reason", ""),
                (("status", "name"), ("common", "rpc", "status.h"), r"enum rpc_status", "RPC_")):
            told = [(int(row[0]), prefix + row[1]) for row in table(*heads)]
            self.assertEqual(told, [pair for pair in values_of(path, pattern) if pair[1] != "UNSPECIFIED"], heads)

    def test_its_permissions_are_those_of_the_code(self):
        roles = ("service", "clerk", "leader", "administrator", "peer")
        told = {name: {role for role, cell in zip(roles, cells, strict=True) if cell}
                for name, *cells in table("", *roles)}
        code = {name: {role.lower() for role in re.findall(r"ROLE__ROLE_(\w+)", row)}
                for name, row in re.findall(r"\[PERMISSION__(\w+)\] =(.*?)(?=\n\t\[|\n\};)",
                                            source("common", "rpc", "permission.c"), re.DOTALL)}
        del code["PERMISSION_UNSPECIFIED"]
        self.assertEqual(told, code)

    def test_its_links_lead_somewhere(self):
        headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ")).lower().replace(" ", "-")
                    for line in page().splitlines() if line.startswith("#")}
        for target in re.findall(r"\]\(([^)]+)\)", page()):
            if target.startswith("#"):
                self.assertIn(target[1:], headings)
            elif not target.startswith("https://"):
                self.assertTrue(os.path.exists(os.path.join(ROOT, "proto", target)), target)


if __name__ == "__main__":
    unittest.main()
