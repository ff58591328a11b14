# Sends a datagram and tells what comes back: datagram.py HOST PORT. The bound is for silence, which is what nobody should get.
import errno, socket, sys

family, kind, protocol, _, address = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), socket.AF_INET, socket.SOCK_DGRAM)[0]
with socket.socket(family, kind, protocol) as s:
    s.settimeout(30)
    s.connect(address)
    s.send(b"datagram")
    try:
        print(s.recv(100).decode())
    except TimeoutError:
        print("silence")
    except OSError as e:
        print(errno.errorcode[e.errno])
