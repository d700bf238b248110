# memcached on a socket of its own: eight connections at once get what they have set.
$watch memcached -u "$(id -un)" -s "$PWD/sock" -m 64 -t 4 > server.log 2>&1 &
pid=$!
until [ -S sock ]; do
	kill -0 $pid 2> /dev/null || { cat server.log; exit 1; }
	sleep 0.1
done
python3 - <<'END'
import socket, threading
good = [0] * 8
def work(n):
    s = socket.socket(socket.AF_UNIX); s.connect("sock"); f = s.makefile("rwb")
    for i in range(2000):
        value = (b"%d:" % (i * n)) * (i % 40 + 1)
        f.write(b"set k%d.%d 0 0 %d\r\n%s\r\n" % (n, i, len(value), value)); f.flush()
        assert f.readline() == b"STORED\r\n"
        f.write(b"get k%d.%d\r\n" % (n, i)); f.flush()
        assert f.readline().startswith(b"VALUE ")
        good[n] += f.readline() == value + b"\r\n" and f.readline() == b"END\r\n"
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(good)
END
kill -INT $pid
wait $pid
