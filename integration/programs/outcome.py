# What becomes of a connect, in one word: outcome.py HOST PORT SECONDS. An address that nobody has may answer nothing: hence the bound.
import errno, socket, sys

try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
    print("open")
except TimeoutError:
    print("timeout")
except OSError as e:
    print(errno.errorcode[e.errno])
