# nginx with two workers under wrk: every answer is good, and the contents are those of the files.
port=$((20000 + $$ % 20000))
mkdir -p html logs
seq 20000 > html/large
echo small > html/small
cat > nginx.conf <<END
daemon off; worker_processes 2; error_log $PWD/logs/error.log; pid $PWD/logs/pid; $([ "$(id -u)" = 0 ] && echo 'user root;')
events { worker_connections 256; }
http { access_log off; client_body_temp_path $PWD/logs; proxy_temp_path $PWD/logs; fastcgi_temp_path $PWD/logs;
       uwsgi_temp_path $PWD/logs; scgi_temp_path $PWD/logs; gzip on; gzip_min_length 10; gzip_types *;
       server { listen 127.0.0.1:$port; root $PWD/html; } }
END
$watch nginx -p "$PWD" -c "$PWD/nginx.conf" > server.log 2>&1 &
pid=$!
until curl -s "http://127.0.0.1:$port/small" > small; do
	kill -0 $pid 2> /dev/null || { cat server.log logs/error.log; exit 1; }
	sleep 0.1
done
wrk -t 2 -c 20 -d 3 "http://127.0.0.1:$port/small" > wrk.log 2>&1
wrk -t 2 -c 20 -d 2 -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/large" >> wrk.log 2>&1
grep -E 'Non-2xx|Socket errors' wrk.log
awk '/requests in/ { print ($1 > 100 ? "many requests" : "few requests") }' wrk.log
curl -s "http://127.0.0.1:$port/large" | md5sum
curl -s --compressed "http://127.0.0.1:$port/large" | md5sum
kill -HUP "$(cat logs/pid)"
sleep 0.5
cmp small html/small && curl -s "http://127.0.0.1:$port/small"
kill -QUIT "$(cat logs/pid)"
wait $pid
