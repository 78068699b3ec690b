#!/usr/bin/env python3
"""What a mount or dump of a converted data set must show, counted from its CSV files.

usage: realdata.py counts DIR                    prints nodes, relationships, pairs joined more than once by a type
       realdata.py degree DIR KEY TYPE out|in    how many relationships KEY has of TYPE
       realdata.py check DIR MNT SEED COUNT      compares COUNT random nodes, all of it, with their folders
       realdata.py parallel DIR MNT              compares the pairs that are joined more than once
       realdata.py cut DIR NEW EVERY KEY...      a smaller data set: each EVERYth node and those named, and what joins them"""
import collections, csv, os, random, sys

csv.field_size_limit(1 << 30)


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        yield from csv.reader(f)


def nodes(directory):
    return rows(os.path.join(directory, "nodes.csv"))


def rels(directory):
    return rows(os.path.join(directory, "rels.csv"))


def pairs(directory):
    it = rels(directory)
    next(it)
    return collections.Counter(tuple(r[:3]) for r in it)


def counts(directory):
    n = sum(1 for _ in nodes(directory)) - 1
    c = pairs(directory)
    print(n, sum(c.values()), sum(v > 1 for v in c.values()))


def degree(directory, key, kind, side):
    print(sum(r[2] == kind and r[1 if side == "in" else 0] == key for r in rels(directory)))


def shown(name):
    """Good for the names of these data sets, which have no reserved or numbered ones."""
    out = "".join("%%%02X" % ord(c) if c in "/%" or c < " " else c for c in name)
    return "%%%02X" % ord(out[0]) + out[1:] if out[0] in "@." else out


def as_text(value, kind):
    if kind == "boolean":
        return value.lower()
    return value


def base(name):
    """Without ~ID, as parallel relationships have it."""
    head, tilde, tail = name.rpartition("~")
    return head if tilde and tail.isdigit() else name


def check_node(mnt, header, row, out_rels, in_rels):
    key = row[0]
    folder = os.path.join(mnt, "nodes", shown(key))
    wanted = {"name": key}
    for column, value in list(zip(header, row))[2:]:
        name, _, kind = column.partition(":")
        if value != "":
            wanted[name] = as_text(value, kind)
    names = set(os.listdir(folder))
    assert names == set(wanted) | {"labels", "out", "in"}, (key, names, wanted)
    for name, value in wanted.items():
        with open(os.path.join(folder, name), newline="", encoding="utf-8") as f:
            got = f.read()
        assert got == value + "\n", (key, name, got, value)
    labels = set(row[1].split(";"))
    assert set(os.listdir(os.path.join(folder, "labels"))) == labels, (key, labels)
    for label in labels:
        assert os.path.islink(os.path.join(mnt, "labels", label, shown(key)))
    for side, mine in (("out", out_rels), ("in", in_rels)):
        kinds = os.listdir(os.path.join(folder, side))
        assert set(kinds) == set(k for k, _ in mine), (key, side, kinds)
        got = collections.Counter((k, base(n)) for k in kinds for n in os.listdir(os.path.join(folder, side, k)))
        assert got == collections.Counter((k, shown(o)) for k, o in mine), (key, side)
        for kind, other in set(mine):
            assert os.readlink(os.path.join(folder, side, kind, shown(other))) == "../../../" + shown(other)


def check(directory, mnt, seed, count):
    it = nodes(directory)
    header = next(it)
    table = list(it)
    random.seed(int(seed))
    chosen = random.sample(table, int(count))
    keys = {r[0] for r in chosen}
    outs, ins = collections.defaultdict(list), collections.defaultdict(list)
    for r in rels(directory):
        if r[0] in keys:
            outs[r[0]].append((r[2], r[1]))
        if r[1] in keys:
            ins[r[1]].append((r[2], r[0]))
    for row in chosen:
        check_node(mnt, header, row, outs[row[0]], ins[row[0]])
    print("       ", len(chosen), "nodes are what the CSV files say")


def parallel(directory, mnt):
    done = 0
    listed = {}  # many of them meet at the same hubs
    for (start, end, kind), n in pairs(directory).items():
        if n < 2:
            continue
        a, b = shown(start), shown(end)
        for folder, name in ((os.path.join(a, "out", kind), b), (os.path.join(b, "in", kind), a)):
            path = os.path.join(mnt, "nodes", folder)
            if path not in listed:
                listed[path] = collections.defaultdict(list)
                for m in os.listdir(path):
                    listed[path][base(m)].append(m)
            names = listed[path][name]
            assert len(names) == n and name in names, (path, names, n)
            ids = {os.path.basename(os.readlink(os.path.join(path, ".rel", m))) for m in names}
            assert len(ids) == n, (path, ids)
        done += 1
    print("       ", done, "parallel pairs are what the CSV files say")


def cut(directory, new, every, *keys):
    os.makedirs(new)
    kept = set(keys)
    with open(os.path.join(new, "nodes.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        for i, row in enumerate(nodes(directory)):
            if i % int(every) == 0 or row[0] in keys:
                kept.add(row[0])
                w.writerow(row)
    with open(os.path.join(new, "rels.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        for i, row in enumerate(rels(directory)):
            if i == 0 or row[0] in kept and row[1] in kept:
                w.writerow(row)


if __name__ == "__main__":
    commands = {f.__name__: f for f in (counts, degree, check, parallel, cut)}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
