"""Looks each argument up, and prints addresses in their order and the canonical name, or the error's number."""
import socket
import sys

for name in sys.argv[1:]:
    try:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
        print(name, *[entry[4][0] for entry in found], "canonical", found[0][3])
    except socket.gaierror as error:
        names = {socket.EAI_NONAME: "EAI_NONAME", socket.EAI_AGAIN: "EAI_AGAIN", socket.EAI_NODATA: "EAI_NODATA"}
        print(name, names.get(error.errno, error.errno))
