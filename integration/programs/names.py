# Tells how a name resolves: all addresses in order, or the error.
import socket, sys

for name in sys.argv[1:]:
    try:
        print(name, *dict.fromkeys(i[4][0] for i in socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)))
    except socket.gaierror as e:
        print(name, {socket.EAI_NONAME: "EAI_NONAME", socket.EAI_AGAIN: "EAI_AGAIN", socket.EAI_NODATA: "EAI_NODATA"}.get(e.errno, e.errno))
