#!/bin/bash
# graphfsctl query and shell on a database that is not mounted.
set -u
: "${GRAPHFS_BIN:?the folder of the programs}"
PATH=$GRAPHFS_BIN:$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/graphfs-cypher.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
checks=0

fail() {
	echo "FAIL line ${BASH_LINENO[1]}: $*" >&2
	exit 1
}

# gives STATUS OUT ERR COMMAND...: exit status, standard output and standard error; an OUT or ERR of * is anything.
gives() {
	local status=$1 out=$2 err=$3 got_status
	shift 3
	"$@" >out.txt 2>err.txt
	got_status=$?
	[ "$got_status" = "$status" ] || fail "$*: status $got_status, wanted $status: $(cat out.txt err.txt)"
	# shellcheck disable=SC2053
	[[ $(cat out.txt) == $out ]] || fail "$*: printed $(cat out.txt)"
	# shellcheck disable=SC2053
	[[ $(cat err.txt) == $err ]] || fail "$*: complained $(cat err.txt)"
	checks=$((checks + 1))
}

query() {
	graphfsctl query db "$@"
}

piped() {
	graphfsctl shell db <"$1"
}

mkfs.graphfs db >/dev/null || fail "mkfs"

# ---- the command line ----
gives 1 "" "graphfsctl: query: which database, and which statement?*" graphfsctl query db
gives 1 "" "graphfsctl: query: --format is table, csv, json or typed, not 'xml'*" query --format xml 'RETURN 1'
gives 1 "" "graphfsctl: query: --param x: *" query --param x 'RETURN 1'
gives 1 "" "graphfsctl: */none: does not exist*" graphfsctl query "$tmp/none" 'RETURN 1'
gives 1 "" "graphfsctl: shell: which database or mount point?*" graphfsctl shell
gives 1 "" "graphfsctl: shell: --jsonl and nothing else*" graphfsctl shell --jsonl db

# ---- statements and formats ----
gives 0 "" "" query "CREATE (:A {name: 'x', n: 1})-[:T {w: 1.5}]->(:B {name: 'y'})"
gives 0 $'a.name,b.name\nx,y' "" query 'MATCH (a)-->(b) RETURN a.name, b.name'
gives 0 $'+---+\n| n |\n+---+\n| 1 |\n+---+\n1 row' "" query --format table 'MATCH (a:A) RETURN a.n AS n'
gives 0 $'\\[\n{"w":1.5}\n\\]' "" query --format=json 'MATCH ()-[r]->() RETURN r.w AS w'
gives 0 '{"columns":\["a"\],"rows":\[\[{"node":{"id":1,"labels":\["A"\],"props":{"n":1,"name":"x"}}}\]\]}' "" \
	query --format typed 'MATCH (a:A) RETURN a'
gives 0 $'x,y,z,t\n1,"\\[1, \'a\'\\]",text,true' "" query --param x=1 --param 'y=[1,"a"]' --param z=text --param 't="true"' \
	'RETURN $x AS x, $y AS y, $z AS z, $t AS t' --no-cache
gives 0 "*NodeByLabelScan*" "" query 'EXPLAIN MATCH (a:A) RETURN a'
gives 0 $'name\nx' "" query "MATCH (a) WHERE a.name = 'x' RETURN a.name AS name"

# ---- indexes are built before the program ends ----
gives 0 "" "" query 'CREATE INDEX by_n FOR (a:A) ON (a.n)'
gives 0 "id,name,state,*by_n,ONLINE,100.0,*" "" query 'SHOW INDEXES'
gives 0 "" "" query 'DROP INDEX by_n'

# ---- errors ----
gives 1 "" $'SyntaxError (UnexpectedSyntax): expected *\nline 1, column 11:\nMATCH (n) RETRN n\n          ^' query 'MATCH (n) RETRN n'
gives 1 "" "SyntaxError (UndefinedVariable): *" query 'RETURN x'
gives 1 "" "ConstraintVerificationFailed (DeleteConnectedNode): *" query 'MATCH (n) DELETE n'
gives 0 $'c\n2' "" query 'MATCH (n) RETURN count(n) AS c'

# ---- the shell on a file ----
cat >statements <<'END'
// two on a line, one on two
RETURN 'a;b' AS x; RETURN 1
  AS y;
:param p={"k": 2}
:format json
RETURN $p.k AS `z;`;
RETURN 3 AS last
END
gives 0 $'x\na;b\ny\n1\n\\[\n{"z;":2}\n\\]\n\\[\n{"last":3}\n\\]' "" piped statements
printf 'RETURN 1 AS a;\nRETURN b;\n' >statements
gives 1 $'a\n1' "SyntaxError (UndefinedVariable): *" piped statements

# ---- the shell on a terminal: completion, history, ^C ----
gives 0 "*" "" timeout 120 python3 "$here/shell.py" db
grep -q 'toLower' home/.graphfs_history || fail "no history"

# ---- JSON lines ----
printf '%s\n' '{"op":"query","query":"CREATE (n) RETURN $x AS x","params":{"x":{"float":"NaN"}}}' 'nonsense' \
	'{"op":"procedure","signature":"t.p(a :: INTEGER?) :: (b :: STRING?)","columns":["a","b"],"rows":[[1,"x"],[2,"y"]]}' \
	'{"op":"query","query":"CALL t.p(2)"}' '{"op":"reset"}' '{"op":"query","query":"CALL t.p(2)"}' \
	'{"op":"query","query":"MATCH (n) RETURN count(n) AS c"}' >requests
graphfsctl shell --jsonl <requests >answers || fail "jsonl"
sed 's/,"message":.*//' answers >got
cat >wanted <<'END'
{"columns":["x"],"rows":[[{"float":"NaN"}]]}
{"error":{"kind":"ArgumentError","phase":"compile","detail":"InvalidRequest"
{}
{"columns":["b"],"rows":[["y"]]}
{}
{"error":{"kind":"ProcedureError","phase":"compile","detail":"ProcedureNotFound"
{"columns":["c"],"rows":[[0]]}
END
diff wanted got || fail "jsonl answers"
checks=$((checks + 1))
# What a message repeats from a statement or a database is no command to the terminal.
graphfsctl query db $'RETURN `a\033[31m\u009b2J`' >got 2>&1 && fail "an unknown variable"
LC_ALL=C grep -q $'[\033\x9b]' got && fail "the message has control characters: $(cat -v got)"
grep -qF 'a\x1b[31m\xc2\x9b2J' got || fail "the message does not show what it is of: $(cat -v got)"
checks=$((checks + 2))
fsck.graphfs db >/dev/null || fail "fsck"
echo "$checks checks"
