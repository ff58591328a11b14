# Does what has nothing to do with a cluster and tells each result: the same with and without Telelaunch.
import errno, os, socket, tempfile

def told(name, action):
    try:
        print(name, action())
    except socket.gaierror as e:
        print(name, "gaierror", e.errno)
    except OSError as e:
        print(name, errno.errorcode[e.errno])

def own_address():
    """The address of the first interface that isn't loopback; loopback where there is none."""
    for _, name in socket.if_nameindex():
        if name == "lo":
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                import fcntl, struct
                return socket.inet_ntoa(fcntl.ioctl(s, 0x8915, struct.pack("256s", name.encode()))[20:24])
            except OSError:
                continue
    return "127.0.0.1"

def echo_over(family, address):
    with socket.socket(family) as listener:
        listener.bind(address)
        listener.listen()
        with socket.socket(family) as client:
            client.connect(listener.getsockname())
            server, _ = listener.accept()
            with server:
                client.sendall(b"x")
                assert client.getpeername() == listener.getsockname()
                return server.recv(1).decode()

def refused(address):
    with socket.socket() as bound:
        bound.bind((address, 0))
        port = bound.getsockname()[1]
        with socket.socket() as client:
            return client.connect((address, port))

def pair():
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")
        return right.recv(1).decode()

def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b:
        a.bind(("127.0.0.1", 0))
        b.sendto(b"x", a.getsockname())
        return a.recv(1).decode()

told("loopback", lambda: echo_over(socket.AF_INET, ("127.0.0.1", 0)))
told("loopback6", lambda: echo_over(socket.AF_INET6, ("::1", 0)))
told("loopback refused", lambda: refused("127.0.0.1"))
told("own address", lambda: echo_over(socket.AF_INET, (own_address(), 0)))
told("own address refused", lambda: refused(own_address()))
with tempfile.TemporaryDirectory() as directory:
    told("unix", lambda: echo_over(socket.AF_UNIX, os.path.join(directory, "socket")))
    told("unix missing", lambda: socket.socket(socket.AF_UNIX).connect(os.path.join(directory, "missing")))
told("socketpair", pair)
told("datagram", datagram)
told("localhost", lambda: sorted({i[4][0] for i in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}))
told("numeric", lambda: socket.getaddrinfo("192.0.2.1", 80, type=socket.SOCK_STREAM)[0][4])
told("external name", lambda: socket.getaddrinfo("no-such-host.example.org", 80))
told("own name", lambda: socket.gethostname())
