"""Everything that isn't the cluster's; prints what the program saw, for a run with the shim and one without to be compared."""
import os
import select
import socket
import tempfile
import threading


def closed_port(host):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def lan_address():
    # A datagram socket's connect sends nothing; it only asks for the route.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def echo_once(listener):
    peer, _ = listener.accept()
    with peer:
        peer.sendall(peer.recv(16).upper())


def talk(family, address):
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen(1)
    server = threading.Thread(target=echo_once, args=(listener,))
    server.start()
    with socket.socket(family) as client:
        error = client.connect_ex(listener.getsockname())
        client.sendall(b"hello")
        result = (error, client.recv(16), client.getpeername() == listener.getsockname())
    server.join()
    listener.close()
    return result


def refused(host, blocking):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        client.setblocking(blocking)
        error = client.connect_ex((host, closed_port("127.0.0.1")))
        if not blocking:
            select.select([], [client], [client])
        return error, client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def lookup(name):
    try:
        return sorted({entry[4][0] for entry in socket.getaddrinfo(name, 80)})
    except socket.gaierror as error:
        return error.errno


print("loopback", talk(socket.AF_INET, ("127.0.0.1", 0)))
print("lan", talk(socket.AF_INET, (lan_address(), 0)))
with tempfile.TemporaryDirectory() as directory:
    print("unix", talk(socket.AF_UNIX, os.path.join(directory, "s")))
left, right = socket.socketpair()
left.sendall(b"pair")
print("socketpair", right.recv(16))
for host in ("127.0.0.1", "::1"):
    for blocking in (True, False):
        print("refused", host, blocking, refused(host, blocking))
print("multicast", socket.socket().connect_ex(("224.0.0.1", 9)))
print("localhost", lookup("localhost"))
print("numeric", lookup("192.0.2.7"))
print("external", lookup("telelaunch-test.example.invalid"))
