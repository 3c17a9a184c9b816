"""A strict reader of Prometheus' text format 0.0.4: whatever a scraper would refuse or misread."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
HEAD = re.compile(rf"# (HELP|TYPE) ({NAME}) (.*)")
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def unescape(text):
    """A label's value as it was before it was written."""
    return re.sub(r'\\[\\"n]', lambda match: UNESCAPED[match.group()], text)


def read_labels(text):
    """Pairs of one sample; everything between the braces has to be labels."""
    pairs, at = {}, 0
    while text and at < len(text):
        match = LABEL.match(text, at)
        assert match, f"no label: {text[at:]}"
        assert match[1] not in pairs, f"label twice: {text}"
        pairs[match[1]] = unescape(match[2])
        at = match.end()
        assert at == len(text) or text[at] == ",", text
        at += 1
    return pairs


def family_of(name, families):
    """The family a sample belongs to."""
    for end in ("_bucket", "_sum", "_count"):
        family = name.removesuffix(end)
        if family != name and families.get(family, {}).get("type") == "histogram":
            return family
    return name


def check_histogram(name, samples):
    """Buckets grow with their bound, the last is +Inf and equals _count; there is a _sum."""
    series = {}
    for sample, labels, value in samples:
        kept = {label: text for label, text in labels.items() if label != "le"}
        one = series.setdefault(tuple(sorted(kept.items())), {"buckets": []})
        if sample == f"{name}_bucket":
            one["buckets"].append((float(labels["le"].replace("+Inf", "inf")), value))
        else:
            one[sample.removeprefix(f"{name}_")] = value
    for labels, one in series.items():
        bounds = [bound for bound, _ in one["buckets"]]
        counts = [count for _, count in one["buckets"]]
        assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), (name, labels, bounds)
        assert counts == sorted(counts), (name, labels, counts)
        assert counts[-1] == one["count"] and one["sum"] >= 0, (name, labels)


def read(text):
    """{family: {"type", "help", "samples": [(name, labels, value)]}}; AssertionError for a breach."""
    assert text.endswith("\n"), "the last line ends too"
    families, current, seen = {}, None, set()
    for line in text.splitlines():
        head = HEAD.fullmatch(line)
        if head:
            kind, name, rest = head.groups()
            family = families.setdefault(name, {"samples": []})
            assert kind.lower() not in family and not family["samples"], f"late or twice: {line}"
            assert kind == "HELP" or rest in TYPES, line
            family[kind.lower()] = rest
            current = name
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, f"no sample: {line}"
        name, labels, value = sample[1], read_labels(sample[2]), float(sample[3])
        assert family_of(name, families) == current, f"not with its family: {line}"
        assert (name, tuple(sorted(labels.items()))) not in seen, f"twice: {line}"
        seen.add((name, tuple(sorted(labels.items()))))
        families[current]["samples"].append((name, labels, value))
    for name, family in families.items():
        assert family.get("type") and family.get("help"), name
        if family["type"] == "histogram":
            check_histogram(name, family["samples"])
        if family["type"] == "counter":
            assert name.endswith("_total"), name
            assert all(value >= 0 for _, _, value in family["samples"]), name
    return families


def value_of(families, name, **labels):
    """The one sample with exactly these labels; None when there is none."""
    for sample, found, value in families[family_of(name, families)]["samples"]:
        if sample == name and found == labels:
            return value
    return None
