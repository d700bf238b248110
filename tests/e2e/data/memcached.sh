#!/bin/sh
# A memcached in this directory under load by eight clients: memcached.sh REQUESTS.  LD_PRELOAD is for the server alone.
preload=$LD_PRELOAD
unset LD_PRELOAD
LD_PRELOAD=$preload memcached -u "$(id -un)" -s "$PWD/memcached.sock" -t 4 > memcached.log 2>&1 &
server=$!
until [ -S memcached.sock ]; do
	kill -0 $server 2> /dev/null || { cat memcached.log; exit 1; }
	sleep 0.05
done
python3 - "$1" << 'END' || exit 1
import socket, sys, threading


def client(number):
    server = socket.socket(socket.AF_UNIX)
    server.connect("memcached.sock")
    answers = server.makefile("rb")
    for i in range(int(sys.argv[1])):
        server.sendall(b"set k%d_%d 0 0 5\r\nhello\r\n" % (number, i % 50))
        answers.readline()
        server.sendall(b"get k%d_%d\r\n" % ((number + 1) % 8, i % 50))
        while answers.readline() != b"END\r\n":
            pass


clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
for thread in clients:
    thread.start()
for thread in clients:
    thread.join()
END
kill -TERM $server
wait $server
