"""A name server for one address: nameserver.py ADDRESS KIND NUMBER. KIND split knows the cluster's names; who.example tells which server was asked."""
import socket, struct, sys

address, kind, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
A, PTR = 1, 12
NXDOMAIN = 3


def name_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), at + 1


def answer(name, wanted):
    """The answer's data, b"" for none of that type, None for no such name."""
    if name == "who.example":
        return bytes([192, 0, 2, number]) if wanted == A else b""
    if kind == "split" and (name.endswith(".cluster.local") or name in ("hello.default", "hello.default.svc")):
        if name.split(".")[0] != "hello" or name not in ("hello.default", "hello.default.svc", "hello.default.svc.cluster.local"):
            return None
        return bytes([10, 96, 0, 5]) if wanted == A else b""
    if kind == "split" and name == "5.0.96.10.in-addr.arpa":
        return b"\5hello\7default\3svc\7cluster\5local\0" if wanted == PTR else b""
    if name.endswith("www.example.com"):
        return bytes([198, 51, 100, 1]) if wanted == A else b""
    return None


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((address, 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(4096)
    name, end = name_of(query)
    wanted, = struct.unpack(">H", query[end:end + 2])
    data = answer(name, wanted)
    record = b"\xc0\x0c" + struct.pack(">HHIH", wanted, 1, 0, len(data)) + data if data else b""
    flags = 0x8580 | (NXDOMAIN if data is None else 0)
    server.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, 1 if data else 0, 0, 0) + query[12:end + 4] + record, client)
