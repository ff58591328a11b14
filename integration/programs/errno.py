# Tells the errno of a connect, blocking and not: errno.py HOST PORT
import errno, select, socket, sys

address = (sys.argv[1], int(sys.argv[2]))
with socket.socket() as s:
    print("blocking", errno.errorcode.get(s.connect_ex(address), "OK"))
with socket.socket() as s:
    s.setblocking(False)
    first = errno.errorcode.get(s.connect_ex(address), "OK")
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    poll.poll()
    print("non-blocking", first, errno.errorcode.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "OK"))
