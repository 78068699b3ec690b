#!/usr/bin/env python3
"""Awkward names as node keys, labels, types and properties.

usage: names.py make MNT      creates them, half by their shown form and half by their raw bytes where a path can hold those
       names.py check MNT     every view shows each name in its shown form, and finds it by both
       names.py dumped FILE   the dump has exactly these names

The shown form is worked out here from the manual's words, not by the code under test."""
import errno, json, os, re, sys

NAMES = [n.encode() for n in (
    "plain", "two words", " leading", "trailing ", "tab\there", "new\nline", "\n", "\r", "\x01", "\x1f", "\x7f", "a\x7fb",
    "/", "//", "a/b", "/a", "a/", "and/or", "%", "%%", "100%", "%2F", "%2f", "%zz", "%4", "a%", "%25", "%00",
    "@", "@home", "@12", "@1x", "a@b", "@@", "@0", ".", "..", "...", ".hidden", "a.b", ".a/b",
    "~", "~12", "a~", "a~1", "name~12", "a~1~2", "a~12b", "~~7", "a~007", "~/x~3",
    "labels", "out", "in", ".json", "from", "to", ".rel", "Labels", "labels ", "nodes", "rels", "import", ".graphfs",
    "\U0001f600", "cat \U0001f408\u200d\u2b1b", "\u00fc\u00df", "e\u0301", "\u00e9", "\u202eright to left", "\u2028", "\u00a0", "\u0085",
    "\u4e2d\u6587", "\ufeffbom", "-rf", "--help", "*", "?", "[a]", "$HOME", "`id`", "'", '"', "\\", "a\\n", "#", "!", ";", "&", "|", "<>",
    "x" * 255, "\u00e9" * 127, "\U0001f408" * 63, "/" * 85, "y" * 252 + "/", "." + "z" * 252, "w" * 251 + "~1", "0", "12", "007", "-1", "1.5",
    "NULL", "true", "A", "a", "A:B", "A;B", "a,b", "(A|B)", "!A", "A&B", "=1+1",
)]
assert len(set(NAMES)) == len(NAMES)
# Shown forms of these exceed a path component: only an import can make them, and they are shown by id.
LONG = [b"l" * 256, b"/" * 86, b"m" * 1000, "\u00e9".encode() * 128]

RESERVED = {"node": (b"labels", b"out", b"in", b".json"), "rel": (b"from", b"to"), "links": (b".rel",), "": (), "label": ()}
SIGNS = b"&|!()"  # of label expressions


def shown(name, place=""):
    suffix = re.search(rb"~[0-9]+\Z", name)
    out = b""
    for i in range(len(name)):
        c = name[i:i + 1]
        if (c in b"/%" or c < b" " or c == b"\x7f" or suffix and i == suffix.start() or
                i == 0 and (c in b"@." or name in RESERVED[place]) or place == "label" and c in SIGNS):
            c = b"%%%02X" % c[0]
        out += c
    return out


def raw_works(name, place=""):
    """Whether a path that holds the name as it is means that name."""
    return not (b"/" in name or name in (b".", b"..") or re.search(rb"%[0-9A-Fa-f]{2}", name) or
                re.fullmatch(rb"@[1-9][0-9]*", name) or name in RESERVED[place] or
            place == "label" and (name == b"%" or set(name) & set(SIGNS)))


def form(name, i, place=""):
    return name if i % 2 and raw_works(name, place) else shown(name, place)


def at(*parts):
    return b"/".join(parts)


def fails(number, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == number, (call, args, e)
    else:
        raise AssertionError((call, args, "should have failed"))


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def make(mnt):
    nodes, labels, rels = at(mnt, b"nodes"), at(mnt, b"labels"), at(mnt, b"rels")
    base = at(nodes, b"base")
    os.mkdir(base)
    os.mkdir(at(nodes, b"other"))
    os.mkdir(at(base, b"out", b"TO"))
    for i, name in enumerate(NAMES):
        os.mkdir(at(nodes, form(name, i)))
        fails(errno.EEXIST, os.mkdir, at(nodes, shown(name)))
        write(at(nodes, shown(name), b"me"), name)
        os.mkdir(at(labels, form(name, i + 1, "label")))
        os.symlink(at(b"../../../labels", shown(name, "label")), at(base, b"labels", form(name, i)))
        os.mkdir(at(base, b"out", form(name, i)))
        os.symlink(b"../../../other", at(base, b"out", form(name, i + 1), b"other"))
        write(at(base, form(name, i, "node")), b"property " + name)
        write(at(rels, shown(name), os.listdir(at(rels, shown(name)))[0], form(name, i, "rel")), b"of a relationship " + name)
        os.symlink(at(b"../../..", shown(name)), at(base, b"out/TO", form(name, i, "links")))
    for bad in (b"\xff", b"a\xc3", b"\xed\xa0\x80", b"%ff", b"\xf4\x90\x80\x80", b"%C0%80"):
        for folder in (nodes, labels, rels, at(base, b"out"), at(base, b"in")):
            fails(errno.EILSEQ, os.mkdir, at(folder, bad))
        fails(errno.EILSEQ, write, at(base, bad), b"")
        fails(errno.ENOENT, os.stat, at(nodes, bad))
        fails(errno.EILSEQ, os.rename, at(nodes, b"other"), at(nodes, bad))
    for bad in (b"a%00b", b"%00"):
        fails(errno.EINVAL, os.mkdir, at(nodes, bad))
    for name in (NAMES[13], NAMES[33]):  # by rename, and back
        os.rename(at(nodes, shown(name)), at(nodes, b"elsewhere"))
        os.rename(at(nodes, b"elsewhere"), at(nodes, shown(name)))


def listing(path):
    return sorted(os.listdir(path))


def check_folder(path, names, place="", more=()):
    wanted = sorted([shown(n, place) for n in names] + list(more))
    got = [n for n in listing(path) if not re.fullmatch(rb"@[0-9]+", n)]
    assert got == wanted, (path, set(got) ^ set(wanted))
    for n in names:
        a = os.lstat(at(path, shown(n, place)))
        if raw_works(n, place):
            b = os.lstat(at(path, n))
            assert (a.st_ino, a.st_mode) == (b.st_ino, b.st_mode), (path, n, a, b)


def check(mnt):
    nodes, labels, rels = at(mnt, b"nodes"), at(mnt, b"labels"), at(mnt, b"rels")
    base = at(nodes, b"base")
    check_folder(nodes, NAMES, more=[b"base", b"other"])
    check_folder(labels, NAMES, "label")
    check_folder(rels, NAMES, more=[b"TO"])
    check_folder(base, NAMES, "node", more=[b"labels", b"out", b"in"])
    check_folder(at(base, b"labels"), NAMES, "label")
    check_folder(at(base, b"out"), NAMES, more=[b"TO"])
    check_folder(at(nodes, b"other", b"in"), NAMES)
    check_folder(at(base, b"out/TO"), NAMES, "links")
    check_folder(at(base, b"out/TO/.rel"), NAMES, "links")
    for name in NAMES:
        s = shown(name)
        assert read(at(nodes, s, b"me")) == name
        assert read(at(base, b"out/TO", shown(name, "links"), b"me")) == name, "through a link"
        assert os.readlink(at(base, b"out/TO", shown(name, "links"))) == at(b"../../..", s)
        assert os.readlink(at(nodes, s, b"in/TO/base")) == b"../../../base"
        label = shown(name, "label")
        assert os.readlink(at(base, b"labels", label)) == at(b"../../../labels", label)
        assert os.readlink(at(labels, label, b"base")) == b"../../nodes/base"
        assert os.readlink(at(base, b"out", s, b"other")) == b"../../../other"
        assert read(at(base, shown(name, "node"))) == b"property " + name
        rel = os.readlink(at(base, b"out", s, b".rel/other"))
        assert os.path.dirname(rel) == at(b"../../../../../rels", s), rel
        folder = at(rels, s, os.path.basename(rel))
        assert listing(folder) == sorted([b"from", b"to", shown(name, "rel")])
        assert read(at(folder, shown(name, "rel"))) == b"of a relationship " + name
        assert read(at(base, b"out", s, b".rel/other", shown(name, "rel"))) == b"of a relationship " + name
        with open(at(nodes, s, b".json"), "rb") as f:
            assert json.load(f)["key"].encode() == name
    with open(at(base, b".json"), "rb") as f:
        o = json.load(f)
    assert sorted(n.encode() for n in o["labels"]) == sorted(NAMES)
    assert sorted(n.encode() for n in o["properties"]) == sorted(NAMES)
    assert sorted(n.encode() for n in o["out"]) == sorted(NAMES + [b"TO"])
    assert sorted(r["key"].encode() for r in o["out"]["TO"]) == sorted(NAMES)
    print(len(NAMES), "names, each as key, label, type and property")


def dumped(file):
    keys, types, props = set(), set(), set()
    with open(file, encoding="utf-8") as f:
        for line in f.read().split("\n")[:-1]:
            o = json.loads(line)
            if "node" in o:
                keys.add(o["key"].encode())
                if o["key"] == "base":
                    assert sorted(n.encode() for n in o["labels"]) == sorted(NAMES)
                    assert sorted(n.encode() for n in o["properties"]) == sorted(NAMES)
            elif "rel" in o:
                if o["type"].encode() in LONG:
                    continue
                types.add(o["type"].encode())
                props |= {n.encode() for n in o["properties"]}
    assert keys - set(LONG) == set(NAMES) | {b"base", b"other"}, keys ^ set(NAMES)
    assert types == set(NAMES) | {b"TO"}
    assert props == set(NAMES)


# Names that no path can hold come by import: as key, and on a node as label, property and type.
def long_rows(file):
    with open(file, "w", encoding="utf-8") as f:
        f.write('{"graphfs":1,"key_property":"name"}\n')
        for i, name in enumerate(LONG):
            text = name.decode()
            o = {"node": i + 1, "key": text, "labels": [text], "properties": {text: i, "me": i}}
            f.write(json.dumps(o, ensure_ascii=False, separators=(",", ":")) + "\n")
        for i, name in enumerate(LONG):
            o = {"rel": i + 1, "type": name.decode(), "start": i + 1, "end": i + 1, "properties": {"me": i}}
            f.write(json.dumps(o, ensure_ascii=False, separators=(",", ":")) + "\n")


def check_long(mnt):
    nodes = at(mnt, b"nodes")
    found = set()
    for name in listing(nodes):
        if not re.fullmatch(rb"@[0-9]+", name):
            continue
        node = at(nodes, name)
        with open(at(node, b".json"), "rb") as f:
            key = json.load(f)["key"].encode()
        i = LONG.index(key)
        found.add(key)
        assert int(read(at(node, b"me"))) == i
        (label,) = listing(at(node, b"labels"))
        assert re.fullmatch(rb"@[0-9]+", label) and os.readlink(at(node, b"labels", label)) == at(b"../../../labels", label)
        assert os.readlink(at(mnt, b"labels", label, name)) == at(b"../../nodes", name)
        (kind,) = listing(at(node, b"out"))
        assert re.fullmatch(rb"@[0-9]+", kind) and os.readlink(at(node, b"out", kind, name)) == at(b"../../..", name)
        (prop,) = [p for p in listing(node) if p.startswith(b"@")]
        assert int(read(at(node, prop))) == i
    assert found == set(LONG), found


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("make", "check", "dumped", "long_rows", "check_long"):
        sys.exit(__doc__)
    what, argument = sys.argv[1], os.fsencode(sys.argv[2])
    globals()[what](argument)
