# Another container of the agent's pod, which shares its loopback: pod_stranger.py try | flood
import os, resource, socket, struct, sys

AGENT, SSH = 7778, 7722
MAGIC = b"TLMX\0\1\0\0"


def frame(kind, flow, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind]) + struct.pack(">I", flow) + payload


def end_point(host, port):
    return struct.pack(">BBH", 4, 0, port) + socket.inet_aton(host)


# OPEN to sshd, LISTEN on 9999, RESOLVE of a name.
WANTED = frame(1, 1, end_point("127.0.0.1", SSH) + struct.pack(">I", 65536)) + frame(10, 3, end_point("0.0.0.0", 9999)) + frame(14, 5, b"\1\3hello")


def told_behind_the_hello(answer):
    """What the agent says to this behind its own hello, until it hangs up."""
    with socket.create_connection(("127.0.0.1", AGENT)) as agent:
        hello = agent.recv(40, socket.MSG_WAITALL)
        assert hello[:8] == MAGIC, hello
        said = b""
        try:
            agent.sendall(answer(hello))
            # One that isn't complete would only end with the agent's patience.
            agent.shutdown(socket.SHUT_WR)
            while data := agent.recv(4096):
                said += data
        except OSError:
            pass  # Reset; or, where that came before the shutdown, ENOTCONN, which isn't a ConnectionError.
        return len(said)


def attempts():
    nonce = os.urandom(32)
    print("no proof:", told_behind_the_hello(lambda hello: WANTED))
    print("zeros:", told_behind_the_hello(lambda hello: MAGIC + nonce + bytes(32) + WANTED))
    print("chance:", told_behind_the_hello(lambda hello: MAGIC + nonce + os.urandom(32) + WANTED))
    print("mirror:", told_behind_the_hello(lambda hello: hello + hello[8:] + WANTED))
    print("nothing:", told_behind_the_hello(lambda hello: b""))
    listening = {int(line.split()[1].split(":")[1], 16) for line in list(open("/proc/net/tcp"))[1:] if line.split()[3] == "0A"}
    print("listening:", *sorted(listening))


def flood():
    """Holds more connections than the agent has places for handshakes, without a word."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    held = [socket.create_connection(("127.0.0.1", AGENT)) for _ in range(3000)]
    print("open:", len(held), flush=True)
    sys.stdin.read()


{"try": attempts, "flood": flood}[sys.argv[1]]()
