"""Types into `graphfsctl shell DB` on a terminal of its own: completion, history, interruption."""
import os, pty, select, sys, time

home = os.path.abspath("home")
os.makedirs(home, exist_ok=True)
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(HOME=home, TERM="xterm")
    os.execvp("graphfsctl", ["graphfsctl", "shell", sys.argv[1]])

seen = ""


def wait_for(text, seconds=60):
    """Reads until `text` is there; what comes before it is forgotten."""
    global seen
    end = time.monotonic() + seconds
    while text not in seen:
        if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit(f"no {text!r} in {seen!r}")
        seen += os.read(terminal, 65536).decode(errors="replace")
    seen = seen[seen.index(text) + len(text):]


def type_in(text):
    os.write(terminal, text.encode())


def interrupt(text):
    """Types ^C until `text` answers: one that comes before the line is edited is lost."""
    global seen
    for _ in range(30):
        type_in("\x03")
        end = time.monotonic() + 2
        while text not in seen and select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            seen += os.read(terminal, 65536).decode(errors="replace")
        if text in seen:
            break
    wait_for(text, 0)


wait_for("graphfs> ")
type_in("MATCH (n:\t")
wait_for("A  B  T")          # labels and types
type_in("A) RETURN n.nam\t")
wait_for("e")                # a property key
type_in(" AS shown;\n")
wait_for("| x     |")
wait_for("graphfs> ")
type_in("RETURN toLow\t")
wait_for("er")               # a function, in its own spelling
type_in("('AB') AS low;\n")
wait_for("| ab  |")
wait_for("graphfs> ")
type_in("RETURN 'never\n")
wait_for("-> ")
interrupt("graphfs> ")       # forgets what was typed
type_in("UNWIND range(1, 3000) AS a UNWIND range(1, 3000) AS b UNWIND range(1, 3000) AS c RETURN count(*);\n")
time.sleep(0.5)
type_in("\x03")              # ends the statement
wait_for("QueryTerminated")
wait_for("graphfs> ")
type_in("\x1b[A" * 3 + "\n")  # past the two that were ended
wait_for("| ab  |")
wait_for("graphfs> ")
type_in(":exit\n")           # a ^D typed before the line is edited would be lost
status = os.waitpid(pid, 0)[1]
sys.exit(f"exit status {status}" if status else 0)
