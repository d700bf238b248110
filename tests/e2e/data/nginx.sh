#!/bin/sh
# An nginx in this directory, under load by eight clients: nginx.sh REQUESTS [THREADS], of which its pool has 4.  LD_PRELOAD,
# or $WATCHED in front, is for the server alone.
watched=${WATCHED:-env LD_PRELOAD=$LD_PRELOAD}
unset LD_PRELOAD WATCHED
[ "${2:-4}" = 0 ] || threads="aio threads;" pool="thread_pool default threads=${2:-4};"
mkdir nginx.data
head -c 100000 data/small.i > nginx.data/file
cat > nginx.conf << END
daemon off;
user $(id -un);
pid $PWD/nginx.pid;
worker_processes 2;
$pool
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path nginx.body; proxy_temp_path nginx.proxy; fastcgi_temp_path nginx.fastcgi;
	uwsgi_temp_path nginx.uwsgi; scgi_temp_path nginx.scgi;
	$threads
	server { listen unix:$PWD/nginx.sock; root $PWD/nginx.data; }
}
END
$watched "$(command -v nginx)" -p "$PWD" -e nginx.log -c "$PWD/nginx.conf" > nginx.out 2>&1 &
server=$!
until [ -S nginx.sock ]; do
	kill -0 $server 2> /dev/null || { cat nginx.out nginx.log; exit 1; }
	sleep 0.05
done
python3 - "$1" << 'END' || exit 1
import socket, sys, threading


def client():
    server = socket.socket(socket.AF_UNIX)
    server.connect("nginx.sock")
    answers = server.makefile("rb")
    for i in range(int(sys.argv[1]) // 8):
        server.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
        length = 0
        while (line := answers.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert len(answers.read(length)) == length > 0


clients = [threading.Thread(target=client) for _ in range(8)]
for thread in clients:
    thread.start()
for thread in clients:
    thread.join()
END
kill -QUIT $server
wait $server
